//! Does an order equal a serial one? The serial orders of its committed transactions are really run, on the same server,
//! each once.

use super::{
    order::{Ended, Played},
    routes::Steering,
    transactions::{Transaction, committed},
    workers::{Job, Stopped, Workers},
};
use crate::{
    record::{SerialCheck, SerialDifference},
    run::{Contents, NextStep},
    schedule::Case,
};
use std::collections::{HashMap, HashSet};

/// More serial orders than this are not tried for one order.
const MOST_ORDERS: usize = 5040;

/// The serial orders that were run.
#[derive(Debug, Default)]
pub struct SerialOrders {
    known: HashMap<Vec<NextStep>, Serial>,
    /// How many were run.
    pub ran: u64,
}

/// What a serial order came to.
#[derive(Debug, Clone)]
enum Serial {
    /// Its transactions, in their order, and what stands in the tables afterwards.
    Went(Vec<Transaction>, Contents),
    /// It could not be gone through.
    Impossible,
}

impl SerialOrders {
    /// Holds an order against the serial ones.
    pub fn check(
        &mut self,
        case: &Case,
        played: &Played,
        moving: &HashSet<String>,
        workers: &Workers,
    ) -> Result<SerialCheck, Stopped> {
        let own = committed(case, &played.log, moving);
        let mut check = SerialCheck {
            transactions: own.iter().map(|one| name(case, one, &own)).collect(),
            ..SerialCheck::default()
        };
        if own.len() < 2 {
            return Ok(check);
        }
        let contents = played.contents.as_deref().unwrap_or_default();
        for order in permutations(&own) {
            let serial = self.run(case, &own, &order, moving, workers)?;
            let Serial::Went(transactions, tables) = serial else {
                // Where one of them is not known, nothing is said against the order.
                check.differences.clear();
                break;
            };
            match difference(&own, contents, &order, (transactions, tables)) {
                None => {
                    check.equals = Some(order);
                    check.differences.clear();
                    break;
                }
                Some(difference) => check.differences.push(difference),
            }
        }
        Ok(check)
    }

    fn run(
        &mut self,
        case: &Case,
        own: &[Transaction],
        order: &[usize],
        moving: &HashSet<String>,
        workers: &Workers,
    ) -> Result<&Serial, Stopped> {
        let launches: Vec<NextStep> = order.iter().flat_map(|at| own[*at].launches()).collect();
        if !self.known.contains_key(&launches) {
            let job = Job::Steered(Steering::Listed(launches.clone()));
            let played = workers.play(vec![job]).remove(0)?;
            self.ran += 1;
            let serial = match played.ended {
                Ended::Complete => Serial::Went(
                    committed(case, &played.log, moving),
                    played.contents.unwrap_or_default(),
                ),
                Ended::Equal | Ended::Impossible => Serial::Impossible,
            };
            self.known.insert(launches.clone(), serial);
        }
        Ok(&self.known[&launches])
    }
}

fn name(case: &Case, transaction: &Transaction, all: &[Transaction]) -> String {
    let client = &case.clients[transaction.client].id;
    let several = all
        .iter()
        .filter(|other| other.client == transaction.client)
        .count()
        > 1;
    match several {
        true => format!("{client}#{}", transaction.number),
        false => client.to_string(),
    }
}

/// All orders of transactions in which those of one client stay in their order, that of the commits first.
fn permutations(all: &[Transaction]) -> Vec<Vec<usize>> {
    fn extend(all: &[Transaction], order: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
        if found.len() >= MOST_ORDERS {
            return;
        }
        if order.len() == all.len() {
            found.push(order.clone());
            return;
        }
        for (at, transaction) in all.iter().enumerate() {
            let earlier = |(other, one): (usize, &Transaction)| {
                one.client == transaction.client
                    && one.number < transaction.number
                    && !order.contains(&other)
            };
            if order.contains(&at) || all.iter().enumerate().any(earlier) {
                continue;
            }
            order.push(at);
            extend(all, order, found);
            order.pop();
        }
    }
    let mut found = Vec::new();
    extend(all, &mut Vec::new(), &mut found);
    found
}

/// What distinguishes an order from a serial one; none if nothing does.
fn difference(
    own: &[Transaction],
    contents: &[crate::run::TableContents],
    order: &[usize],
    (transactions, tables): (&[Transaction], &Contents),
) -> Option<SerialDifference> {
    let told = |transaction, what: &str, seen: &str, serial: &str| {
        Some(SerialDifference {
            order: order.to_vec(),
            transaction,
            what: what.to_owned(),
            seen: seen.to_owned(),
            serial: serial.to_owned(),
        })
    };
    for (place, at) in order.iter().enumerate() {
        let one = &own[*at];
        let other = transactions
            .get(place)
            .filter(|other| other.client == one.client && other.steps == one.steps);
        let Some(other) = other else {
            let step = one.saw.first().map_or("a step", |saw| saw.step.as_str());
            return told(
                Some(*at),
                step,
                "and it committed",
                "it does not commit like that",
            );
        };
        for (mine, theirs) in one.saw.iter().zip(&other.saw) {
            if mine != theirs {
                return told(Some(*at), &mine.step, &mine.returned, &theirs.returned);
            }
        }
    }
    let differs = contents
        .iter()
        .zip(tables)
        .find(|(mine, theirs)| mine != theirs);
    let (mine, theirs) = differs?;
    let (seen, serial) = only_in_each(&mine.rows, &theirs.rows);
    told(None, &mine.table, &seen, &serial)
}

/// The rows that only one of the two has.
fn only_in_each(mine: &str, theirs: &str) -> (String, String) {
    let only = |own: &str, other: &str| {
        let mut left: Vec<&str> = other.lines().collect();
        let mut only = Vec::new();
        for row in own.lines() {
            match left.iter().position(|known| *known == row) {
                Some(at) => drop(left.remove(at)),
                None => only.push(row),
            }
        }
        match only.is_empty() {
            true => "no such row".to_owned(),
            false => only.join(" "),
        }
    };
    (only(mine, theirs), only(theirs, mine))
}
