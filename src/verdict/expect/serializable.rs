//! `serializable`: the order equals one in which its committed transactions come one after the other.
//!
//! Holds if all tables in the end, and every value that was read, are as after one of the serial orders. Vacuous if
//! fewer than two transactions committed, the comparison was never made, or there are too many serial orders for it.

use crate::{
    record::{SerialCheck, SerialDifference},
    text::{list, plural, thousands},
    verdict::{context::Context, finding::Finding},
};

/// So many serial orders are told, a line each.
const MOST_TOLD: usize = 10;

/// The findings of this expectation.
pub fn judge(pointer: &str, context: &Context<'_>) -> Vec<Finding> {
    let pointer = format!("{pointer}/serializable");
    let Some(check) = &context.log.serial else {
        let primary = "the order was never compared with the serial ones";
        return vec![Finding::vacuous("never-compared", primary).at(context.place(pointer))];
    };
    if check.transactions.len() < 2 {
        let committed = plural(check.transactions.len() as u64, "transaction");
        let primary = format!("{committed} committed, so that there was nothing to compare");
        return vec![Finding::vacuous("never-compared", primary).at(context.place(pointer))];
    }
    if check.equals.is_some() {
        return Vec::new();
    }
    if let Some(tried) = check.tried_of_more {
        let primary = format!(
            "there are too many serial orders of {}: none of the {} that were tried comes to the same",
            plural(check.transactions.len() as u64, "transaction"),
            thousands(tried)
        );
        let finding = Finding::vacuous("never-compared", primary)
            .at(context.place(pointer))
            .hint("compare fewer transactions: leave out clients, or steps");
        return vec![finding];
    }
    if check.differences.is_empty() {
        let primary = "the same transactions could not be gone through one after the other";
        return vec![Finding::vacuous("never-compared", primary).at(context.place(pointer))];
    }
    let primary = format!(
        "no serial order of {} comes to the same",
        list(&check.transactions, "and")
    );
    let finding = Finding::failed("not-serializable", primary)
        .at(context.place(pointer))
        .detail(explained(check))
        .hint(
            "serializable isolation with a retry, or a lock on what was read (FOR UPDATE, an advisory lock, a constraint), lets one of them go first",
        );
    vec![finding]
}

/// `T1 < T2, because T1 did not see …; however T2 < T1, because …` where there are two transactions; else a line for each
/// serial order.
fn explained(check: &SerialCheck) -> String {
    match check.differences.as_slice() {
        [one, other] if check.transactions.len() == 2 => {
            format!("{}; however {}", because(check, one), because(check, other))
        }
        several => {
            let lines = several.iter().take(MOST_TOLD).map(|difference| {
                let names = difference
                    .order
                    .iter()
                    .map(|at| check.transactions[*at].as_str());
                let names: Vec<&str> = names.collect();
                format!("not {}: {}", names.join(" < "), facts(difference))
            });
            let left = several.len().saturating_sub(MOST_TOLD);
            let rest = (left > 0).then(|| format!("… {} more", thousands(left as u64)));
            lines.chain(rest).collect::<Vec<_>>().join("\n")
        }
    }
}

/// Why the first of a serial order does not come before the second: so it is the other way round.
fn because(check: &SerialCheck, difference: &SerialDifference) -> String {
    let name = |at: usize| check.transactions[at].as_str();
    let [first, second] = difference.order.as_slice() else {
        return facts(difference);
    };
    let (first, second) = (name(*first), name(*second));
    match difference.transaction.map(name) {
        // The one that should have come later did not see the earlier one.
        Some(saw) if saw == second => format!(
            "{second} < {first}, because {second} did not see what {first} did ({})",
            facts(difference)
        ),
        Some(saw) => format!(
            "{second} < {first}, because {saw} saw what {second} did ({})",
            facts(difference)
        ),
        None => format!(
            "{second} < {first}, because after {first} < {second} {}",
            facts(difference)
        ),
    }
}

fn facts(difference: &SerialDifference) -> String {
    match difference.transaction {
        Some(_) => format!(
            "{} returned {}, and in that serial order {}",
            difference.what, difference.seen, difference.serial
        ),
        None => format!(
            "table {} would have {}, not {}",
            difference.what, difference.serial, difference.seen
        ),
    }
}
