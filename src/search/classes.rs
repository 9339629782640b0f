//! How many orders are equal to one that was played? Those in which only independent steps changed places.

use super::order::PlayedStep;
use std::collections::HashMap;

/// More positions in the scripts than this are not gone through.
const MOST_POSITIONS: usize = 200_000;

/// Which steps come before which in every order that is equal to this one.
#[derive(Debug)]
pub struct Precedence {
    /// For each step all that must come before it, as a set of indexes.
    before: Vec<Vec<bool>>,
}

impl Precedence {
    /// Of an order that was played.
    pub fn of(steps: &[PlayedStep]) -> Self {
        let mut before: Vec<Vec<bool>> = Vec::with_capacity(steps.len());
        for (at, step) in steps.iter().enumerate() {
            let mut own = vec![false; steps.len()];
            for (earlier, other) in steps[..at].iter().enumerate() {
                if depends(other, step) {
                    own[earlier] = true;
                    for (index, known) in before[earlier].iter().enumerate() {
                        own[index] |= *known;
                    }
                }
            }
            before.push(own);
        }
        Self { before }
    }

    /// Whether a step comes before another one in every equal order.
    pub fn comes_before(&self, earlier: usize, later: usize) -> bool {
        self.before[later][earlier]
    }

    /// How many orders are equal to this one, itself included; none if there are too many to count.
    pub fn equal_orders(&self, steps: &[PlayedStep]) -> Option<u64> {
        let clients = steps.iter().map(|step| step.step.client).max()? + 1;
        let mut scripts = vec![Vec::new(); clients];
        for (at, step) in steps.iter().enumerate() {
            scripts[step.step.client].push(at);
        }
        // Level by level: how many ways lead to each set of positions in the scripts.
        let mut ways = HashMap::from([(vec![0_usize; clients], 1_u64)]);
        let mut seen = 0;
        for _ in 0..steps.len() {
            let mut next: HashMap<Vec<usize>, u64> = HashMap::new();
            for (positions, count) in ways {
                for (client, script) in scripts.iter().enumerate() {
                    let Some(at) = script.get(positions[client]) else {
                        continue;
                    };
                    if self.is_free(*at, &positions, &scripts) {
                        let mut after = positions.clone();
                        after[client] += 1;
                        let known = next.entry(after).or_insert(0);
                        *known = known.checked_add(count)?;
                    }
                }
            }
            seen += next.len();
            if seen > MOST_POSITIONS {
                return None;
            }
            ways = next;
        }
        ways.into_values().next()
    }

    /// Whether all that must come before a step has been taken.
    fn is_free(&self, step: usize, positions: &[usize], scripts: &[Vec<usize>]) -> bool {
        scripts.iter().zip(positions).all(|(script, position)| {
            script[*position..]
                .iter()
                .all(|left| !self.before[step][*left])
        })
    }
}

/// Whether the later of two steps has to stay behind the earlier one.
fn depends(earlier: &PlayedStep, later: &PlayedStep) -> bool {
    earlier.step.client == later.step.client
        || earlier.released.contains(&later.step.client)
        || earlier.footprint.conflicts(&later.footprint)
}
