//! Which orders are tried where the author names none?

use super::{Interleaving, Lists};
use crate::{
    schedule::case::{ExplorePlan, OrdersPlan},
    spec::{
        expect::Expectation,
        explore::{Explore, Strategy},
    },
};

/// How many orders `all` runs at most, where nobody says.
const LIMIT: u32 = 5000;

/// How many orders `sample` draws, where nobody says.
const COUNT: u32 = 500;

/// The exploration of an interleaving. A forced order is one too where it is compared with serial ones.
pub(super) fn plan(
    interleaving: &Interleaving<'_>,
    expect: &[(String, Expectation)],
) -> Option<ExplorePlan> {
    let compared = |(_, expectation): &(String, Expectation)| {
        matches!(expectation, Expectation::Serializable(_))
    };
    match interleaving.lists {
        Lists::Explored(explore) => Some(of_block(explore)),
        Lists::One(_) if expect.iter().any(compared) => Some(ExplorePlan {
            orders: OrdersPlan::Forced,
            limit: 1,
            minimise: false,
        }),
        Lists::None | Lists::One(_) | Lists::Shared(_) | Lists::All | Lists::Load(_) => None,
    }
}

fn of_block(explore: &Explore) -> ExplorePlan {
    let (orders, limit) = match (explore.strategy, explore.preemptions) {
        (Strategy::Sample, _) => (OrdersPlan::Sample, explore.count.unwrap_or(COUNT)),
        (Strategy::All, Some(most)) => (
            OrdersPlan::Preemptions(most, explore.equal_orders),
            explore.limit.unwrap_or(LIMIT),
        ),
        (Strategy::All, None) => (
            OrdersPlan::All(explore.equal_orders),
            explore.limit.unwrap_or(LIMIT),
        ),
    };
    ExplorePlan {
        orders,
        limit,
        minimise: explore.minimise,
    }
}
