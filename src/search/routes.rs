//! Who takes the next step of an order? Somebody who was told the beginning and goes on by himself, chance, or a list.

use super::{
    footprint::{Footprint, Script, Transactions},
    order::{Ended, PlayedStep},
};
use crate::{
    run::{Changes, NextStep, Route, Settlement},
    schedule::generate::Random,
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

/// How an order is chosen.
#[derive(Debug, Clone)]
pub enum Steering {
    /// These clients take their next steps first; then it goes on with as few changes from one client to another as can
    /// be, and never with a client that sleeps: what it would do first is equal to an order that is run elsewhere.
    Prefix {
        /// The clients in order.
        clients: Vec<usize>,
        /// The clients that sleep before the last step of the beginning, each with what its next step touches.
        asleep: Vec<(usize, Footprint)>,
    },
    /// By chance, each of the orders that are left alike.
    Drawn(Random),
    /// These steps, and no others.
    Listed(Vec<NextStep>),
}

/// Steers an order and notes what it saw.
pub struct Steered<'a> {
    script: &'a Script,
    lengths: Vec<usize>,
    steering: RefCell<Steering>,
    asleep: RefCell<Vec<(usize, Footprint)>>,
    transactions: RefCell<Transactions>,
    steps: RefCell<Vec<PlayedStep>>,
    ready: RefCell<Vec<NextStep>>,
    ended: Cell<Ended>,
    /// Relations on which locks were seen that more than reading takes.
    locked: RefCell<BTreeSet<u32>>,
}

impl<'a> Steered<'a> {
    /// A route for clients with so many steps each.
    pub fn new(script: &'a Script, lengths: Vec<usize>, steering: Steering) -> Self {
        Self {
            script,
            transactions: RefCell::new(Transactions::none(lengths.len())),
            lengths,
            steering: RefCell::new(steering),
            asleep: RefCell::default(),
            steps: RefCell::default(),
            ready: RefCell::default(),
            ended: Cell::new(Ended::Complete),
            locked: RefCell::default(),
        }
    }

    /// What the order may have changed: what the words say, and wherever a lock was seen that more than reading takes.
    pub fn changes(&self) -> Changes {
        match self.script.changes() {
            Changes::Anything => Changes::Anything,
            Changes::Rows(said) => Changes::Rows(&said | &*self.locked.borrow()),
        }
    }

    /// What it saw.
    pub fn into_steps(self) -> (Vec<PlayedStep>, Ended) {
        (self.steps.into_inner(), self.ended.get())
    }

    /// Goes on with who came last where that can be, else with the first who can.
    fn goes_on(&self, ready: &[NextStep]) -> Option<NextStep> {
        let asleep = self.asleep.borrow();
        let awake = ready
            .iter()
            .filter(|step| !asleep.iter().any(|(client, _)| *client == step.client));
        let awake: Vec<NextStep> = awake.copied().collect();
        if awake.is_empty() && !ready.is_empty() {
            self.ended.set(Ended::Equal);
        }
        let last = self.steps.borrow().last().map(|played| played.step.client);
        let same = awake.iter().find(|step| Some(step.client) == last);
        same.or(awake.first()).copied()
    }

    /// A client is drawn as often as it has steps left, so that every order of what is left is drawn alike.
    fn draw(&self, random: &mut Random, ready: &[NextStep]) -> Option<NextStep> {
        let left = |step: &NextStep| (self.lengths[step.client] - step.step) as u64;
        let all: u64 = ready.iter().map(left).sum();
        if all == 0 {
            return None;
        }
        let mut at = random.bits() % all;
        let mut steps = ready.iter();
        steps
            .find(|step| {
                let own = left(step);
                let hit = at < own;
                at = at.saturating_sub(own);
                hit
            })
            .copied()
    }
}

impl Route for Steered<'_> {
    fn next(&self, ready: &[NextStep]) -> Option<NextStep> {
        ready.clone_into(&mut self.ready.borrow_mut());
        let taken = self.steps.borrow().len();
        match &mut *self.steering.borrow_mut() {
            Steering::Prefix { clients, asleep } => {
                let Some(client) = clients.get(taken) else {
                    return self.goes_on(ready);
                };
                if taken + 1 == clients.len() {
                    self.asleep.replace(std::mem::take(asleep));
                }
                let step = ready.iter().find(|step| step.client == *client).copied();
                if step.is_none() {
                    self.ended.set(Ended::Impossible);
                }
                step
            }
            Steering::Drawn(random) => self.draw(random, ready),
            Steering::Listed(steps) => {
                let step = *steps.get(taken)?;
                let can = ready.iter().any(|ready| ready.client == step.client);
                if !can {
                    self.ended.set(Ended::Impossible);
                }
                can.then_some(step)
            }
        }
    }

    fn settled(&self, settled: Settlement) {
        let more = settled.held.iter().filter(|held| !held.only_read);
        let more = more.map(|held| held.relation);
        self.locked.borrow_mut().extend(more);
        let mut transactions = self.transactions.borrow_mut();
        let mut footprint = transactions.footprint(self.script, &settled);
        if !settled.released.is_empty() {
            footprint = Footprint::Everything;
        }
        let asleep = &mut *self.asleep.borrow_mut();
        asleep.retain(|(client, other)| {
            *client != settled.step.client && !other.conflicts(&footprint)
        });
        let NextStep { client, step } = settled.step;
        self.steps.borrow_mut().push(PlayedStep {
            step: settled.step,
            footprint,
            touched: self.script.touched(client, step).clone(),
            end: settled.end,
            released: settled.released.iter().map(|(client, _)| *client).collect(),
            ready: self.ready.take(),
        });
    }
}
