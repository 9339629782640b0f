//! `n_plus_one`: one statement for each row of an earlier one.
//!
//! `none` means none in any client; `allow` as many as it says at most, none without it; `found` exactly so many, and
//! `multiplier` a bound on the statements beyond their parents in all of them together, exact unless written out: for
//! a scenario that shows the failure. Vacuous if the client sent no reads that could have been repeated.

use crate::{
    measure::{NPlusOne, Repeated},
    record::ClientId,
    schedule::ClientPlan,
    spec::expect::{Expectation, NPlusOneExpectation, NPlusOneFacts, NoneOr},
    text::{plural, thousands},
    verdict::{
        bound::{Limit, Natural},
        context::Context,
        finding::{Finding, FindingKind},
    },
};

/// The findings of this expectation.
pub fn judge(
    pointer: &str,
    expectation: &NPlusOneExpectation,
    context: &Context<'_>,
) -> Vec<Finding> {
    let pointer = format!("{pointer}/n_plus_one");
    let none = NPlusOneFacts::default();
    let facts = match &expectation.n_plus_one {
        NoneOr::None(_) => &none,
        NoneOr::Some(facts) => facts,
    };
    let of = facts.of.as_deref();
    let repetitions = &context.measurements.repetitions;
    let in_scope = |client: &ClientId| of.is_none_or(|of| context.sessions(of).contains(&client));
    let reads: u64 = repetitions
        .reads
        .iter()
        .filter(|(client, _)| in_scope(client))
        .map(|(_, reads)| reads)
        .sum();
    if reads == 0 {
        let who = match of {
            Some(of) => format!("client \"{of}\" never"),
            None => "no client".to_owned(),
        };
        let primary = format!("{who} sent a read, so that none could be repeated");
        return vec![Finding::vacuous("no-reads", primary).at(context.place(&pointer))];
    }
    let found: Vec<&NPlusOne> = repetitions
        .n_plus_one
        .iter()
        .filter(|found| in_scope(&found.client))
        .collect();
    let findings = [
        number(&pointer, facts, &found, context),
        multiplier(&pointer, facts, &found, context),
    ];
    let mut findings: Vec<Finding> = findings.into_iter().flatten().collect();
    findings.extend(too_many(&pointer, facts, &found, context));
    findings
}

fn number(
    pointer: &str,
    facts: &NPlusOneFacts,
    found: &[&NPlusOne],
    context: &Context<'_>,
) -> Option<Finding> {
    let expected = facts.found?;
    let count = found.len() as u64;
    if count == expected {
        return None;
    }
    let primary = format!(
        "{} found, expected exactly {expected}",
        plural(count, "N+1 repetition")
    );
    Some(
        told(Finding::failed("n-plus-one", primary), found)
            .at(context.place(format!("{pointer}/found"))),
    )
}

fn multiplier(
    pointer: &str,
    facts: &NPlusOneFacts,
    found: &[&NPlusOne],
    context: &Context<'_>,
) -> Option<Finding> {
    let limit = Limit::of(facts.multiplier.as_ref()?, Natural::Exactly);
    let sum: u64 = found.iter().map(|found| found.multiplier).sum();
    if limit.holds(sum) {
        return None;
    }
    let primary = format!(
        "{} beyond their parents, expected {}",
        plural(sum, "statement"),
        limit.words()
    );
    let finding = told(Finding::failed("n-plus-one", primary), found);
    Some(finding.at(context.place(format!("{pointer}/multiplier"))))
}

/// The findings for repetitions beyond what is allowed, each at the step that repeats.
fn too_many(
    pointer: &str,
    facts: &NPlusOneFacts,
    found: &[&NPlusOne],
    context: &Context<'_>,
) -> Vec<Finding> {
    let shown_on_purpose = facts.found.is_some() || facts.multiplier.is_some();
    let allowed = match facts.allow {
        Some(allowed) => allowed,
        None if shown_on_purpose => return Vec::new(),
        None => 0,
    };
    if found.len() as u64 <= allowed {
        return Vec::new();
    }
    let label = match allowed {
        0 => "none is allowed here".to_owned(),
        some => format!("{some} allowed here, {} found", found.len()),
    };
    found
        .iter()
        .map(|found| {
            let finding = describe(context, found, FindingKind::Failed);
            match finding.place {
                Some(_) => finding.related(context.place(pointer), label.clone()),
                None => finding.at(context.place(pointer)),
            }
        })
        .collect()
}

/// Adds one line for each repetition.
fn told(finding: Finding, found: &[&NPlusOne]) -> Finding {
    let lines: Vec<String> = found
        .iter()
        .map(|found| {
            format!(
                "{}: {} statements",
                name(&found.client, &found.repeated),
                found.multiplier
            )
        })
        .collect();
    let detail = (!lines.is_empty()).then(|| lines.join("\n"));
    finding
        .detail(detail)
        .events(found.iter().map(|found| found.repeated.event))
}

/// Whether an expectation judges the repetitions of a client.
pub(in crate::verdict) fn covered(context: &Context<'_>, client: &ClientId) -> bool {
    context
        .case
        .expect
        .iter()
        .any(|(_, expectation)| match expectation {
            Expectation::NPlusOne(expectation) => match &expectation.n_plus_one {
                NoneOr::None(_) => true,
                NoneOr::Some(facts) => {
                    let of = facts.of.as_deref();
                    of.is_none_or(|of| context.sessions(of).contains(&client))
                }
            },
            Expectation::Sql(_)
            | Expectation::Step(_)
            | Expectation::Deadlock(_)
            | Expectation::Latency(_)
            | Expectation::Throughput(_)
            | Expectation::Connections(_)
            | Expectation::Errors(_)
            | Expectation::Statements(_)
            | Expectation::Plan(_)
            | Expectation::Migration(_)
            | Expectation::Compatible(_)
            | Expectation::Improves(_)
            | Expectation::Schema(_)
            | Expectation::Settings(_)
            | Expectation::Invariant(_)
            | Expectation::Serializable(_)
            | Expectation::Explore(_)
            | Expectation::Check(_)
            | Expectation::Outcome(_) => false,
        })
}

/// One repetition as a finding: multiplier, parent, repeated statement, advice.
pub(in crate::verdict) fn describe(
    context: &Context<'_>,
    found: &NPlusOne,
    kind: FindingKind,
) -> Finding {
    let repeated = name(&found.client, &found.repeated);
    let parent = name(&found.client, &found.parent);
    let count = thousands(found.multiplier);
    let primary = format!(
        "{repeated} sent {count} statements for the {} of {parent}",
        plural(found.parent_rows, "row")
    );
    let mut detail = format!(
        "repeated: {}\nparent: {}",
        found.repeated.fingerprint, found.parent.fingerprint
    );
    if found.distinct < found.multiplier {
        detail.push_str(&format!(
            "\nwith {} different values only",
            thousands(found.distinct)
        ));
    }
    if found.passes > 1 {
        detail.push_str(&format!("\nin each of {}", plural(found.passes, "pass")));
    }
    let step = found.repeated.step.as_deref();
    let plan = step.and_then(|step| context.step(&found.client, step));
    let mut finding = Finding::new(kind, "n-plus-one", primary)
        .at(plan.map(|plan| context.place(&plan.path)))
        .label(format!("{count} statements, one would do"))
        .detail(detail)
        .events([found.parent.event, found.repeated.event]);
    finding.hints = advice(found);
    finding
}

fn advice(found: &NPlusOne) -> Vec<String> {
    let advice = &found.advice;
    let array = match &advice.statement {
        Some(statement) => format!(
            "ask once for all {} values: {statement}",
            thousands(found.distinct)
        ),
        None => "ask once for all values, with = ANY($1) instead of = $1".to_owned(),
    };
    let join = match (&advice.table, &advice.parent_table) {
        (Some(table), Some(parent)) if table != parent => {
            format!("or join \"{table}\" to \"{parent}\" in the first statement")
        }
        _ => "or join it to the first statement".to_owned(),
    };
    vec![array, join]
}

pub(in crate::verdict) fn name(client: &ClientId, repeated: &Repeated) -> String {
    match &repeated.step {
        Some(step) if repeated.by_hook => format!("the hook of step \"{client}.{step}\""),
        step => sender(client, step.as_deref()),
    }
}

/// Who sent a statement: a step, or the hook of a client or of the scenario.
pub(in crate::verdict) fn sender(client: &ClientId, step: Option<&str>) -> String {
    match step {
        Some(step) => format!("step \"{client}.{step}\""),
        None if *client == ClientPlan::own_session().id => "a hook of the scenario".to_owned(),
        None => format!("a hook of client \"{client}\""),
    }
}
