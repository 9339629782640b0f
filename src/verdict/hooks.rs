//! Did the author's hooks find something wrong, or were they wrong themselves?

use super::{
    context::Context,
    finding::{Finding, FindingPlace, Within},
};
use crate::record::{CaseEnd, ClientId, EventKind, HookProblem};

/// The findings of hooks that did not come to a good end; one for each place and message.
pub(super) fn judge(context: &Context<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for event in &context.log.events {
        let EventKind::HookEnded {
            client,
            step,
            problem,
            path,
            line,
            column,
        } = &event.kind
        else {
            continue;
        };
        let whose = match step {
            Some(step) => format!("step \"{client}.{step}\""),
            None if client.script == "pgauge" => "the scenario".to_owned(),
            None => format!("client \"{client}\""),
        };
        let finding = match problem {
            HookProblem::Assertion { message } | HookProblem::Failure { message }
                if message.trim().is_empty() && !was_cancelled(context, client) =>
            {
                Finding::failed(
                    "hook-failed",
                    format!("a hook of {whose} failed without a message"),
                )
                .hint("say what is wrong: fail(\"order 7 is missing\")")
            }
            HookProblem::Assertion { message } => {
                Finding::failed("assertion", message).detail(format!("asserted by {whose}"))
            }
            // What a hook was asking for when the case was given up was cancelled with it.
            HookProblem::Failure { .. } if was_cancelled(context, client) => continue,
            HookProblem::Failure { message } => {
                Finding::failed("hook-failed", message).detail(format!("said by {whose}"))
            }
            // When the case is given up its hooks are cancelled: that is no fault of theirs.
            HookProblem::Broken { .. } if matches!(context.log.end, CaseEnd::Broke(_)) => continue,
            // No hook stands there: it is a parameter or a column to save.
            HookProblem::Broken { message } if *line == 0 => {
                Finding::failed("no-value", format!("{whose}: {message}"))
            }
            HookProblem::Broken { message } => {
                Finding::failed("hook-broken", format!("a hook of {whose} broke: {message}"))
            }
            // The case is skipped, and says so itself.
            HookProblem::Skip { .. } => continue,
        };
        let within = match (*line, *column) {
            (0, _) => Within::All,
            (line, column) => Within::Script { line, column },
        };
        let finding = finding.at(FindingPlace {
            within,
            ..context.place(path)
        });
        let known = findings
            .iter_mut()
            .find(|known| known.place == finding.place && known.primary == finding.primary);
        match known {
            Some(known) => known.events.push(event.seq),
            None => findings.push(finding.events([event.seq])),
        }
    }
    findings
}

/// Whether what a client was asking the server was cancelled because the case had to end.
fn was_cancelled(context: &Context<'_>, client: &ClientId) -> bool {
    context.log.events.iter().any(|event| {
        matches!(&event.kind, EventKind::Cancelled { client: whose, .. } if whose == client)
    })
}
