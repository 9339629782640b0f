//! Which orders are left to try? The tree of all orders, as far as it was seen.
//!
//! Two ways to go through it. All branches; or, by dynamic partial-order reduction, only those that may differ: where two
//! steps of an order that was played conflict with nothing in between, the branch in which they change places is wanted
//! (source sets: Abdulla, Aronsson, Jonsson and Sagonas, "Optimal Dynamic Partial Order Reduction", POPL 2014). And a
//! client whose next step has been tried at a place sleeps in the later branches of that place until somebody does what
//! conflicts with that step (sleep sets: Godefroid, 1996).
//!
//! Where interruptions are bounded, the reduction wants more branches and lets nobody sleep (Coons, Musuvathi and McKinley,
//! "Bounded Partial-Order Reduction", OOPSLA 2013).

use super::{
    classes::Precedence,
    footprint::Footprint,
    order::{Ended, PlayedStep},
    routes::Steering,
};
use std::collections::{BTreeSet, VecDeque};

/// Which branches are gone into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branches {
    /// Those that may differ from one that was.
    ThatMayDiffer,
    /// All of them.
    All,
    /// All in which a client that could go on is interrupted so many times at most.
    WithInterruptions(u32),
    /// Those of them that may differ from one that was.
    WithInterruptionsThatMayDiffer(u32),
}

/// The tree of orders.
#[derive(Debug)]
pub struct Tree {
    branches: Branches,
    nodes: Vec<Node>,
    open: VecDeque<Branch>,
    /// Whether all complete orders that were seen could be counted with those equal to them.
    counted: Option<u64>,
}

/// A branch to go into: a place in the tree, and who takes the next step there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// None for the root, where the first order decides.
    from: Option<(usize, usize)>,
}

/// A place in the tree: what has been done so far.
#[derive(Debug)]
struct Node {
    /// How one gets here.
    path: Vec<usize>,
    /// How often a client that could go on was interrupted on the way.
    interruptions: u32,
    /// Who can take a step.
    ready: Vec<usize>,
    /// Who sleeps, and what their next steps touch.
    asleep: Vec<(usize, Footprint)>,
    /// Who took a step here, in this order, with what it touched once that is known.
    started: Vec<Started>,
    /// Who has to take a step here.
    wanted: BTreeSet<usize>,
}

#[derive(Debug)]
struct Started {
    client: usize,
    footprint: Option<Footprint>,
    child: Option<usize>,
}

impl Tree {
    /// A tree of which nothing was seen.
    pub fn new(branches: Branches) -> Self {
        Self {
            branches,
            nodes: Vec::new(),
            open: VecDeque::from([Branch { from: None }]),
            counted: Some(0),
        }
    }

    /// The next branches to go into, at most so many.
    pub fn take(&mut self, most: usize) -> Vec<Branch> {
        let count = most.min(self.open.len());
        self.open.drain(..count).collect()
    }

    /// Whether nothing is left to go into.
    pub fn is_done(&self) -> bool {
        self.open.is_empty()
    }

    /// How many orders there are, by all that was seen.
    pub fn orders(&self) -> Option<u64> {
        self.counted
    }

    /// How a branch is gone into.
    pub fn steering(&self, branch: &Branch) -> Steering {
        let Some((at, client)) = branch.from else {
            return Steering::Prefix {
                clients: Vec::new(),
                asleep: Vec::new(),
            };
        };
        let node = &self.nodes[at];
        let mut clients = node.path.clone();
        clients.push(client);
        let asleep = match self.branches {
            Branches::ThatMayDiffer => node.asleep_before(client),
            // What makes an order equal to one within the bound may lie beyond it: nobody sleeps.
            Branches::WithInterruptionsThatMayDiffer(_)
            | Branches::All
            | Branches::WithInterruptions(_) => Vec::new(),
        };
        Steering::Prefix { clients, asleep }
    }

    /// Takes in what a branch came to.
    pub fn enter(&mut self, branch: &Branch, steps: &[PlayedStep], ended: Ended) {
        let precedence = Precedence::of(steps);
        if ended == Ended::Complete {
            let own = match self.branches {
                Branches::ThatMayDiffer => precedence.equal_orders(steps),
                Branches::All | Branches::WithInterruptions(_) => Some(1),
                // Some of those that are equal lie beyond the bound.
                Branches::WithInterruptionsThatMayDiffer(_) => None,
            };
            self.counted = self
                .counted
                .zip(own)
                .and_then(|(all, own)| all.checked_add(own));
        }
        let first_new = branch.from.map_or(0, |(at, _)| self.nodes[at].path.len());
        let path = self.grow(branch, steps, first_new);
        match self.branches {
            Branches::ThatMayDiffer => {
                self.want_reversals(steps, &precedence, &path, first_new);
                for at in path {
                    self.start_one(at);
                }
            }
            Branches::WithInterruptionsThatMayDiffer(most) => {
                self.want_reversals_within(steps, &precedence, &path, first_new);
                for at in path {
                    self.start_wanted(at, most);
                }
            }
            Branches::All | Branches::WithInterruptions(_) => {
                for at in path.into_iter().skip(first_new) {
                    self.start_all(at);
                }
            }
        }
    }

    /// Adds the places that an order came through; gives all on its way.
    fn grow(&mut self, branch: &Branch, steps: &[PlayedStep], first_new: usize) -> Vec<usize> {
        let mut path = self.way_to(branch);
        for (depth, step) in steps.iter().enumerate().skip(first_new) {
            let client = step.step.client;
            if depth == path.len() {
                let node = self.node_before(step, path.last().map(|at| (*at, depth)), steps);
                self.nodes.push(node);
                let at = self.nodes.len() - 1;
                if let Some(parent) = path.last() {
                    self.child_of(*parent, steps[depth - 1].step.client, at);
                }
                path.push(at);
            }
            self.nodes[path[depth]].saw(client, step.footprint.clone());
        }
        path
    }

    fn way_to(&self, branch: &Branch) -> Vec<usize> {
        let Some((at, _)) = branch.from else {
            return Vec::new();
        };
        let mut way = vec![0];
        for client in &self.nodes[at].path {
            let node = &self.nodes[way[way.len() - 1]];
            let next = node
                .started
                .iter()
                .find(|started| started.client == *client);
            way.extend(next.and_then(|started| started.child));
        }
        way
    }

    fn child_of(&mut self, parent: usize, client: usize, child: usize) {
        let started = self.nodes[parent].started.iter_mut();
        for started in started.filter(|started| started.client == client) {
            started.child = Some(child);
        }
    }

    /// The place before a step; `parent` is the one before that, with the depth of this one.
    fn node_before(
        &self,
        step: &PlayedStep,
        parent: Option<(usize, usize)>,
        steps: &[PlayedStep],
    ) -> Node {
        let mut node = Node {
            path: Vec::new(),
            interruptions: 0,
            ready: step.ready.iter().map(|ready| ready.client).collect(),
            asleep: Vec::new(),
            started: Vec::new(),
            wanted: BTreeSet::new(),
        };
        if let Some((parent, depth)) = parent {
            let before = &self.nodes[parent];
            let last = &steps[depth - 1];
            node.path.clone_from(&before.path);
            node.path.push(last.step.client);
            node.interruptions = before.interruptions + before.interrupted_by(last.step.client);
            node.asleep = before.asleep_before(last.step.client);
            node.asleep
                .retain(|(_, other)| !other.conflicts(&last.footprint));
        }
        node
    }

    /// Wants the branches in which two steps that conflict, with nothing in between, change places.
    fn want_reversals(
        &mut self,
        steps: &[PlayedStep],
        precedence: &Precedence,
        path: &[usize],
        first_new: usize,
    ) {
        for later in first_new..steps.len() {
            for earlier in (0..later).rev() {
                if !is_race(steps, precedence, earlier, later) {
                    continue;
                }
                let others: Vec<usize> = (earlier + 1..later)
                    .filter(|between| !precedence.comes_before(earlier, *between))
                    .chain([later])
                    .collect();
                let first = |at: &usize| {
                    let mut before = others.iter().take_while(|other| *other < at);
                    !before.any(|other| precedence.comes_before(*other, *at))
                };
                let initials = others.iter().filter(|at| first(at));
                let initials: Vec<usize> = initials.map(|at| steps[*at].step.client).collect();
                self.nodes[path[earlier]].want(&initials, steps[later].step.client);
            }
        }
    }

    /// Wants the same branches, and with each of them one more: the later client also where the earlier one, or whoever
    /// came before, was last given its turn. There nobody is interrupted for it, so that the reversal is also reached where
    /// no interruption is left.
    fn want_reversals_within(
        &mut self,
        steps: &[PlayedStep],
        precedence: &Precedence,
        path: &[usize],
        first_new: usize,
    ) {
        let is_turn = |at: &usize| *at == 0 || steps[*at - 1].step.client != steps[*at].step.client;
        for later in first_new..steps.len() {
            let client = steps[later].step.client;
            for earlier in (0..later).rev() {
                if is_race(steps, precedence, earlier, later) {
                    self.nodes[path[earlier]].want_exactly(client);
                    if let Some(turn) = (0..earlier).rev().find(is_turn) {
                        self.nodes[path[turn]].want_exactly(client);
                    }
                }
            }
        }
    }

    fn start_wanted(&mut self, at: usize, most: u32) {
        let node = &self.nodes[at];
        let known = |client: &usize| node.started.iter().any(|started| started.client == *client);
        let within = |client: &usize| node.interruptions + node.interrupted_by(*client) <= most;
        let wanted = node.wanted.iter().copied();
        let new: Vec<usize> = wanted
            .filter(|client| !known(client) && within(client))
            .collect();
        for client in new {
            self.start(at, client);
        }
    }

    /// Starts one of the clients that are wanted at a place, once it is known what those before it touched.
    fn start_one(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if node
            .started
            .iter()
            .any(|started| started.footprint.is_none())
        {
            return;
        }
        let sleeps = |client: &usize| node.asleep.iter().any(|(other, _)| other == client);
        let known = |client: &usize| node.started.iter().any(|started| started.client == *client);
        let next = node
            .wanted
            .iter()
            .find(|client| !known(client) && !sleeps(client))
            .copied();
        if let Some(client) = next {
            self.start(at, client);
        }
    }

    fn start_all(&mut self, at: usize) {
        let node = &self.nodes[at];
        let known = |client: &usize| node.started.iter().any(|started| started.client == *client);
        let within = |client: &usize| match self.branches {
            Branches::WithInterruptions(most) => {
                node.interruptions + node.interrupted_by(*client) <= most
            }
            Branches::ThatMayDiffer
            | Branches::WithInterruptionsThatMayDiffer(_)
            | Branches::All => true,
        };
        let ready = node.ready.iter().copied();
        let all: Vec<usize> = ready
            .filter(|client| !known(client) && within(client))
            .collect();
        for client in all {
            self.start(at, client);
        }
    }

    fn start(&mut self, at: usize, client: usize) {
        self.nodes[at].started.push(Started {
            client,
            footprint: None,
            child: None,
        });
        self.open.push_back(Branch {
            from: Some((at, client)),
        });
    }
}

impl Node {
    /// Who sleeps when this client takes its step here: those who did before, and those who took theirs here earlier.
    fn asleep_before(&self, client: usize) -> Vec<(usize, Footprint)> {
        let earlier = self
            .started
            .iter()
            .take_while(|started| started.client != client);
        let earlier =
            earlier.filter_map(|started| Some((started.client, started.footprint.clone()?)));
        self.asleep.iter().cloned().chain(earlier).collect()
    }

    /// Whether a client that could go on is interrupted when this one takes its step.
    fn interrupted_by(&self, client: usize) -> u32 {
        let last = self.path.last();
        u32::from(last.is_some_and(|last| *last != client && self.ready.contains(last)))
    }

    fn saw(&mut self, client: usize, footprint: Footprint) {
        let mut started = self.started.iter_mut();
        match started.find(|started| started.client == client) {
            Some(started) => {
                started.footprint.get_or_insert(footprint);
            }
            None => self.started.push(Started {
                client,
                footprint: Some(footprint),
                child: None,
            }),
        }
    }

    /// Wants this client here; where it cannot be first, whoever can may lead there.
    fn want_exactly(&mut self, client: usize) {
        match self.ready.contains(&client) {
            true => drop(self.wanted.insert(client)),
            false => self.wanted.extend(&self.ready),
        }
    }

    /// Wants one of these clients here, unless one of them was wanted or tried before, or sleeps: then what it begins is
    /// equal to what was tried elsewhere.
    fn want(&mut self, initials: &[usize], best: usize) {
        let mut started = self.started.iter().map(|started| started.client);
        let known = started.any(|client| initials.contains(&client))
            || initials.iter().any(|client| self.wanted.contains(client))
            || self
                .asleep
                .iter()
                .any(|(client, _)| initials.contains(client));
        if known {
            return;
        }
        let can = |client: &&usize| self.ready.contains(client);
        let chosen = initials
            .iter()
            .find(|client| **client == best && can(client));
        match chosen.or_else(|| initials.iter().find(can)) {
            Some(client) => {
                self.wanted.insert(*client);
            }
            // None of them can be first: whoever can may lead there.
            None => self.wanted.extend(&self.ready),
        }
    }
}

/// Whether two steps of different clients conflict, nothing stands in between, and they could change places.
fn is_race(steps: &[PlayedStep], precedence: &Precedence, earlier: usize, later: usize) -> bool {
    let (one, other) = (&steps[earlier], &steps[later]);
    let in_between =
        |at: usize| precedence.comes_before(earlier, at) && precedence.comes_before(at, later);
    one.step.client != other.step.client
        && one.footprint.conflicts(&other.footprint)
        // Who was let go on by a step cannot come before it.
        && !one.released.contains(&other.step.client)
        && !(earlier + 1..later).any(in_between)
}
