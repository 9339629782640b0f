//! Which case is next, of those that run side by side? One that would only wait for what another one has lets those pass
//! that can begin.

use crate::schedule::{Case, CommonGood, Plan, Share};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The cases that are yet to begin, and what those at work have.
pub(super) struct Turns {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    left: Vec<(usize, Needs)>,
    at_work: Vec<(usize, Needs)>,
}

/// What there is once on a server and a case needs.
#[derive(Debug, Default)]
struct Needs {
    /// The name of its database, where it must have one.
    name: Option<String>,
    goods: Vec<(CommonGood, Share)>,
}

impl Turns {
    /// These cases of a plan, in this order.
    pub(super) fn of(plan: &Plan, indices: &[usize]) -> Self {
        let left = indices.iter();
        let left = left.map(|index| (*index, Needs::of(&plan.cases[*index])));
        let state = State {
            left: left.collect(),
            at_work: Vec::new(),
        };
        Self {
            state: Mutex::new(state),
        }
    }

    /// The case that begins now; none when all have begun.
    pub(super) fn next(&self) -> Option<usize> {
        self.state().next()
    }

    /// A case has ended.
    pub(super) fn ended(&self, index: usize) {
        self.state().at_work.retain(|(known, _)| *known != index);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Where each one that is left would wait, the first of them: nobody else could use its place.
    fn next(&mut self) -> Option<usize> {
        let free = self.left.iter().position(|(_, needs)| {
            let mut at_work = self.at_work.iter();
            !at_work.any(|(_, held)| needs.waits_for(held))
        });
        if self.left.is_empty() {
            return None;
        }
        let chosen = self.left.remove(free.unwrap_or(0));
        let index = chosen.0;
        self.at_work.push(chosen);
        Some(index)
    }
}

impl Needs {
    fn of(case: &Case) -> Self {
        Self {
            name: case.database.name.clone(),
            goods: case.common_goods(),
        }
    }

    fn waits_for(&self, held: &Self) -> bool {
        let same_name = self.name.is_some() && self.name == held.name;
        let mut goods = self.goods.iter();
        same_name
            || goods.any(|(good, share)| {
                let mut held = held.goods.iter();
                held.any(|(taken, how)| good == taken && [*share, *how].contains(&Share::Alone))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(good: Option<Share>) -> Needs {
        let goods = good.map(|share| (CommonGood::Notifications, share));
        Needs {
            name: None,
            goods: goods.into_iter().collect(),
        }
    }

    fn waiting(all: Vec<Needs>) -> State {
        State {
            left: all.into_iter().enumerate().collect(),
            at_work: Vec::new(),
        }
    }

    #[test]
    fn who_would_wait_lets_pass_who_would_not() {
        let alone = Some(Share::Alone);
        let mut state = waiting(vec![needs(alone), needs(alone), needs(None)]);
        let begun = [state.next(), state.next(), state.next(), state.next()];
        assert_eq!(begun, [Some(0), Some(2), Some(1), None]);
    }

    #[test]
    fn those_that_share_begin_together_and_not_beside_one_that_is_alone() {
        let beside = Some(Share::Beside);
        let all = [beside, Some(Share::Alone), beside, None];
        let mut state = waiting(all.map(needs).into());
        assert_eq!([state.next(), state.next()], [Some(0), Some(2)]);
        assert_eq!(state.next(), Some(3));
        state.at_work.clear();
        assert_eq!(state.next(), Some(1));
    }

    #[test]
    fn one_name_is_given_to_one_case_at_a_time() {
        let named = |name: &str| Needs {
            name: Some(name.to_owned()),
            goods: Vec::new(),
        };
        let mut state = waiting(vec![named("a"), named("a"), named("b")]);
        assert_eq!([state.next(), state.next()], [Some(0), Some(2)]);
    }
}
