//! What is said of a case that did not run to its end?

use super::{
    context::{Context, condition},
    finding::{Finding, FindingKind, FindingPlace, Within},
};
use crate::record::{Breakage, EventKind, HookProblem, ServerError, Shard};

/// The finding of a case that was skipped.
pub(super) fn skipped(context: &Context<'_>, reason: &str) -> Finding {
    let by_hook = context.log.events.iter().find_map(|event| {
        let EventKind::HookEnded {
            problem: HookProblem::Skip { .. },
            path,
            line,
            column,
            ..
        } = &event.kind
        else {
            return None;
        };
        Some(FindingPlace {
            within: Within::Script {
                line: *line,
                column: *column,
            },
            ..context.place(path)
        })
    });
    Finding::new(FindingKind::Skipped, "skipped", reason).at(by_hook)
}

/// The finding of a load of which one part was skipped, and others were not.
pub(super) fn part_skipped(skipped: Finding, part: Shard) -> Finding {
    let primary = format!("part {part} of the load was skipped: {}", skipped.primary);
    Finding {
        place: skipped.place,
        ..Finding::new(FindingKind::Errored, "part-skipped", primary)
    }
    .hint("run all parts again, so that none of them is skipped")
}

/// The finding of a case in which the world broke.
pub(super) fn broke(context: &Context<'_>, breakage: &Breakage) -> Finding {
    let error = breakage.error.as_ref();
    let place = breakage.path.as_ref().map(|path| FindingPlace {
        within: match error.and_then(|error| error.position) {
            Some(position) => Within::Sql { position },
            None => Within::All,
        },
        ..context.place(path)
    });
    let mut finding = Finding::new(
        FindingKind::Errored,
        breakage.code.clone(),
        &breakage.message,
    )
    .at(place)
    .detail(breakage.detail.clone());
    if let Some(error) = error {
        let said = in_words(error);
        let mut detail = Vec::new();
        // A label is shown at its place only.
        match finding.place {
            Some(_) => finding = finding.label(said),
            None => detail.push(said),
        }
        detail.extend(finding.detail.take().or_else(|| error.detail.clone()));
        detail.extend(error.context.clone());
        finding = finding.detail((!detail.is_empty()).then(|| detail.join("\n")));
    }
    let own = breakage.hint.iter();
    let hints = own.chain(error.and_then(|error| error.hint.as_ref()));
    finding.hints.extend(hints.cloned());
    finding.hints.extend(by_the_clock(context));
    finding
}

/// What to do where the server ended a session because its time was over.
fn by_the_clock(context: &Context<'_>) -> Option<String> {
    let replies = context
        .trace
        .messages
        .iter()
        .filter_map(|message| message.answer);
    let mut codes = replies.filter_map(|(_, reply, _)| Some(reply.error.as_ref()?.code.as_str()));
    let setting = codes.find_map(|code| match code {
        "25P03" => Some("idle_in_transaction_session_timeout"),
        "57P05" => Some("idle_session_timeout"),
        "25P04" => Some("transaction_timeout"),
        _ => None,
    })?;
    Some(format!(
        "the server sets {setting}: settings: {{ {setting}: 0 }} lifts it for the sessions of a scenario or of a client"
    ))
}

/// What the server said, after the condition's name where it has one.
fn in_words(error: &ServerError) -> String {
    match error.code.as_str() {
        "" => error.message.clone(),
        code => format!("{}: {}", condition(code), error.message),
    }
}
