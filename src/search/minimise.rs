//! What is the shortest order that fails in the same way? Clients, transactions and steps that play no part are left out,
//! as long as the same steps one client after the other do no harm; then clients change less often.

use super::order::Played;
use crate::{
    run::NextStep,
    schedule::{Case, StepWork},
};
use std::collections::BTreeSet;

/// More orders than this are not run to make one shorter.
const MOST_RUNS: u64 = 200;

/// With more clients than this there are too many ways for them to come one after the other.
const MOST_CLIENTS: usize = 4;

/// What tells whether an order fails.
pub trait Trial {
    /// Plays these steps; the order if it fails in the same way.
    fn fails_the_same(&mut self, steps: &[NextStep]) -> Option<Played>;

    /// Whether these steps do no harm, one client after the other, whoever comes first.
    fn is_right_one_by_one(&mut self, steps: &[NextStep]) -> bool;

    /// How many orders were played so far.
    fn runs(&self) -> u64;
}

/// Makes an order that fails shorter; gives the order as it was played last.
pub fn minimise(case: &Case, failed: Played, trial: &mut dyn Trial) -> Played {
    let mut best = failed;
    leave_out(case, &mut best, trial);
    change_less_often(&mut best, trial);
    best
}

/// The steps of an order.
pub fn steps(played: &Played) -> Vec<NextStep> {
    played.steps.iter().map(|step| step.step).collect()
}

/// The same steps, one client after the other, in every order of the clients. With a step left out that a later client
/// relies on, only some of them do harm.
pub fn one_by_one(steps: &[NextStep]) -> impl Iterator<Item = Vec<NextStep>> {
    let clients: BTreeSet<usize> = steps.iter().map(|step| step.client).collect();
    let own = |client: usize| steps.iter().filter(move |step| step.client == client);
    let orders = permutations(clients.into_iter().collect());
    let serial = orders
        .into_iter()
        .map(|order| order.into_iter().flat_map(own).copied().collect());
    serial.collect::<Vec<_>>().into_iter()
}

fn permutations(clients: Vec<usize>) -> Vec<Vec<usize>> {
    if clients.len() < 2 {
        return vec![clients];
    }
    let first = clients.iter().enumerate();
    let all = first.flat_map(|(at, first)| {
        let mut others = clients.clone();
        others.remove(at);
        let rest = permutations(others).into_iter();
        rest.map(|rest| [vec![*first], rest].concat())
    });
    all.collect()
}

/// How often an order changes from one client to another.
pub fn switches(steps: &[NextStep]) -> u64 {
    let pairs = steps.windows(2);
    pairs
        .filter(|pair| pair[0].client != pair[1].client)
        .count() as u64
}

fn leave_out(case: &Case, best: &mut Played, trial: &mut dyn Trial) {
    for unit in units(case, best) {
        let shorter: Vec<NextStep> = steps(best)
            .into_iter()
            .filter(|step| !unit.contains(step))
            .collect();
        let fewer = shorter.len() < best.steps.len();
        let clients = shorter.iter().map(|step| step.client);
        let left = clients.collect::<BTreeSet<usize>>().len();
        if !fewer || !(2..=MOST_CLIENTS).contains(&left) || trial.runs() >= MOST_RUNS {
            continue;
        }
        if trial.is_right_one_by_one(&shorter)
            && let Some(played) = trial.fails_the_same(&shorter)
        {
            *best = played;
        }
    }
}

/// What can be left out: whole clients, then transactions, then single reads, the last ones first. BEGIN and COMMIT go only
/// with what stands between them, and no lock or write is left out of a transaction: without it the program would be
/// another one, and wrong for another reason.
fn units(case: &Case, failed: &Played) -> Vec<Vec<NextStep>> {
    let scripts = case.clients.iter().enumerate().map(|(client, plan)| {
        let steps = 0..plan.steps.len();
        steps
            .map(move |step| NextStep { client, step })
            .collect::<Vec<_>>()
    });
    let scripts: Vec<Vec<NextStep>> = scripts.rev().collect();
    let is_control = |step: &NextStep| {
        matches!(
            case.clients[step.client].steps[step.step].work,
            StepWork::Control(_)
        )
    };
    let mut units = scripts.clone();
    for script in &scripts {
        let ends = script.iter().filter(|step| is_control(step));
        let ends: Vec<usize> = ends.map(|step| step.step).collect();
        for pair in ends.chunks(2).rev() {
            if let [begin, end] = pair {
                units.push(script[*begin..=*end].to_vec());
            }
        }
    }
    let only_reads = |step: &NextStep| {
        let mut played = failed.steps.iter().filter(|played| played.step == *step);
        played.any(|played| !played.touched.unknown && played.touched.written.is_empty())
    };
    for script in &scripts {
        let reads = script
            .iter()
            .rev()
            .filter(|step| !is_control(step) && only_reads(step));
        units.extend(reads.map(|step| vec![*step]));
    }
    units
}

/// Moves what a client does in one go to where it is at work anyway.
fn change_less_often(best: &mut Played, trial: &mut dyn Trial) {
    'again: loop {
        let now = steps(best);
        for candidate in moved(&now) {
            if trial.runs() >= MOST_RUNS {
                return;
            }
            if switches(&candidate) < switches(&now)
                && let Some(played) = trial.fails_the_same(&candidate)
            {
                *best = played;
                continue 'again;
            }
        }
        return;
    }
}

/// Every order in which one block of a client's steps stands next to the block of it before or after.
fn moved(steps: &[NextStep]) -> Vec<Vec<NextStep>> {
    let mut blocks: Vec<Vec<NextStep>> = Vec::new();
    for step in steps {
        match blocks.last_mut() {
            Some(block) if block[0].client == step.client => block.push(*step),
            _ => blocks.push(vec![*step]),
        }
    }
    let mut candidates = Vec::new();
    for from in 0..blocks.len() {
        let same = |at: &usize| *at != from && blocks[*at][0].client == blocks[from][0].client;
        let before = (0..from).rev().find(same);
        let after = (from + 1..blocks.len()).find(same);
        for (to, behind) in [(before, 1), (after, 0)] {
            let Some(to) = to else { continue };
            let mut others = blocks.clone();
            let block = others.remove(from);
            let at = to + behind - usize::from(to > from);
            others.insert(at, block);
            candidates.push(others.concat());
        }
    }
    candidates.sort_by_key(|candidate| switches(candidate));
    candidates.dedup();
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_first_is_tried() {
        let step = |client, step| NextStep { client, step };
        let steps = [step(0, 0), step(1, 0), step(0, 1)];
        let serial: Vec<Vec<NextStep>> = one_by_one(&steps).collect();
        let (first, second) = ([step(0, 0), step(0, 1)], [step(1, 0)]);
        assert_eq!(
            serial,
            [
                [&first[..], &second[..]].concat(),
                [&second[..], &first[..]].concat()
            ]
        );
        assert_eq!(permutations(vec![1, 2, 3]).len(), 6);
    }

    #[test]
    fn a_block_moves_to_where_its_client_is_at_work() {
        let step = |client, step| NextStep { client, step };
        let steps = [step(0, 0), step(1, 0), step(0, 1), step(1, 1)];
        assert_eq!(switches(&steps), 3);
        let best = &moved(&steps)[0];
        assert_eq!(switches(best), 1);
    }
}
