//! `migration`: what it did while it ran, on a quiet copy and beside the clients, and what it left.
//!
//! Vacuous if the migration never ran, if a lock is expected on a table that it never touched, if a timeout is asked of
//! statements of which none blocks anybody, if nothing was seen of what a statement held, if rows cannot be told from new ones,
//! and if too little went on beside it to tell what it cost the clients.

mod locks;
mod traffic;

pub(in crate::verdict) use traffic::failed_statements;

use super::never_migrated;
use crate::{
    measure::migration::{self, Loss},
    record::{Micros, MigrationLog, RelationName, StatementTrace},
    spec::{
        expect::{Bound, MigrationExpectation, NoneOr},
        quantity::{ByteSize, TimeSpan},
    },
    text::{format_duration, list, thousands},
    verdict::{
        bound::{Limit, Natural},
        context::{Context, code_of, condition},
        finding::{Finding, FindingPlace, Within},
        migration::is_ledger,
    },
};

/// The findings of this expectation.
pub fn judge(
    pointer: &str,
    expected: &MigrationExpectation,
    context: &Context<'_>,
) -> Vec<Finding> {
    let pointer = format!("{pointer}/migration");
    let log = context.log.migration.as_deref();
    let Some(log) = log.filter(|log| !log.statements.is_empty()) else {
        return vec![never_migrated(context, &pointer)];
    };
    let about = About {
        context,
        log,
        pointer: &pointer,
    };
    let facts = &expected.migration;
    let mut findings = Vec::new();
    if let Some(state) = &facts.error {
        findings.extend(about.error(&code_of(state)));
    }
    if let Some(bound) = &facts.duration {
        findings.extend(about.duration(bound));
    }
    if let Some(names) = &facts.rewrites {
        let seen = migration::rewritten(log);
        findings.extend(about.names("rewrites", names, &seen.iter().collect::<Vec<_>>()));
    }
    if let Some(names) = &facts.scans {
        let seen = migration::scanned_while_blocked(log);
        let found = about.names("scans", names, &seen.iter().collect::<Vec<_>>());
        if found.is_empty() {
            findings.extend(about.unseen("scans", |trace| !trace.scans.is_empty()));
        }
        findings.extend(found);
    }
    findings.extend(about.locks(&facts.locks));
    findings.extend(about.blocks(facts));
    findings.extend(about.timeouts(facts));
    let costs = || log.statements.iter().map(|trace| &trace.costs);
    if let Some(bound) = &facts.wal {
        let written = costs().map(|costs| costs.wal).sum();
        findings.extend(about.size("wal", "wrote", written, bound));
    }
    if let Some(bound) = &facts.disk {
        findings.extend(about.size("disk", "needed", peak(log), bound));
    }
    if let Some(bound) = &facts.dead_rows {
        let dead = costs().map(|costs| costs.dead_rows).sum();
        findings.extend(about.dead_rows(dead, bound));
    }
    if let Some(names) = &facts.data_loss {
        findings.extend(about.data_loss(names));
    }
    findings.extend(about.traffic(facts));
    findings
}

/// A migration and what is expected of it.
struct About<'a> {
    context: &'a Context<'a>,
    log: &'a MigrationLog,
    pointer: &'a str,
}

/// How much larger the database was at its worst moment than at the beginning.
fn peak(log: &MigrationLog) -> u64 {
    let mut so_far = 0;
    let mut peak = 0;
    for trace in &log.statements {
        peak = peak.max(so_far + trace.costs.disk_peak);
        so_far += trace.costs.disk;
    }
    u64::try_from(peak.max(so_far)).unwrap_or(0)
}

/// The place of a statement of the migration in the author's files.
pub(in crate::verdict) fn place_of(context: &Context<'_>, trace: &StatementTrace) -> FindingPlace {
    let within = match trace.position {
        0 => Within::All,
        position => Within::Sql { position },
    };
    FindingPlace {
        within,
        ..context.place(&trace.path)
    }
}

/// The first words of a statement, for a message.
pub(in crate::verdict) fn brief(sql: &str) -> String {
    const LONGEST: usize = 60;
    let words: Vec<&str> = sql.split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

impl About<'_> {
    fn at(&self, key: &str) -> FindingPlace {
        self.context.place(format!("{}/{key}", self.pointer))
    }

    /// A finding about one statement: what is expected stands at the key, the statement beside it.
    fn of(&self, finding: Finding, key: &str, trace: &StatementTrace, label: String) -> Finding {
        finding
            .at(self.at(key))
            .related(place_of(self.context, trace), label)
    }

    fn error(&self, code: &str) -> Option<Finding> {
        let met = self.log.failed().and_then(|trace| trace.error.as_ref());
        let beside = self.context.measurements.traffic.as_ref();
        let beside = beside.and_then(|traffic| traffic.error.as_ref());
        let codes = met
            .map(|error| error.code.as_str())
            .into_iter()
            .chain(beside.map(|(code, _, _)| code.as_str()));
        let codes: Vec<&str> = codes.collect();
        if codes.contains(&code) {
            return None;
        }
        let expected = condition(code);
        let primary = match codes.first() {
            Some(other) => format!(
                "the migration failed with {}, expected {expected}",
                condition(other)
            ),
            None => format!("the migration went through, expected it to fail with {expected}"),
        };
        Some(Finding::failed("migration-error", primary).at(self.at("error")))
    }

    fn duration(&self, bound: &Bound<TimeSpan>) -> Option<Finding> {
        let limit = Limit::of(bound, Natural::AtMost);
        let took = migration::duration(self.log);
        let beside = self.context.measurements.traffic.as_ref();
        let beside = beside.map(|traffic| traffic.duration);
        let span = beside.map_or(took, |beside| beside.max(took));
        if limit.holds(TimeSpan(span.duration())) {
            return None;
        }
        let slowest = self
            .log
            .statements
            .iter()
            .max_by_key(|trace| trace.duration)?;
        let primary = format!(
            "the migration took {}, expected {}",
            format_duration(span.duration()),
            limit.words()
        );
        let label = format!("took {}", format_duration(slowest.duration.duration()));
        let detail = beside.map(|beside| {
            let beside = format_duration(beside.duration());
            let alone = format_duration(took.duration());
            format!("beside the clients it took {beside}, by itself {alone}")
        });
        let finding = Finding::failed("migration-duration", primary).detail(detail);
        Some(self.of(finding, "duration", slowest, label))
    }

    /// Whether exactly these relations are concerned.
    fn names(
        &self,
        key: &'static str,
        expected: &NoneOr<Vec<String>>,
        seen: &[&RelationName],
    ) -> Vec<Finding> {
        let expected: &[String] = match expected {
            NoneOr::None(_) => &[],
            NoneOr::Some(names) => names,
        };
        let (code, verb, hint) = match key {
            "rewrites" => (
                "rewrite",
                "writes",
                "add a column and fill it in batches, or use a form that changes the catalog only",
            ),
            _ => (
                "scan",
                "reads",
                "add the constraint NOT VALID and validate it in a statement of its own",
            ),
        };
        // An index is written anew with its table.
        let wanted = |relation: &RelationName| {
            let of = relation.of.as_deref();
            expected
                .iter()
                .any(|name| relation.is(name) || of == Some(name.as_str()))
        };
        let mut findings = Vec::new();
        for relation in seen.iter().filter(|relation| !wanted(relation)) {
            let all = self.log.statements.iter();
            let guilty = all.filter(|trace| match key {
                "rewrites" => trace.rewrites.contains(relation),
                _ => trace.scans.iter().any(|scan| scan.table == **relation),
            });
            for trace in guilty {
                let primary = format!(
                    "the migration {verb} all of \"{relation}\", expected {}",
                    words(expected)
                );
                let label = match key {
                    "rewrites" => format!("writes \"{relation}\" anew"),
                    _ => format!("reads \"{relation}\" while {}", self.blocked_words(trace)),
                };
                let finding = Finding::failed(code, primary).hint(hint);
                findings.push(self.of(finding, key, trace, label));
            }
        }
        for name in expected {
            if !seen.iter().any(|relation| relation.is(name)) {
                let primary = format!("the migration does not {} \"{name}\"", key_verb(key));
                findings.push(Finding::failed(code, primary).at(self.at(key)));
            }
        }
        findings
    }

    fn size(
        &self,
        key: &'static str,
        verb: &str,
        bytes: u64,
        bound: &Bound<ByteSize>,
    ) -> Option<Finding> {
        let limit = Limit::of(bound, Natural::AtMost);
        if limit.holds(ByteSize(bytes)) {
            return None;
        }
        let most = self.log.statements.iter().max_by_key(|trace| match key {
            "wal" => i64::try_from(trace.costs.wal).unwrap_or(i64::MAX),
            _ => trace.costs.disk_peak,
        })?;
        let (what, code) = match key {
            "wal" => ("of write-ahead log", "migration-wal"),
            _ => ("more disk", "migration-disk"),
        };
        let primary = format!(
            "the migration {verb} {} {what}, expected {}",
            bytes_in_words(bytes),
            limit.words()
        );
        let own = match key {
            "wal" => most.costs.wal,
            _ => u64::try_from(most.costs.disk_peak).unwrap_or(0),
        };
        let label = format!("{verb} {}", bytes_in_words(own));
        Some(self.of(Finding::failed(code, primary), key, most, label))
    }

    fn dead_rows(&self, dead: u64, bound: &Bound<u64>) -> Option<Finding> {
        let limit = Limit::of(bound, Natural::AtMost);
        if limit.holds(dead) {
            return None;
        }
        let statements = self.log.statements.iter();
        let most = statements.max_by_key(|trace| trace.costs.dead_rows)?;
        let primary = format!(
            "the migration left {} dead rows, expected {}",
            thousands(dead),
            limit.words()
        );
        let label = format!(
            "updated or deleted {} rows",
            thousands(most.costs.dead_rows)
        );
        let finding = Finding::failed("migration-dead-rows", primary)
            .hint("work in batches, with a VACUUM between them");
        Some(self.of(finding, "dead_rows", most, label))
    }

    fn data_loss(&self, expected: &NoneOr<Vec<String>>) -> Vec<Finding> {
        let expected: &[String] = match expected {
            NoneOr::None(_) => &[],
            NoneOr::Some(names) => names,
        };
        let losses = migration::losses(&self.log.before, &self.log.after);
        let incomparable = migration::incomparable(&self.log.before, &self.log.after);
        let mut findings = Vec::new();
        for loss in &losses {
            if !expected.contains(&loss.name()) {
                let primary = format!("{}, expected {}", said(loss), loss_words(expected));
                findings.push(Finding::failed("data-loss", primary).at(self.at("data_loss")));
            }
        }
        let is_named = |table: &RelationName| {
            let (table, of_table) = (table.to_string(), format!("{table}."));
            let mut names = expected.iter();
            names.any(|name| *name == table || name.starts_with(&of_table))
        };
        for table in &incomparable {
            if is_ledger(table) || is_named(table) {
                continue;
            }
            let primary = format!(
                "\"{table}\" has more rows than before, and what the others hold cannot be compared"
            );
            let finding = Finding::vacuous("rows-not-compared", primary)
                .at(self.at("data_loss"))
                .hint("its rows are known again by a primary key that stays: give it one, or name it here and ask for its data with sql");
            findings.push(finding);
        }
        let grown = migration::grown(&self.log.before, &self.log.after);
        // More rows are a change too.
        let is_other = |name: &str| {
            let mut grown = grown.iter().map(|(table, ..)| table.to_string());
            grown.any(|table| name == table || name.starts_with(&format!("{table}.")))
        };
        for name in expected {
            if !losses.iter().any(|loss| loss.name() == *name) && !is_other(name) {
                let primary = format!("\"{name}\" is as it was, expected it to be lost or changed");
                findings.push(Finding::failed("data-loss", primary).at(self.at("data_loss")));
            }
        }
        findings
    }
}

/// What is lost, in a sentence.
pub(in crate::verdict) fn said(loss: &Loss) -> String {
    let name = loss.name();
    match loss {
        Loss::Table { rows, .. } => {
            format!("table \"{name}\" is gone, with {} rows", thousands(*rows))
        }
        Loss::Rows { before, after, .. } => format!(
            "table \"{name}\" has {} of its {} rows",
            thousands(*after),
            thousands(*before)
        ),
        Loss::Column { values, .. } => {
            format!(
                "column \"{name}\" is gone, with {} values",
                thousands(*values)
            )
        }
        Loss::Values {
            cast: Some((from, to)),
            ..
        } => {
            format!("the cast of \"{name}\" from {from} to {to} changed values")
        }
        Loss::Values { cast: None, .. } => format!("values of \"{name}\" were changed"),
        Loss::Order { before, after, .. } => format!(
            "values of \"{name}\" sort in another order: its collation was {before} and is {after}"
        ),
    }
}

fn loss_words(expected: &[String]) -> String {
    match expected {
        [] => "no data to be lost or changed".to_owned(),
        names => format!("only {}", quoted(names)),
    }
}

fn key_verb(key: &str) -> &'static str {
    match key {
        "rewrites" => "write anew",
        _ => "read, while something is blocked, all of",
    }
}

fn words(expected: &[String]) -> String {
    match expected {
        [] => "none".to_owned(),
        names => format!("only {}", quoted(names)),
    }
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    list(&names, "and")
}

/// A number of bytes, rounded, in PostgreSQL's units.
pub(in crate::verdict) fn bytes_in_words(bytes: u64) -> String {
    let units = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, word)) => format!("{:.1} {word}", bytes as f64 / unit as f64),
        None => format!("{bytes} B"),
    }
}

/// A span in words.
fn span(micros: Micros) -> String {
    format_duration(micros.duration())
}
