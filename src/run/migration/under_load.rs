//! A migration in the midst of a load: it begins when a third of the load is over, in time or in transactions, and the
//! server is asked again and again who waits for a lock meanwhile.
//!
//! The sessions of a load note no events of their own, so that waits are seen from outside: one that is shorter than the
//! time between two looks may be missed. The server itself tells nobody when a wait begins. Nor does a load tell of each of
//! its transactions, so that the midst of it is looked for as well: telling would take time from what is measured.

use super::beside::Beside;
use crate::{
    record::{Breakage, Micros, QueuedWaits, UnderLoad},
    run::{
        carry_out::Stage,
        load::{Mark, Measured, Midst},
        session::{Database, LockWatch, Queued},
    },
    schedule::{LoadPlan, MigrationPlan},
};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// How often the locks are looked at while it runs.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How often the wish to end is looked for before it begins: a flag, so that hooks on threads of their own can read it too.
const HEED_EVERY: Duration = Duration::from_millis(20);

impl<D: Database> Stage<'_, D> {
    /// Lets the load flow, and migrates when a third of it is over.
    pub(super) async fn migrate_under_load(
        &self,
        migration: &MigrationPlan,
        load: &LoadPlan,
    ) -> Result<(), Breakage> {
        let (tell, told) = oneshot::channel();
        let mark = Arc::new(Mark::new());
        let midst = Midst {
            measured: tell,
            mark: Arc::clone(&mark),
        };
        let over = Cell::new(false);
        let flows = async {
            let flowed = self.flow(self.case, load, Some(midst)).await;
            over.set(true);
            flowed
        };
        let migrates = async {
            // A load that breaks before anything is measured gives up its end.
            let Ok(measured) = told.await else {
                return Ok(());
            };
            while !over.get() && !self.stop.requested() {
                match until_midst(load, &measured) {
                    Some(left) => tokio::time::sleep(left).await,
                    None => break,
                }
            }
            match self.stop.requested() {
                true => Ok(()),
                false => self.migrate_and_look(migration, measured.from, &mark).await,
            }
        };
        let (flowed, migrated) = futures_util::future::join(flows, migrates).await;
        flowed.and(migrated)
    }

    async fn migrate_and_look(
        &self,
        migration: &MigrationPlan,
        measured_from: Instant,
        mark: &Mark,
    ) -> Result<(), Breakage> {
        let mut watch = self.database.watch().await?;
        let mut queue = Queue::default();
        let over = Cell::new(false);
        let clock = Micros(
            self.ledger
                .now()
                .0
                .saturating_sub(Micros::from(measured_from.elapsed()).0),
        );
        let migrates = async {
            let migrated = self
                .migrate_beside(&migration.up, Beside::Marked(mark))
                .await;
            over.set(true);
            migrated
        };
        let looks = async {
            while !over.get() {
                let queued = watch.queue().await?;
                let own = self.board.line(self.migration_line()).pid;
                queue.see(&queued, own);
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Ok(())
        };
        let (migrated, looked) = futures_util::future::join(migrates, looks).await;
        let since = |moment: Option<Instant>| {
            let moment = moment.unwrap_or_else(Instant::now);
            moment.saturating_duration_since(measured_from).into()
        };
        let (began, ended) = (since(mark.began()), since(mark.ended()));
        self.note_migration(|log| {
            log.under_load = Some(UnderLoad {
                began,
                ended,
                clock,
                looks: queue.looks,
                queue: queue.longest,
                waits: queue.waits(),
            });
        });
        migrated.and(looked)
    }
}

/// How long to wait before one looks again whether the midst of the load is reached; none once it is.
fn until_midst(load: &LoadPlan, measured: &Measured) -> Option<Duration> {
    if let Some(transactions) = load.transactions {
        let left = measured.left.load(Ordering::Relaxed);
        return (left > transactions - transactions / 3).then_some(LOOK_EVERY);
    }
    let stages = load.stages.iter();
    let length: Duration = stages.filter_map(|stage| stage.duration).sum();
    let left = (measured.from + length / 3).saturating_duration_since(Instant::now());
    (!left.is_zero()).then(|| left.min(HEED_EVERY))
}

/// The queue behind the migration, over all looks.
#[derive(Debug, Default)]
struct Queue {
    looks: u64,
    longest: u64,
    waits: Vec<QueuedWaits>,
    /// Waits that were there at the last look: a session's, and which of `waits`.
    open: BTreeMap<i32, usize>,
}

impl Queue {
    /// Counts those who wait for the migration, whose backend is `own`, or for somebody who waits for it.
    fn see(&mut self, queued: &[Queued], own: i32) {
        self.looks += 1;
        let behind = behind(queued, own);
        self.longest = self.longest.max(behind.len() as u64);
        let mut open = BTreeMap::new();
        for session in queued
            .iter()
            .filter(|session| behind.contains(&session.pid))
        {
            let client = client_of(&session.application);
            let same = |waits: &QueuedWaits| waits.client == client && waits.lock == session.lock;
            let index = self.waits.iter().position(same).unwrap_or_else(|| {
                self.waits.push(QueuedWaits {
                    client: client.to_owned(),
                    lock: session.lock.clone(),
                    count: 0,
                    longest: session.waited,
                });
                self.waits.len() - 1
            });
            let waits = &mut self.waits[index];
            waits.longest = waits.longest.max(session.waited);
            if self.open.get(&session.pid) != Some(&index) {
                waits.count += 1;
            }
            open.insert(session.pid, index);
        }
        self.open = open;
    }

    fn waits(mut self) -> Vec<QueuedWaits> {
        self.waits
            .sort_by_key(|waits| std::cmp::Reverse(waits.longest));
        self.waits
    }
}

/// Who waits for the migration holds up those who wait for him.
fn behind(queued: &[Queued], own: i32) -> BTreeSet<i32> {
    let mut behind: BTreeSet<i32> = BTreeSet::new();
    loop {
        let known = behind.len();
        for session in queued.iter().filter(|session| session.pid != own) {
            let held_up = session
                .by
                .iter()
                .any(|pid| *pid == own || session.strangers.contains(pid) || behind.contains(pid));
            if held_up {
                behind.insert(session.pid);
            }
        }
        if behind.len() == known {
            return behind;
        }
    }
}

/// The script of a session by what it calls itself, as `pgauge/scenario/shopper[3]`.
fn client_of(application: &str) -> &str {
    let name = application.rsplit('/').next().unwrap_or(application);
    name.split('[').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::LockFacts;

    fn queued(pid: i32, by: &[i32], millis: u64) -> Queued {
        Queued {
            pid,
            by: by.to_vec(),
            strangers: Vec::new(),
            application: format!("pgauge/a shop/shopper[{pid}]"),
            lock: LockFacts {
                kind: "relation".to_owned(),
                mode: "RowExclusiveLock".to_owned(),
                relation: Some("orders".to_owned()),
            },
            waited: Micros(millis * 1000),
        }
    }

    #[test]
    fn those_behind_the_migration_are_told_once_a_wait_and_others_are_not() {
        let mut queue = Queue::default();
        // 4 waits for one who has nothing to do with it.
        queue.see(
            &[queued(2, &[1], 5), queued(3, &[2], 4), queued(4, &[9], 3)],
            1,
        );
        queue.see(&[queued(2, &[1], 10)], 1);
        queue.see(&[], 1);
        queue.see(&[queued(2, &[1], 1)], 1);
        assert_eq!((queue.looks, queue.longest), (4, 2));
        let waits = queue.waits();
        assert_eq!(waits.len(), 1);
        assert_eq!(
            (waits[0].client.as_str(), waits[0].count, waits[0].longest),
            ("shopper", 3, Micros(10_000))
        );
    }

    #[test]
    fn a_program_that_migrates_is_waited_for_too() {
        let mut session = queued(2, &[7], 5);
        session.strangers = vec![7];
        assert_eq!(behind(&[session], 0), BTreeSet::from([2]));
        // The migration itself waits for a client: that is no wait of a client.
        assert_eq!(behind(&[queued(1, &[2], 5)], 1), BTreeSet::new());
    }
}
