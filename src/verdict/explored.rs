//! What does it mean that many orders were tried? What was found, what was not looked at, and whether a green says
//! anything.
//!
//! The findings of the order that is told are judged like those of any case; here they are held against what the
//! exploration was to find. Vacuous if only one order ran, or if in no order two clients got into each other's way.

use super::{
    context::Context,
    finding::{Finding, FindingKind},
};
use crate::{
    record::{ChosenOrders, Exploration, FailedOrder, LaunchedStep, Micros, Others},
    spec::expect::{Expectation, Violation},
    text::{format_duration, plural, thousands},
};
use std::fmt::Write;

/// Makes of the findings about the order that is told those about the exploration.
pub(super) fn judge(context: &Context<'_>, findings: Vec<Finding>) -> Vec<Finding> {
    let Some(explored) = context.log.exploration.as_deref() else {
        return findings;
    };
    if explored.chosen == ChosenOrders::Forced {
        return findings;
    }
    let wanted = wanted(context);
    let mut all: Vec<Finding> = Vec::new();
    let mut found = false;
    for finding in findings {
        let kind = violation(context, &finding);
        match (finding.kind, &explored.failure) {
            (FindingKind::Failed, Some(failed)) => {
                let on_purpose = wanted.iter().any(|(_, wanted)| kind == Some(*wanted));
                found |= on_purpose;
                all.push(told(finding, explored, failed, on_purpose));
            }
            // What one order leaves open another one may have looked at.
            (FindingKind::Vacuous, Some(_)) => {}
            _ => all.push(finding),
        }
    }
    if !found {
        all.extend(
            wanted
                .iter()
                .map(|(pointer, violation)| not_found(context, pointer, *violation, explored)),
        );
    }
    all.extend(vacuous(context, explored));
    all.push(Finding::note("explored", summary(explored)).at(context.place("/explore")));
    all
}

/// What the exploration is to find, each with its JSON pointer.
pub fn wanted(context: &Context<'_>) -> Vec<(String, Violation)> {
    let expect = context.case.expect.iter();
    expect
        .filter_map(|(pointer, expectation)| match expectation {
            Expectation::Explore(explore) => {
                Some((format!("{pointer}/explore/found"), explore.explore.found))
            }
            Expectation::Sql(_)
            | Expectation::Step(_)
            | Expectation::Deadlock(_)
            | Expectation::Latency(_)
            | Expectation::Errors(_)
            | Expectation::NPlusOne(_)
            | Expectation::Statements(_)
            | Expectation::Throughput(_)
            | Expectation::Connections(_)
            | Expectation::Plan(_)
            | Expectation::Schema(_)
            | Expectation::Settings(_)
            | Expectation::Migration(_)
            | Expectation::Compatible(_)
            | Expectation::Improves(_)
            | Expectation::Outcome(_)
            | Expectation::Invariant(_)
            | Expectation::Serializable(_)
            | Expectation::Check(_) => None,
        })
        .collect()
}

/// Which kind of expectation a finding says is broken.
pub fn violation(context: &Context<'_>, finding: &Finding) -> Option<Violation> {
    if finding.kind != FindingKind::Failed {
        return None;
    }
    let pointer = finding.place.as_ref().map(|place| place.pointer.as_str());
    let under = |own: &str| {
        pointer.is_some_and(|pointer| {
            pointer
                .strip_prefix(own)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let expected = context.case.expect.iter().find(|(own, _)| under(own));
    Some(match expected.map(|(_, expectation)| expectation) {
        Some(Expectation::Sql(_) | Expectation::Invariant(_)) => Violation::Invariant,
        Some(Expectation::Serializable(_)) => Violation::Serializable,
        Some(Expectation::Deadlock(_)) => Violation::Deadlock,
        Some(Expectation::Errors(_)) => Violation::Error,
        Some(Expectation::Check(_)) => Violation::Hook,
        Some(
            Expectation::Step(_)
            | Expectation::Latency(_)
            | Expectation::NPlusOne(_)
            | Expectation::Statements(_)
            | Expectation::Throughput(_)
            | Expectation::Connections(_)
            | Expectation::Plan(_)
            | Expectation::Schema(_)
            | Expectation::Settings(_)
            | Expectation::Migration(_)
            | Expectation::Compatible(_)
            | Expectation::Improves(_)
            | Expectation::Explore(_)
            | Expectation::Outcome(_),
        ) => Violation::Step,
        None => match finding.code.as_ref() {
            "unexpected-error" | "gave-up" => Violation::Error,
            "assertion" | "hook-failed" | "hook-broken" => Violation::Hook,
            _ => Violation::Step,
        },
    })
}

/// A failure with the order that does it again.
fn told(
    mut finding: Finding,
    explored: &Exploration,
    failed: &FailedOrder,
    on_purpose: bool,
) -> Finding {
    let mut detail = finding
        .detail
        .take()
        .map_or_else(String::new, |detail| detail + "\n");
    let _ = write!(
        detail,
        "found in order {} of {}, after {}",
        thousands(failed.number),
        how_many(explored),
        format_duration(failed.after.duration()),
    );
    if failed.shortened_in > 0 {
        let left_out = match failed.left_out {
            0 => String::new(),
            steps => format!(", {} fewer", plural(steps, "step")),
        };
        let (before, after) = failed.switches;
        let _ = write!(
            detail,
            "; made shorter in {}: {} instead of {before}{left_out}",
            plural(failed.shortened_in, "run"),
            plural(after, "switch"),
        );
    }
    let _ = write!(detail, "\nto see it again:\n{}", order_block(failed));
    finding = finding.detail(detail.trim_end().to_owned());
    if on_purpose {
        finding.kind = FindingKind::Note;
        finding.primary = format!("found, as expected: {}", finding.primary);
        finding.hints.clear();
    }
    finding
}

/// The launch list as it is pasted into the scenario in place of `explore`.
pub fn order_block(failed: &FailedOrder) -> String {
    let mut block = String::from("order:\n");
    for launch in &failed.launches {
        let _ = writeln!(block, "  - {}", entry(launch));
    }
    if !failed.unused.is_empty() {
        let names: Vec<String> = failed.unused.iter().map(name).collect();
        let _ = writeln!(block, "unused: [{}]", names.join(", "));
    }
    if let Some(victim) = &failed.victim {
        let _ = writeln!(
            block,
            "# settings: {{ deadlock_timeout: 100ms }} for {victim}, 10s for the others"
        );
    }
    block
}

fn name(launch: &LaunchedStep) -> String {
    let name = format!("{}.{}", launch.client, launch.step);
    // A bracket begins a list in YAML.
    match name.contains('[') {
        true => format!("\"{name}\""),
        false => name,
    }
}

fn entry(launch: &LaunchedStep) -> String {
    let mut options = Vec::new();
    let quoted = |client: &crate::record::ClientId| match client.number {
        Some(_) => format!("\"{client}\""),
        None => client.to_string(),
    };
    match launch.waits_for.as_slice() {
        [] => {}
        [one] => options.push(format!("waits_for: {}", quoted(one))),
        several => {
            let names: Vec<String> = several.iter().map(quoted).collect();
            options.push(format!("waits_for: [{}]", names.join(", ")));
        }
    }
    match options.is_empty() {
        true => name(launch),
        false => format!("{}: {{ {} }}", name(launch), options.join(", ")),
    }
}

fn not_found(
    context: &Context<'_>,
    pointer: &str,
    violation: Violation,
    explored: &Exploration,
) -> Finding {
    let primary = format!(
        "no order broke {}, and one was expected to",
        match violation {
            Violation::Invariant => "an invariant",
            Violation::Serializable => "serializability",
            Violation::Deadlock => "the expectation on deadlocks",
            Violation::Error => "down with an error that nobody expects",
            Violation::Step => "what a step is to return",
            Violation::Hook => "a hook's assertion",
        }
    );
    Finding::failed("not-found", primary)
        .at(context.place(pointer))
        .detail(summary(explored))
}

fn vacuous(context: &Context<'_>, explored: &Exploration) -> Option<Finding> {
    if explored.failure.is_some() {
        return None;
    }
    let primary = if explored.ran <= 1 {
        match explored.orders {
            Some(more) if more > 1 => format!(
                "one order ran, and the other {} were proven equal to it: nothing in them can meet",
                thousands(more - 1)
            ),
            _ => "only one order was tried, so that nothing could meet".to_owned(),
        }
    } else if explored.in_conflict == 0 {
        format!(
            "in none of {} orders two clients got into each other's way",
            thousands(explored.ran)
        )
    } else {
        return None;
    };
    Some(
        Finding::vacuous("no-conflict", primary)
            .at(context.place("/explore"))
            .hint("let two clients use the same rows, one of them writing"),
    )
}

/// `12 of 70 orders ran in 0.3 s (40 orders/s) …`: which orders were tried, and what that says.
pub fn summary(explored: &Exploration) -> String {
    let ran = plural(explored.ran, "order");
    let mut text = match explored.chosen {
        ChosenOrders::All | ChosenOrders::UpToLimit | ChosenOrders::Forced => {
            match explored
                .orders
                .map(|all| (all, all.saturating_sub(explored.ran)))
            {
                Some((all, 0)) => format!("all {} ran", plural(all, "order")),
                Some((all, equal)) => format!(
                    "{} ran for {}: {} cannot differ from one that ran",
                    ran,
                    plural(all, "order"),
                    thousands(equal)
                ),
                None => format!("{ran} ran"),
            }
        }
        ChosenOrders::Preemptions { most } | ChosenOrders::PreemptionsUpToLimit { most } => {
            format!(
                "{ran} with at most {} ran{}",
                plural(u64::from(most), "interruption"),
                match explored.others {
                    Others::AreEqual => "; the others with so few cannot differ from one of them",
                    Others::Unknown => "",
                }
            )
        }
        ChosenOrders::Sample => format!("{ran} ran, drawn by seed {}", explored.random_seed),
    };
    match explored.chosen {
        ChosenOrders::UpToLimit | ChosenOrders::PreemptionsUpToLimit { .. } => {
            text.push_str(", and there are more (the limit was reached)");
        }
        ChosenOrders::All
        | ChosenOrders::Preemptions { .. }
        | ChosenOrders::Sample
        | ChosenOrders::Forced => {}
    }
    if explored.left_early > 0 {
        let _ = write!(
            text,
            "; {} left half-way for the same reason",
            plural(explored.left_early, "run")
        );
    }
    let _ = write!(
        text,
        "; {} in {}, {} orders/s, {} at once",
        match explored.failure {
            Some(_) => "one of them broke what is expected",
            None => "no violation was seen in them",
        },
        format_duration(explored.duration.duration()),
        per_second(explored.ran + explored.left_early, explored.duration),
        plural(u64::from(explored.databases), "database"),
    );
    if explored.serial > 0 {
        let _ = write!(
            text,
            "; {} to compare with",
            plural(explored.serial, "serial order")
        );
    }
    text
}

/// `no violation seen in 20 of 70 orders, 36 orders/s`
pub fn in_brief(explored: &Exploration) -> String {
    let speed = per_second(explored.ran + explored.left_early, explored.duration);
    let seen = match &explored.failure {
        Some(failure) => format!("seen in order {}", thousands(failure.number)),
        None => {
            let tried = match explored.orders {
                Some(all) if all > explored.ran => {
                    format!("{} of {}", thousands(explored.ran), plural(all, "order"))
                }
                _ => plural(explored.ran, "order"),
            };
            format!("no violation seen in {tried}")
        }
    };
    format!("{seen}, {} orders/s", thousands(speed))
}

fn per_second(count: u64, span: Micros) -> u64 {
    match span.0 {
        0 => count,
        micros => count.saturating_mul(1_000_000) / micros,
    }
}

fn how_many(explored: &Exploration) -> String {
    match (explored.chosen, explored.orders) {
        (ChosenOrders::All, Some(all)) => thousands(all),
        _ => "those that were tried".to_owned(),
    }
}
