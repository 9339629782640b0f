//! Where did the time of a client go? What was measured is told apart; the rest stays unattributed.

use super::{names_of, trace::Trace, wait::Waits};
use crate::record::{CaseLog, EventKind, Micros};
use std::collections::BTreeMap;

/// The time of one client's sessions, from asking for a session and through every pass. The parts add
/// up to `total`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeSpent {
    /// From asking the pool to holding a session.
    pub pool_wait: Micros,
    /// Seen waiting for a lock.
    pub lock_wait: Micros,
    /// From sending to the first row, or to the end where no row came, without `lock_wait`.
    pub to_first_row: Micros,
    /// From the first row to ReadyForQuery.
    pub rows: Micros,
    /// Between the messages of a pass: hooks, pgauge itself, and in a forced order the other clients.
    pub unattributed: Micros,
    /// Pool waits and passes.
    pub total: Micros,
}

/// The time of every client of a case, by `shopper`, and by `shopper[3]` for one session of several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimesSpent(
    /// By name.
    pub BTreeMap<String, TimeSpent>,
);

impl TimesSpent {
    pub(super) fn of(log: &CaseLog, trace: &Trace<'_>, waits: &Waits) -> Self {
        let mut times = BTreeMap::<String, TimeSpent>::new();
        let mut add = |client, part: &dyn Fn(&mut TimeSpent)| {
            for name in names_of(client) {
                part(times.entry(name).or_default());
            }
        };
        for event in &log.events {
            if let EventKind::Connected {
                client, pool_wait, ..
            } = &event.kind
            {
                add(client, &|time| {
                    time.pool_wait.0 += pool_wait.0;
                    time.total.0 += pool_wait.0;
                });
            }
        }
        for pass in &trace.passes {
            let span = trace.span(pass).map_or(0, |(from, to)| to.since(from).0);
            add(pass.client, &|time| time.total.0 += span);
            for message in pass.messages.iter().map(|index| &trace.messages[*index]) {
                let Some((_, _, timing)) = message.answer else {
                    continue;
                };
                let first = timing.first_row.unwrap_or(timing.total).min(timing.total);
                add(pass.client, &|time| {
                    time.to_first_row.0 += first.0;
                    time.rows.0 += timing.total.since(first).0;
                });
            }
        }
        for wait in &waits.all {
            let waited = wait.waited.unwrap_or_default();
            add(&wait.client, &|time| {
                // A wait is part of the time to the first row of the message that waited.
                let waited = waited.min(time.to_first_row);
                time.lock_wait.0 += waited.0;
                time.to_first_row.0 -= waited.0;
            });
        }
        for time in times.values_mut() {
            let known = time.pool_wait.0 + time.lock_wait.0 + time.to_first_row.0 + time.rows.0;
            // Clocks of the client and of the ledger differ by microseconds: the parts still add up.
            time.total.0 = time.total.0.max(known);
            time.unattributed.0 = time.total.0 - known;
        }
        Self(times)
    }
}
