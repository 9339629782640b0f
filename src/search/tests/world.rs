//! Variables, and locks that are held until a commit.

use crate::{
    run::{NextStep, Settling},
    search::{
        footprint::Footprint,
        order::{Ended, PlayedStep},
        touched::Touched,
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// A step of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Looks at a variable.
    Read(u32),
    /// Makes a new value of the old one and of who does it.
    Write(u32),
    /// Waits for a lock and holds it until the commit.
    Lock(u32),
    /// Gives up all locks.
    Commit,
    /// Nothing that anybody sees.
    Think,
}

/// What an order came to: the values, what each client read, and who was given up for a deadlock.
pub type Outcome = (BTreeMap<u32, u64>, Vec<Vec<u64>>, BTreeSet<usize>);

/// The state of a world.
pub struct World<'a> {
    scripts: &'a [Vec<Act>],
    next: Vec<usize>,
    values: BTreeMap<u32, u64>,
    read: Vec<Vec<u64>>,
    holders: BTreeMap<u32, usize>,
    /// Who waits for which lock, in the order of asking.
    waiting: Vec<(usize, u32)>,
    given_up: BTreeSet<usize>,
}

impl<'a> World<'a> {
    /// Plays an order as it is steered.
    pub fn play(
        scripts: &'a [Vec<Act>],
        clients: &[usize],
        asleep: &[(usize, Footprint)],
    ) -> (Vec<PlayedStep>, Ended, Outcome) {
        let mut world = Self {
            scripts,
            next: vec![0; scripts.len()],
            values: BTreeMap::new(),
            read: vec![Vec::new(); scripts.len()],
            holders: BTreeMap::new(),
            waiting: Vec::new(),
            given_up: BTreeSet::new(),
        };
        let mut sleeping: Vec<(usize, Footprint)> = Vec::new();
        let mut steps: Vec<PlayedStep> = Vec::new();
        let mut ended = Ended::Complete;
        loop {
            if steps.len() + 1 == clients.len() {
                asleep.clone_into(&mut sleeping);
            }
            let ready = world.ready();
            let client = match clients.get(steps.len()) {
                Some(client) => Some(*client),
                None => {
                    let awake = |client: &usize| !sleeping.iter().any(|(other, _)| other == client);
                    let last = steps.last().map(|step| step.step.client);
                    let mut awake = ready.iter().map(|step| step.client).filter(awake);
                    let all: Vec<usize> = awake.by_ref().collect();
                    let same = all.iter().find(|client| Some(**client) == last);
                    same.or(all.first()).copied()
                }
            };
            let Some(client) = client else {
                if !ready.is_empty() {
                    ended = Ended::Equal;
                }
                break;
            };
            if !ready.iter().any(|step| step.client == client) {
                ended = Ended::Impossible;
                break;
            }
            let step = world.take(client, ready);
            sleeping.retain(|(other, footprint)| {
                *other != client && !footprint.conflicts(&step.footprint)
            });
            steps.push(step);
        }
        let outcome = (world.values, world.read, world.given_up);
        (steps, ended, outcome)
    }

    fn ready(&self) -> Vec<NextStep> {
        let clients = 0..self.scripts.len();
        clients
            .filter(|client| {
                self.next[*client] < self.scripts[*client].len()
                    && !self.waiting.iter().any(|(waiting, _)| waiting == client)
                    && !self.given_up.contains(client)
            })
            .map(|client| NextStep {
                client,
                step: self.next[client],
            })
            .collect()
    }

    fn take(&mut self, client: usize, ready: Vec<NextStep>) -> PlayedStep {
        let step = self.next[client];
        self.next[client] += 1;
        let mut touched = Touched::default();
        let mut end = Settling::Done;
        let mut released = Vec::new();
        let mut footprint = None;
        match self.scripts[client][step] {
            Act::Read(variable) => {
                touched.read.insert(variable);
                let value = self.values.get(&variable).copied().unwrap_or(0);
                self.read[client].push(value);
            }
            Act::Write(variable) => {
                touched.written.insert(variable);
                let value = self.values.entry(variable).or_insert(0);
                *value = value.wrapping_mul(31).wrapping_add(client as u64 + 1);
            }
            Act::Lock(lock) => {
                touched.written.insert(100 + lock);
                match self.holders.get(&lock) {
                    Some(holder) if *holder != client => {
                        footprint = Some(Footprint::Everything);
                        if self.waits_in_the_end_for(*holder, client) {
                            self.given_up.insert(client);
                            end = Settling::EndedScript;
                            released = self.release(client);
                        } else {
                            self.waiting.push((client, lock));
                            end = Settling::Waits;
                        }
                    }
                    Some(_) | None => drop(self.holders.insert(lock, client)),
                }
            }
            Act::Commit => {
                let held = self.holders.values().any(|holder| *holder == client);
                footprint = Some(if held {
                    Footprint::AllRelations
                } else {
                    Footprint::Nothing
                });
                released = self.release(client);
            }
            Act::Think => footprint = Some(Footprint::Nothing),
        }
        if !released.is_empty() {
            footprint = Some(Footprint::Everything);
        }
        PlayedStep {
            step: NextStep { client, step },
            footprint: footprint.unwrap_or_else(|| Footprint::Relations(touched.clone())),
            touched,
            end,
            released,
            ready,
        }
    }

    fn waits_in_the_end_for(&self, who: usize, whom: usize) -> bool {
        let mut at = who;
        while let Some((_, lock)) = self.waiting.iter().find(|(client, _)| *client == at) {
            match self.holders.get(lock) {
                Some(holder) if *holder == whom => return true,
                Some(holder) => at = *holder,
                None => return false,
            }
        }
        false
    }

    /// Gives up a client's locks; those who waited for them get them, and go on.
    fn release(&mut self, client: usize) -> Vec<usize> {
        self.holders.retain(|_, holder| *holder != client);
        let mut released = Vec::new();
        let mut still = Vec::new();
        for (waiting, lock) in std::mem::take(&mut self.waiting) {
            if let std::collections::btree_map::Entry::Vacant(free) = self.holders.entry(lock) {
                free.insert(waiting);
                released.push(waiting);
            } else {
                still.push((waiting, lock));
            }
        }
        self.waiting = still;
        released
    }
}
