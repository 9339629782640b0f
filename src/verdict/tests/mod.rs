//! Verdicts on cases whose logs are made by hand.

mod baseline;
mod ends;
mod expectations;
mod load;
mod order;
mod plans;
mod steps;

use super::*;
use crate::{
    measure::testing::*,
    record::{
        Breakage, ClientEnd, EventKind, HookProblem, Reply, RunFacts, SentBy, SerialCheck,
        SerialDifference, SkipCause, StepEnd, Value,
    },
};

/// What is said of a case, with pointers where places would be.
fn told(verdict: &CaseVerdict) -> String {
    let mut out = format!("{}\n", verdict.outcome.word());
    for finding in &verdict.findings {
        let severity = finding.kind.severity();
        out.push_str(&format!(
            "{severity}[{}]: {}\n",
            finding.code, finding.primary
        ));
        let place = finding.place.as_ref().map(|place| match place.within {
            Within::All => place.pointer.clone(),
            Within::Script { line, column } => format!("{}:{line}:{column}", place.pointer),
            Within::Sql { position } => format!("{}@{position}", place.pointer),
            Within::Outcome { start, .. } => format!("{} at byte {start}", place.pointer),
        });
        out.push_str(&format!("  --> {}", place.unwrap_or_default()));
        out.push_str(
            &finding
                .label
                .as_ref()
                .map_or(String::new(), |l| format!("  ^ {l}")),
        );
        out.push('\n');
        for (place, label) in &finding.related {
            out.push_str(&format!("  ::: {}  - {label}\n", place.pointer));
        }
        let detail = finding
            .detail
            .iter()
            .map(|detail| format!("detail: {detail}\n"));
        let hints = finding.hints.iter().map(|hint| format!("hint: {hint}\n"));
        let diff = finding.diff.iter().map(|diff| format!("{diff}\n"));
        out.extend(detail.chain(hints).chain(diff));
    }
    out
}

fn judged(yaml: &str, act: impl Fn(&mut LogBuilder)) -> CaseVerdict {
    let case = case(yaml);
    let mut log = LogBuilder::of(&case);
    act(&mut log);
    judge_case(&case, &log.log, &Terms::default())
}

fn passed(yaml: &str, act: impl Fn(&mut LogBuilder)) {
    let verdict = judged(yaml, act);
    assert_eq!(told(&verdict), "passed\n");
}

const LOST_UPDATE: &str = "
name: Lost update
clients:
  alice: { steps: [begin, { step: update, sql: UPDATE a }, commit] }
  bob: { steps: [begin, { step: update, sql: UPDATE a }, commit] }
order:
  - alice.begin
  - alice.update
  - alice.commit
  - bob.update: { waits_for: alice }
";

/// Bob's update waits for somebody, then goes through.
fn bob_waits(log: &mut LogBuilder, launch: usize, whom: &str) {
    let mut bob = log.launch("bob.update", Some(launch));
    log.send("bob", &mut bob, "UPDATE a", &[], SentBy::Step);
    log.waiting("bob", &bob, &[(whom, 1)]);
    log.goes_on("bob", &bob, 12_000);
    log.reply("bob", &bob, tag("UPDATE", 1));
    log.complete("bob.update", &bob, StepEnd::Done);
}

fn with_steps(steps: &str, expect: &str) -> String {
    format!("name: Case\nclients: {{ alice: {{ steps: {steps} }} }}\nexpect: {expect}\n")
}

fn named(rows_: &[(i64, &str)]) -> Reply {
    let all: Vec<Vec<Value>> = rows_
        .iter()
        .map(|(id, name)| vec![Value::Int(*id), Value::Text((*name).to_owned())])
        .collect();
    rows(&["id", "name"], &all)
}
