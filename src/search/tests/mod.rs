//! The tree of orders, held against all orders, on a world of locks and variables that is small enough to know.

mod world;

use super::{
    order::Ended,
    routes::Steering,
    tree::{Branches, Tree},
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use world::{Act, Outcome, World};

/// What going through a tree came to.
#[derive(Debug)]
struct Went {
    outcomes: BTreeSet<Outcome>,
    ran: u64,
    left_early: u64,
    orders: Option<u64>,
}

fn go_through(scripts: &[Vec<Act>], branches: Branches, at_once: usize) -> Went {
    let mut tree = Tree::new(branches);
    let mut went = Went {
        outcomes: BTreeSet::new(),
        ran: 0,
        left_early: 0,
        orders: None,
    };
    while !tree.is_done() {
        for branch in tree.take(at_once) {
            let Steering::Prefix { clients, asleep } = tree.steering(&branch) else {
                panic!("a tree has beginnings");
            };
            let (steps, ended, outcome) = World::play(scripts, &clients, &asleep);
            tree.enter(&branch, &steps, ended);
            match ended {
                Ended::Complete => {
                    went.ran += 1;
                    went.outcomes.insert(outcome);
                }
                Ended::Equal => went.left_early += 1,
                Ended::Impossible => panic!("{clients:?} cannot be gone through again"),
            }
        }
    }
    went.orders = tree.orders();
    went
}

fn script() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (0..3_u32).prop_map(Act::Read),
        3 => (0..3_u32).prop_map(Act::Write),
        2 => (0..2_u32).prop_map(Act::Lock),
        1 => Just(Act::Think),
        1 => Just(Act::Commit),
    ];
    proptest::collection::vec(act, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn leaving_out_equal_orders_loses_no_outcome_and_counts_them_all(
        scripts in proptest::collection::vec(script(), 2..4)
    ) {
        let all = go_through(&scripts, Branches::All, 16);
        let reduced = go_through(&scripts, Branches::ThatMayDiffer, 16);
        prop_assert_eq!(&all.outcomes, &reduced.outcomes, "{:?}", scripts);
        prop_assert_eq!(all.orders, Some(all.ran));
        prop_assert_eq!(all.orders, reduced.orders, "{:?}", scripts);
        prop_assert!(reduced.ran <= all.ran);
    }

    #[test]
    fn leaving_out_equal_orders_loses_no_outcome_within_a_bound(
        scripts in proptest::collection::vec(script(), 2..4),
        most in 0..4_u32
    ) {
        let all = go_through(&scripts, Branches::WithInterruptions(most), 16);
        let reduced = go_through(&scripts, Branches::WithInterruptionsThatMayDiffer(most), 16);
        prop_assert_eq!(&all.outcomes, &reduced.outcomes, "{:?}", scripts);
        prop_assert!(reduced.ran <= all.ran);
    }

    #[test]
    fn how_many_are_asked_for_at_once_changes_no_outcome(
        scripts in proptest::collection::vec(script(), 2..4)
    ) {
        let one = go_through(&scripts, Branches::ThatMayDiffer, 1);
        let many = go_through(&scripts, Branches::ThatMayDiffer, 16);
        prop_assert_eq!(one.outcomes, many.outcomes);
    }
}

#[test]
fn clients_that_never_meet_need_one_order() {
    let scripts = [
        vec![Act::Write(0); 4],
        vec![Act::Write(1); 4],
        vec![Act::Write(2); 4],
    ];
    let went = go_through(&scripts, Branches::ThatMayDiffer, 16);
    assert_eq!((went.ran, went.left_early), (1, 0));
    // 12! / (4! 4! 4!)
    assert_eq!(went.orders, Some(34_650));
}

#[test]
fn interruptions_are_bounded() {
    let scripts = [vec![Act::Write(0); 3], vec![Act::Write(0); 3]];
    let ran = |most| go_through(&scripts, Branches::WithInterruptions(most), 16).ran;
    // One client after the other, in either order; then those that come back once; then all of them.
    assert_eq!((ran(0), ran(1)), (2, 6));
    assert_eq!(ran(9), 20);
}

#[test]
fn within_a_bound_what_never_meets_is_not_interrupted() {
    let scripts = [vec![Act::Write(0); 3], vec![Act::Write(1); 3]];
    let all = go_through(&scripts, Branches::WithInterruptions(2), 16);
    let reduced = go_through(&scripts, Branches::WithInterruptionsThatMayDiffer(2), 16);
    assert_eq!((all.ran, reduced.ran), (14, 1));
}
