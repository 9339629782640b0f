//! Which locks, whom they hold up and how long, and whether a timeout would have ended the wait for them.

use super::{About, brief, span};
use crate::{
    measure::migration::{self, Blockage, BlockedBy},
    record::{LockMode, LockSight, Micros, StatementTrace, TableUse},
    schedule::MigrationWork,
    spec::{
        expect::{Bound, LockWord, MigrationFacts, NoneOr, TimeoutRule},
        quantity::TimeSpan,
    },
    text::{list, thousands},
    verdict::{
        bound::{Limit, Natural},
        finding::Finding,
    },
};
use indexmap::IndexMap;

impl About<'_> {
    /// The strongest lock on each table.
    pub(super) fn locks(&self, expected: &IndexMap<String, LockWord>) -> Vec<Finding> {
        let strongest = migration::strongest_locks(self.log);
        let mut findings = Vec::new();
        for (name, word) in expected {
            let key = format!("locks/{}", name.replace('~', "~0").replace('/', "~1"));
            let LockWord(wanted) = *word;
            let mut seen = strongest.iter().filter(|(relation, _)| relation.is(name));
            let Some((relation, seen)) = seen.next() else {
                let primary = format!("the migration took no lock on \"{name}\"");
                findings.push(Finding::vacuous("no-lock", primary).at(self.at(&key)));
                continue;
            };
            if *seen == wanted {
                continue;
            }
            let primary = format!("the strongest lock on \"{name}\" was {seen}, expected {wanted}");
            let mut statements = self.log.statements.iter();
            let guilty = statements.find(|trace| {
                let mut locks = trace.locks.iter();
                locks.any(|lock| lock.relation == *relation && lock.mode == *seen)
            });
            let finding =
                Finding::failed("migration-lock", primary).detail(Some(blocks_words(*seen)));
            findings.push(match guilty {
                Some(trace) => self.of(finding, &key, trace, format!("took {seen}")),
                None => finding.at(self.at(&key)),
            });
        }
        findings
    }

    /// How long reads and writes were held up.
    pub(super) fn blocks(&self, facts: &MigrationFacts) -> Vec<Finding> {
        let all = migration::blockages(self.log);
        let mut findings = Vec::new();
        if let Some(bound) = &facts.blocks {
            findings.extend(self.held_up("blocks", bound, &all));
        }
        if let Some(bound) = &facts.blocks_reads {
            let reads: Vec<Blockage<'_>> = all
                .iter()
                .filter(|blockage| blockage.blocks_reads())
                .cloned()
                .collect();
            findings.extend(self.held_up("blocks_reads", bound, &reads));
        }
        findings
    }

    fn held_up(
        &self,
        key: &str,
        bound: &NoneOr<Bound<TimeSpan>>,
        blockages: &[Blockage<'_>],
    ) -> Option<Finding> {
        let longest = blockages.iter().max_by_key(|blockage| blockage.held);
        let limit = match bound {
            NoneOr::None(_) => None,
            NoneOr::Some(bound) => Some(Limit::of(bound, Natural::AtMost)),
        };
        let held = longest.map_or(Micros(0), |blockage| blockage.held);
        let holds = match limit {
            None => longest.is_none(),
            Some(limit) => limit.holds(TimeSpan(held.duration())),
        };
        if holds {
            // A lock is held no longer than its statement takes.
            return self.unseen(key, |trace| {
                limit.is_none_or(|limit| !limit.holds(TimeSpan(trace.held.duration())))
            });
        }
        let expected = limit.map_or("nobody to be held up".to_owned(), |limit| limit.words());
        let what = match key {
            "blocks" => "reads or writes",
            _ => "reads",
        };
        let Some(longest) = longest else {
            let primary = format!("the migration held up no {what}, expected {expected}");
            return Some(Finding::failed("blocks", primary).at(self.at(key)));
        };
        let primary = format!(
            "the migration held up {} for {}, expected {expected}",
            uses(longest),
            span(held)
        );
        let label = match longest.by {
            BlockedBy::Lock(mode) => format!("took {mode} on \"{}\"", longest.table),
            BlockedBy::Rows(rows) => {
                format!("locked {} rows of \"{}\"", thousands(rows), longest.table)
            }
        };
        let hint = match longest.by {
            BlockedBy::Lock(_) => {
                "a form that takes a weaker lock, or a lock_timeout and a retry, keep the application going"
            }
            BlockedBy::Rows(_) => "work in batches, each in a transaction of its own",
        };
        let finding = Finding::failed("blocks", primary).hint(hint);
        Some(self.of(finding, key, longest.statement, label))
    }

    /// What would hold, but for a statement of which nobody saw what it held; one that could break it is meant.
    pub(super) fn unseen(
        &self,
        key: &str,
        is_meant: impl Fn(&StatementTrace) -> bool,
    ) -> Option<Finding> {
        if self.log.failure.is_some() {
            return None;
        }
        let mut unseen = migration::unseen(self.log).into_iter();
        let trace = unseen.find(|trace| is_meant(trace))?;
        let parts = self.context.case.migration.iter();
        let mut parts = parts.flat_map(|plan| &plan.up);
        let is_program = parts
            .any(|part| part.path == trace.path && matches!(part.work, MigrationWork::Command(_)));
        let (what, hint) = match is_program {
            true => (
                "the program did",
                "changes of the schema are noted where pgauge is a superuser, as an event trigger needs it; all else is only \
                 looked at from time to time: let it change more rows",
            ),
            false => (
                "a statement held",
                "outside of a transaction locks are only looked at from time to time: let it work on more rows, or write out \
                 what a procedure does",
            ),
        };
        let primary =
            format!("nothing was seen of what {what}, so that \"{key}\" would mean nothing");
        let finding = Finding::vacuous("not-seen", primary).hint(hint);
        Some(self.of(
            finding,
            key,
            trace,
            format!("took {}", span(trace.duration)),
        ))
    }

    /// Whether a timeout is in force wherever somebody is held up.
    pub(super) fn timeouts(&self, facts: &MigrationFacts) -> Vec<Finding> {
        let rules = [
            ("lock_timeout", &facts.lock_timeout),
            ("statement_timeout", &facts.statement_timeout),
        ];
        let rules = rules.into_iter();
        rules
            .filter_map(|(key, rule)| Some((key, rule.as_ref()?)))
            .flat_map(|(key, rule)| self.timeout(key, rule))
            .collect()
    }

    fn timeout(&self, key: &str, rule: &TimeoutRule) -> Vec<Finding> {
        let blockages = migration::blockages(self.log);
        let mut guilty: Vec<&StatementTrace> = Vec::new();
        for blockage in blockages
            .iter()
            .filter(|blockage| knows_timeouts(blockage.statement))
        {
            if matches!(blockage.by, BlockedBy::Lock(_))
                && !guilty
                    .iter()
                    .any(|known| std::ptr::eq(*known, blockage.statement))
            {
                guilty.push(blockage.statement);
            }
        }
        if guilty.is_empty() {
            let primary =
                format!("no statement holds anybody up, so that no {key} could be asked for");
            return vec![Finding::vacuous("nobody-held-up", primary).at(self.at(key))];
        }
        let limit = match rule {
            TimeoutRule::Required(_) => None,
            TimeoutRule::Within(bound) => Some(Limit::of(bound, Natural::AtMost)),
        };
        let value_of = |trace: &StatementTrace| match key {
            "lock_timeout" => trace.lock_timeout,
            _ => trace.statement_timeout,
        };
        let is_in_force = |trace: &StatementTrace| {
            let value = value_of(trace);
            value.0 > 0 && limit.is_none_or(|limit| limit.holds(TimeSpan(value.duration())))
        };
        let broken = guilty.into_iter().filter_map(|trace| {
            let value = value_of(trace);
            if is_in_force(trace) {
                return None;
            }
            let (primary, label) = match (value.0, limit) {
                (0, _) => (
                    format!("a statement that holds the application up has no {key}"),
                    format!("{key} is 0, which is none"),
                ),
                (_, limit) => (
                    format!(
                        "{key} is {}, expected {}",
                        span(value),
                        limit.map(|limit| limit.words()).unwrap_or_default()
                    ),
                    format!("ran with {key} = {}", span(value)),
                ),
            };
            let finding = Finding::failed("no-timeout", primary)
                .detail(Some(format!("the statement is {}", brief(&trace.sql))))
                .hint(format!(
                    "SET {key} before it: a wait for its lock makes everybody wait who comes later"
                ));
            Some(self.of(finding, key, trace, label))
        });
        let broken: Vec<Finding> = broken.collect();
        match broken.is_empty() {
            true => Vec::from_iter(self.unseen(key, |trace| !is_in_force(trace))),
            false => broken,
        }
    }

    /// What is blocked while a statement runs.
    pub(super) fn blocked_words(&self, trace: &StatementTrace) -> String {
        let all = migration::blockages(self.log);
        let own = all
            .iter()
            .find(|blockage| std::ptr::eq(blockage.statement, trace))
            .or_else(|| {
                // Of a program it is known as a whole what was read.
                let mut all = all.iter();
                all.find(|blockage| blockage.statement.is_of_program(trace))
            });
        own.map_or_else(
            || "nothing is blocked".to_owned(),
            |blockage| format!("{} wait", uses(blockage)),
        )
    }
}

/// The timeouts of a statement that was only seen from outside are its program's own.
fn knows_timeouts(trace: &StatementTrace) -> bool {
    trace.position > 0 || trace.seen == LockSight::Complete
}

/// `reads and writes of "orders"`.
fn uses(blockage: &Blockage<'_>) -> String {
    let what = match blockage.by {
        BlockedBy::Lock(_) if blockage.blocks_reads() => "reads and writes",
        BlockedBy::Lock(_) | BlockedBy::Rows(_) => "writes",
    };
    format!("{what} of \"{}\"", blockage.table)
}

/// `SHARE blocks writes and maintenance`.
fn blocks_words(mode: LockMode) -> String {
    let words: Vec<&str> = mode.blocks().map(TableUse::word).collect();
    match words.as_slice() {
        [] => format!("{mode} blocks nothing but ACCESS EXCLUSIVE and its like"),
        words => format!("{mode} blocks {}", list(words, "and")),
    }
}
