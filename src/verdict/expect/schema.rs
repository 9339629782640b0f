//! `schema`: is the schema sound, as it is after the clients ended?
//!
//! Vacuous if there is nothing to look at: no table at all, no statement for a rule about statements, no client for one about
//! the use of indexes; and if something is ignored that is not there.

use crate::{
    lint::{
        FilteredScan, Found, Needs, Schema, filtered_scan, filtered_scans, lint_schema, needs, rule,
    },
    measure::plans::snapshot,
    record::{Catalog, PlanPoint, SentPlan},
    spec::expect::{NoneOr, SchemaExpectation, SchemaRules},
    text::plural,
    verdict::{
        bound::{Limit, Natural},
        context::Context,
        finding::Finding,
        sender::{name, place},
    },
};

/// The findings of this expectation.
pub fn judge(
    pointer: &str,
    expectation: &SchemaExpectation,
    context: &Context<'_>,
) -> Vec<Finding> {
    let rules = &expectation.schema;
    let pointer = format!("{pointer}/schema");
    let Some(facts) = context.log.schema.as_ref() else {
        let primary = "the schema was not looked at";
        return vec![Finding::vacuous("no-schema", primary).at(context.place(pointer))];
    };
    if facts.catalog.tables.is_empty() {
        let primary = "there is no table to look at";
        return vec![Finding::vacuous("no-schema", primary).at(context.place(pointer))];
    }
    // The tables are those that a migration leaves, and so are the queries.
    let point = match context.case.migration {
        Some(_) => PlanPoint::After,
        None => PlanPoint::Before,
    };
    let mut scans = snapshot(context.log, point).map_or_else(Vec::new, filtered_scans);
    scans.extend(scans_of_sent(&facts.catalog, context));
    let schema = Schema {
        catalog: Some(&facts.catalog),
        dependencies: &facts.dependencies,
        copies: &facts.copies,
        scans,
        under_load: !context.case.clients.is_empty(),
    };
    let found = lint_schema(&schema);
    let mut findings = unused_ignores(&pointer, rules, &found, context);
    for (key, code, bound) in rules.asked() {
        if let Some(nothing) = nothing_to_look_at(code, context) {
            let place = context.place(format!("{pointer}/{key}"));
            findings.push(Finding::vacuous("no-schema", nothing).at(place));
            continue;
        }
        let own = found
            .iter()
            .filter(|(rule, found)| rule.code == code && !rules.ignores(code, &found.of));
        let own: Vec<&Found> = own.map(|(_, found)| found).collect();
        let limit = match bound {
            NoneOr::None(_) => Limit::Exactly(0),
            NoneOr::Some(bound) => Limit::of(bound, Natural::Exactly),
        };
        if !limit.holds(own.len() as u64) {
            findings.push(broken(
                &format!("{pointer}/{key}"),
                code,
                &own,
                &limit,
                context,
            ));
        }
    }
    findings
}

impl SchemaRules {
    fn ignores(&self, code: &str, of: &str) -> bool {
        let mut ignored = self.ignore.iter();
        ignored.any(|ignored| ignored.rule == code && ignored.of == of)
    }
}

fn nothing_to_look_at(code: &str, context: &Context<'_>) -> Option<&'static str> {
    match needs(code) {
        Needs::Statements if is_nothing_run(context) => {
            Some("there is no statement whose filters could lack an index")
        }
        Needs::Clients if context.case.clients.is_empty() => {
            Some("there is no client that could use an index")
        }
        Needs::Statements | Needs::Clients | Needs::Tables => None,
    }
}

/// The scans of what clients and hooks sent.
fn scans_of_sent(catalog: &Catalog, context: &Context<'_>) -> Vec<FilteredScan> {
    let plans = context.log.sent.iter().flat_map(|sent| &sent.plans);
    let scans = plans.flat_map(|plan| {
        let who = name(&plan.sender);
        let nodes = plan.explained.root.nodes();
        let scans: Vec<FilteredScan> = nodes
            .filter_map(|node| filtered_scan(&who, node, catalog))
            .map(|scan| FilteredScan {
                sent: Some(sending(plan, context)),
                ..scan
            })
            .collect();
        scans
    });
    scans.collect()
}

/// How often a statement was sent, and where it stands; that of a hook as it was sent, since the place does not tell it.
fn sending(plan: &SentPlan, context: &Context<'_>) -> String {
    let sender = &plan.sender;
    let mut words = format!("sent {}", plural(sender.times, "time"));
    if let Some(place) = place(sender, context) {
        let place = place.locate(&context.case.file);
        words = format!("{words} from {place}");
    }
    match sender.by_hook {
        true => format!("{words}: {}", plan.sql.trim()),
        false => words,
    }
}

/// Whether there is no query, and nothing that was sent could be looked at.
fn is_nothing_run(context: &Context<'_>) -> bool {
    let sent = context.log.sent.as_ref();
    context.case.queries.is_empty() && sent.is_none_or(|sent| sent.looked_at == 0)
}

fn broken(
    pointer: &str,
    code: &str,
    found: &[&Found],
    limit: &Limit<u64>,
    context: &Context<'_>,
) -> Finding {
    let place = context.place(pointer);
    let title = rule(code).map_or("", |rule| rule.title);
    let primary = match found {
        [] => format!("rule {code} was broken nowhere, expected {}", limit.words()),
        [only] if *limit == Limit::Exactly(0) => only.says.clone(),
        several => format!(
            "rule {code} is broken {}, expected {}",
            plural(several.len() as u64, "time"),
            limit.words()
        ),
    };
    let lines = found.iter().map(|found| match &found.detail {
        Some(detail) => format!("{}\n  {detail}", found.says),
        None => found.says.clone(),
    });
    let lines: Vec<String> = match found {
        // The primary sentence has said the rest.
        [only] if *limit == Limit::Exactly(0) => only.detail.iter().cloned().collect(),
        _ => lines.collect(),
    };
    let mut finding = Finding::failed("schema", primary).at(place);
    finding.label = Some(match found.len() {
        0 => "not broken".to_owned(),
        count => plural(count as u64, "finding"),
    });
    if !lines.is_empty() {
        finding.detail = Some(lines.join("\n"));
    }
    let cures: Vec<&str> = found
        .iter()
        .filter_map(|found| found.cure.as_deref())
        .collect();
    if !cures.is_empty() {
        finding = finding.hint(cures.join("\n"));
    }
    match title {
        "" => finding,
        title => finding.hint(format!("{title}: see docs/rules/{code}.md")),
    }
}

/// What is ignored must be there, or the reason is one of yesterday.
fn unused_ignores(
    pointer: &str,
    rules: &SchemaRules,
    found: &[(&crate::lint::Rule, Found)],
    context: &Context<'_>,
) -> Vec<Finding> {
    let ignored = rules.ignore.iter().enumerate();
    let unused = ignored.filter(|(_, ignored)| {
        let mut found = found.iter();
        !found.any(|(rule, found)| rule.code == ignored.rule && found.of == ignored.of)
    });
    unused
        .map(|(index, ignored)| {
            let primary = format!(
                "\"{}\" is ignored for {}, and is not broken there",
                ignored.rule, ignored.of
            );
            Finding::vacuous("unused-ignore", primary)
                .at(context.place(format!("{pointer}/ignore/{index}")))
                .hint("take it out")
        })
        .collect()
}
