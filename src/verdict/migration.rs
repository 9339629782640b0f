//! What is judged of every migration, whatever is expected: that it goes through, that the watched queries return what
//! they returned, that what undoes it brings everything back. What else it changed is worth knowing.

mod claims;
mod queries;

use super::{
    context::{Context, code_of, condition},
    expect::{
        migration::{brief, failed_statements, said},
        never_migrated,
    },
    finding::{Finding, FindingPlace, Within},
};
use crate::{
    measure::migration::{grown, losses},
    record::{
        Micros, MigrationLog, RelationName, ResultComparison, ServerError, StatementTrace, Undone,
    },
    spec::{
        expect::{Expectation, NoneOr},
        migration::ResultRule,
    },
    stats::Ratio,
    text::{format_duration, plural, thousands},
};
use std::collections::BTreeMap;

/// The most objects or settings that are listed.
const MOST_LISTED: usize = 20;

/// The findings of a case with a migration.
pub(super) fn judge(context: &Context<'_>) -> Vec<Finding> {
    if context.case.migration.is_none() {
        return Vec::new();
    }
    let Some(log) = context.log.migration.as_deref() else {
        return vec![never_migrated(context, "/migrate")];
    };
    let mut findings = Vec::new();
    findings.extend(failed(context, log));
    findings.extend(failed_beside(context, log));
    for comparison in &log.results {
        findings.extend(result(context, comparison));
    }
    match &log.undone {
        Some(undone) => findings.extend(rollback(context, log, undone)),
        None => findings.extend(rollback_not_run(context, log)),
    }
    findings.extend(changes(context, log));
    findings.extend(claims::judge(context, log));
    findings.extend(felt(context));
    findings
}

/// Whether an error is one that somebody said would come.
fn is_expected(context: &Context<'_>, code: &str) -> bool {
    let mut expected = context.case.expect.iter();
    expected.any(|(_, expectation)| match expectation {
        Expectation::Migration(migration) => {
            let state = migration.migration.error.as_ref();
            state.is_some_and(|state| code_of(state) == code)
        }
        _ => false,
    })
}

fn failed(context: &Context<'_>, log: &MigrationLog) -> Option<Finding> {
    if let Some(failure) = &log.failure {
        let primary = format!("the program that migrates failed: {}", failure.end);
        let said = Some(failure.output.clone()).filter(|output| !output.is_empty());
        let finding = Finding::failed("migration-failed", primary).detail(said);
        return Some(finding.at(context.place(&failure.path)));
    }
    let trace = log.failed()?;
    let error = trace.error.as_ref()?;
    (!is_expected(context, &error.code))
        .then(|| statement_failed(context, "the migration", trace, error))
}

fn statement_failed(
    context: &Context<'_>,
    what: &str,
    trace: &StatementTrace,
    error: &ServerError,
) -> Finding {
    let primary = format!("{what} failed with {}", condition(&error.code));
    let place = FindingPlace {
        within: match (trace.position, error.position) {
            (0, _) => Within::All,
            (start, Some(position)) => Within::Sql {
                position: start + position - 1,
            },
            (start, None) => Within::Sql { position: start },
        },
        ..context.place(&trace.path)
    };
    let mut finding = Finding::failed("migration-failed", primary)
        .at(place)
        .label(error.message.clone())
        .detail(error.detail.clone());
    finding.hints.extend(error.hint.clone());
    finding
}

/// It went through by itself, and not beside the clients.
fn failed_beside(context: &Context<'_>, log: &MigrationLog) -> Option<Finding> {
    let traffic = context.measurements.traffic.as_ref()?;
    let (code, message, event) = traffic.error.as_ref()?;
    if !log.succeeded() || is_expected(context, code) {
        return None;
    }
    let primary = match code.is_empty() {
        true => "the migration failed beside the clients".to_owned(),
        false => format!(
            "the migration failed beside the clients with {}",
            condition(code)
        ),
    };
    let finding = Finding::failed("migration-failed", primary)
        .at(context.place("/migrate"))
        .detail(Some(message.clone()))
        .hint("by itself it went through: try it again after a while, as deployments should")
        .events([*event]);
    Some(finding)
}

fn result(context: &Context<'_>, comparison: &ResultComparison) -> Option<Finding> {
    let query = context
        .case
        .queries
        .iter()
        .find(|query| query.name == comparison.query)?;
    let name = &query.name;
    let place = context.place(&query.path);
    if !comparison.steady {
        let primary = format!(
            "query \"{name}\" returns other rows each time, so that they cannot be compared"
        );
        let finding = Finding::vacuous("not-steady", primary)
            .at(place)
            .hint("give it an ORDER BY that leaves nothing open, or say result: any");
        return Some(finding);
    }
    match (query.result, comparison.is_same()) {
        (ResultRule::Any, _) | (ResultRule::Same, true) | (ResultRule::Changes, false) => None,
        (ResultRule::Changes, true) => {
            let primary =
                format!("query \"{name}\" returns the same before and after the migration");
            let finding = Finding::failed("result-same", primary)
                .at(context.place(format!("{}/result", query.path)));
            Some(finding)
        }
        (ResultRule::Same, false) => Some(
            differs(name, "after the migration", comparison)
                .at(place)
                .hint("if that is meant, say result: changes"),
        ),
    }
}

fn differs(name: &str, when: &str, comparison: &ResultComparison) -> Finding {
    let errors = [
        (&comparison.before, "before the migration"),
        (&comparison.after, when),
    ];
    let mut errors = errors
        .iter()
        .filter_map(|(side, when)| Some((side.error.as_ref()?, when)));
    if let Some((error, when)) = errors.next() {
        let primary = format!(
            "query \"{name}\" fails {when} with {}",
            condition(&error.code)
        );
        return Finding::failed("result-changed", primary).label(error.message.clone());
    }
    let primary = format!("query \"{name}\" returns something else {when}");
    let rows = |rows| plural(rows, "row");
    let names = |side: &crate::record::ResultSummary| -> String {
        let columns = side.columns.iter().map(|column| column.name.as_str());
        columns.collect::<Vec<_>>().join(", ")
    };
    let (old, new) = (names(&comparison.before), names(&comparison.after));
    let detail = match old == new {
        true => format!(
            "{} before, {} after",
            rows(comparison.before.rows),
            rows(comparison.after.rows)
        ),
        false => format!("the columns were {old}, and are {new}"),
    };
    let mut finding = Finding::failed("result-changed", primary).detail(Some(detail));
    finding.diff.clone_from(&comparison.difference);
    finding
}

fn rollback(context: &Context<'_>, log: &MigrationLog, undone: &Undone) -> Vec<Finding> {
    let mut findings = Vec::new();
    let place = || context.place("/rollback");
    if let Some(failure) = &undone.failure {
        let primary = format!(
            "the program that undoes the migration failed: {}",
            failure.end
        );
        let said = Some(failure.output.clone()).filter(|output| !output.is_empty());
        findings.push(
            Finding::failed("rollback-failed", primary)
                .detail(said)
                .at(place()),
        );
        return findings;
    }
    let failed = undone.statements.iter().find(|trace| trace.error.is_some());
    if let Some((trace, error)) = failed.and_then(|trace| Some((trace, trace.error.as_ref()?))) {
        let mut finding = statement_failed(context, "what undoes the migration", trace, error);
        finding.code = "rollback-failed".into();
        return vec![finding];
    }
    let mut schema = differences(&log.before.schema, &undone.state.schema);
    schema.retain(|line| !is_of_a_ledger(line));
    if !schema.is_empty() {
        let count = plural(schema.len() as u64, "object");
        let primary = format!("the schema is not as it was when the migration is undone: {count}");
        findings.push(
            Finding::failed("rollback-schema", primary)
                .detail(Some(listed(&schema)))
                .at(place()),
        );
    }
    for loss in losses(&log.before, &undone.state) {
        let primary = format!("when the migration is undone, {}", said(&loss));
        findings.push(Finding::failed("rollback-data", primary).at(place()));
    }
    for (table, before, after) in grown(&log.before, &undone.state) {
        if is_ledger(table) || may_change(context, table) {
            continue;
        }
        let primary = format!(
            "when the migration is undone, table \"{table}\" has {} rows, and had {}",
            thousands(after),
            thousands(before)
        );
        let finding = Finding::failed("rollback-data", primary).at(place());
        findings.push(finding.hint(format!(
            "undo that too; what may stay, such as the rows of a trigger, is said with migration: {{ data_loss: [{table}] }}"
        )));
    }
    for comparison in undone
        .results
        .iter()
        .filter(|result| result.steady && !result.is_same())
    {
        let finding = differs(
            &comparison.query,
            "when the migration is undone",
            comparison,
        );
        findings.push(
            Finding {
                code: "rollback-result".into(),
                ..finding
            }
            .at(place()),
        );
    }
    findings
}

/// There is nothing to undo of what failed, also where that was expected. What went wrong otherwise is told as that.
fn rollback_not_run(context: &Context<'_>, log: &MigrationLog) -> Option<Finding> {
    let plan = context.case.migration.as_ref()?;
    let error = log.failed()?.error.as_ref()?;
    if plan.down.is_empty() || !is_expected(context, &error.code) {
        return None;
    }
    let primary = "the migration failed, as expected, so that what undoes it was never run";
    let finding = Finding::vacuous("rollback-not-run", primary)
        .at(context.place("/rollback"))
        .hint("undo it in a scenario where the migration goes through");
    Some(finding)
}

/// Tables in which tools for migrations note what they have done; undoing a migration does not take them away.
const LEDGERS: [&str; 12] = [
    "alembic_version",
    "flyway_schema_history",
    "_sqlx_migrations",
    "django_migrations",
    "schema_migrations",
    "ar_internal_metadata",
    "databasechangelog",
    "knex_migrations",
    "_prisma_migrations",
    "goose_db_version",
    "__diesel_schema_migrations",
    "pgmigrations",
];

/// Whether a tool keeps its notes in a table.
pub(super) fn is_ledger(table: &RelationName) -> bool {
    LEDGERS.contains(&table.name.as_str())
}

/// Whether the scenario names a table, such as one that is written by a trigger, among the data that a migration changes.
fn may_change(context: &Context<'_>, table: &RelationName) -> bool {
    let mut expected = context.case.expect.iter();
    expected.any(|(_, expectation)| {
        let Expectation::Migration(expected) = expectation else {
            return false;
        };
        let named = match &expected.migration.data_loss {
            Some(NoneOr::Some(names)) => names.as_slice(),
            Some(NoneOr::None(_)) | None => &[],
        };
        named.contains(&table.to_string())
    })
}

/// Whether a new object belongs to such a table, or is one.
fn is_of_a_ledger(line: &str) -> bool {
    let mut ledgers = LEDGERS.iter();
    line.starts_with('+') && ledgers.any(|ledger| line.contains(&format!(".{ledger}")))
}

/// What a migration changed, for those who want to know.
fn changes(context: &Context<'_>, log: &MigrationLog) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !log.succeeded() {
        return findings;
    }
    let note = |code, primary: String, detail: Vec<String>| {
        Finding::note(code, primary)
            .at(context.place("/migrate"))
            .detail(Some(listed(&detail)))
    };
    let schema = differences(&log.before.schema, &log.after.schema);
    if !schema.is_empty() {
        let count = plural(schema.len() as u64, "object");
        findings.push(note(
            "schema-diff",
            format!("the migration changed {count}"),
            schema,
        ));
    }
    let settings = differences(&log.before.settings, &log.after.settings);
    if !settings.is_empty() {
        let count = plural(settings.len() as u64, "setting");
        findings.push(note(
            "settings-diff",
            format!("the migration changed {count}"),
            settings,
        ));
    }
    let queries = queries::changes(context);
    if !queries.is_empty() {
        let primary = "what the queries need before and after the migration".to_owned();
        findings.push(note("query-diff", primary, queries));
    }
    let lost: Vec<String> = losses(&log.before, &log.after).iter().map(said).collect();
    if !lost.is_empty() && !is_data_judged(context) {
        let primary = "the migration changed data".to_owned();
        findings.push(
            note("data-diff", primary, lost)
                .hint("\"data_loss\" in \"expect: migration\" judges it"),
        );
    }
    findings
}

/// What the clients felt, in figures.
fn felt(context: &Context<'_>) -> Option<Finding> {
    let traffic = context.measurements.traffic.as_ref()?;
    let span = |micros: Micros| format_duration(micros.duration());
    let phases = ["before", "during", "after"].iter().zip(&traffic.phases);
    let mut lines: Vec<String> = phases
        .map(|(name, phase)| {
            let rate = phase.rate().unwrap_or(0.0);
            format!(
                "{name}: {} in {}, {rate:.0}/s, the longest took {}",
                plural(phase.statements, traffic.unit.word()),
                span(phase.duration),
                span(phase.longest)
            )
        })
        .collect();
    let longest = traffic.waits.iter().max_by_key(|wait| wait.waited);
    lines.push(match longest {
        None => "nobody was seen waiting for it".to_owned(),
        Some(wait) => format!(
            "{} for it were seen, the longest of {} by \"{}\"; at most {} waited at a time",
            plural(traffic.wait_count, "wait"),
            span(wait.waited),
            wait.client,
            traffic.queue
        ),
    });
    if traffic.failures > 0 {
        let count = plural(traffic.failures, traffic.unit.word());
        lines.push(format!("{count} failed since it began"));
    }
    lines.extend(failed_statements(traffic));
    if traffic.outlasted {
        lines.push("the clients had ended before it was over".to_owned());
    }
    lines.extend(traffic.throughput().map(|left| lost(&left)));
    let primary = format!(
        "beside the clients the migration took {}",
        span(traffic.duration)
    );
    let finding = Finding::note("migration-traffic", primary)
        .at(context.place("/migrate"))
        .detail(Some(lines.join("\n")));
    Some(finding)
}

/// `37% of the throughput was lost while it ran (between 30% and 44%)`
fn lost(left: &Ratio) -> String {
    if !left.is_different() {
        return "no difference in throughput is shown while it ran".to_owned();
    }
    let percent = |left: f64| format!("{:.0}%", 100.0 * (1.0 - left).abs());
    let (what, near, far) = match left.value < 1.0 {
        true => ("lost", left.high, left.low),
        false => ("gained", left.low, left.high),
    };
    format!(
        "{} of the throughput was {what} while it ran (between {} and {})",
        percent(left.value),
        percent(near),
        percent(far)
    )
}

fn is_data_judged(context: &Context<'_>) -> bool {
    let mut expected = context.case.expect.iter();
    expected.any(|(_, expectation)| match expectation {
        Expectation::Migration(migration) => migration.migration.data_loss.is_some(),
        _ => false,
    })
}

/// What is gone (`-`), new (`+`), or other than before (both), line by line.
fn differences(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let line = |sign: char, text: &String| format!("{sign} {key}: {}", brief(text));
        match (before.get(key), after.get(key)) {
            (Some(old), Some(new)) if old == new => {}
            (Some(old), Some(new)) => {
                lines.push(format!("{} → {}", line('~', old), brief(new)));
            }
            (Some(old), None) => lines.push(line('-', old)),
            (None, Some(new)) => lines.push(line('+', new)),
            (None, None) => {}
        }
    }
    lines
}

fn listed(lines: &[String]) -> String {
    let mut text: Vec<String> = lines.iter().take(MOST_LISTED).cloned().collect();
    if lines.len() > MOST_LISTED {
        text.push(format!("… {} more", lines.len() - MOST_LISTED));
    }
    text.join("\n")
}
