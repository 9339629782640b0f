//! Does an order equal a serial one? The serial orders of its committed transactions are really run, on the same server,
//! each once.

use super::{
    order::{Ended, Played},
    routes::Steering,
    transactions::{Transaction, committed},
    workers::{Job, Stopped, Workers},
};
use crate::{
    measure::trace::Trace,
    record::{CaseLog, EventKind, HookProblem, SerialCheck, SerialDifference},
    run::{Contents, NextStep, Settling},
    schedule::Case,
    verdict::condition,
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
    /// They do not all commit in it.
    Refused(Refusal),
    /// It could not be gone through, and that says nothing about its transactions.
    NotKnown,
}

/// Where a serial order came to its end before its transactions had committed.
#[derive(Debug, Clone)]
struct Refusal {
    /// The place of the step in the order's launches.
    launch: usize,
    /// `alice.read`
    step: String,
    /// What became of it there.
    became: String,
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
        let mut all_are_known = true;
        let mut orders = permutations(&own);
        if orders.len() > MOST_ORDERS {
            check.tried_of_more = Some(MOST_ORDERS as u64);
        }
        // Who only reads comes where he began, not where he committed.
        let by_beginning = by_beginning(&own);
        if orders.first() != Some(&by_beginning) {
            orders.retain(|order| *order != by_beginning);
            orders.insert(1, by_beginning);
        }
        for order in orders.into_iter().take(MOST_ORDERS) {
            let differs = match self.run(case, &own, &order, moving, workers)? {
                Serial::Went(transactions, tables) => {
                    difference(&own, contents, &order, (transactions, tables))
                }
                Serial::Refused(refusal) => Some(refusal.difference(&own, &order)),
                Serial::NotKnown => {
                    all_are_known = false;
                    continue;
                }
            };
            let Some(differs) = differs else {
                check.equals = Some(order);
                check.differences.clear();
                check.tried_of_more = None;
                return Ok(check);
            };
            check.differences.push(differs);
        }
        if !all_are_known || check.tried_of_more.is_some() {
            // One that is not known may be the one that it equals.
            check.differences.clear();
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
        let launches: Vec<NextStep> = listed(own, order).map(|(_, step)| step).collect();
        if !self.known.contains_key(&launches) {
            let job = Job::Steered(Steering::Listed(launches.clone()));
            let played = match workers.play(vec![job]).remove(0) {
                // What is wrong in it is no failure: its steps are no order that was to be tried.
                Err(Stopped::CalledOff { reason, .. }) => return Err(Stopped::Skip(reason)),
                played => played?,
            };
            self.ran += 1;
            let serial = match played.ended {
                Ended::Complete => Serial::Went(
                    committed(case, &played.log, moving),
                    played.contents.unwrap_or_default(),
                ),
                Ended::Impossible => {
                    refused(case, own, order, &played).map_or(Serial::NotKnown, Serial::Refused)
                }
                Ended::Equal => Serial::NotKnown,
            };
            self.known.insert(launches.clone(), serial);
        }
        Ok(&self.known[&launches])
    }
}

impl Refusal {
    /// The order had it commit, and this serial one does not.
    fn difference(&self, own: &[Transaction], order: &[usize]) -> SerialDifference {
        let transaction = listed(own, order).nth(self.launch).map(|(at, _)| at);
        let saw = transaction.map_or(&[][..], |at| own[at].saw.as_slice());
        let seen = saw.iter().find(|saw| saw.step == self.step);
        SerialDifference {
            order: order.to_vec(),
            transaction,
            what: self.step.clone(),
            seen: seen
                .map_or("without an error", |saw| &saw.returned)
                .to_owned(),
            serial: self.became.clone(),
        }
    }
}

/// Why a serial order could not be gone through, if that is due to its transactions: the next step of one of them
/// cannot be taken, since its script has ended, or waits.
fn refused(case: &Case, own: &[Transaction], order: &[usize], played: &Played) -> Option<Refusal> {
    let all: Vec<(usize, NextStep)> = listed(own, order).collect();
    let taken = played.steps.len();
    let client = all.get(taken)?.1.client;
    let launch = all[..taken]
        .iter()
        .rposition(|(_, step)| step.client == client)?;
    let (at, NextStep { step, .. }) = all[launch];
    // What the client did before, and did not commit, is left out here; it may be what is missing (a prepared statement).
    let first = own[at].steps.first().copied()?;
    let has_all =
        (0..first).all(|step| all.iter().any(|(_, one)| *one == NextStep { client, step }));
    if !has_all {
        return None;
    }
    let plan = &case.clients[client];
    let name = &plan.steps[step].name;
    let trace = Trace::read(case, &played.log);
    let mut runs = trace.runs.iter().rev();
    let run = runs.find(|run| *run.client == plan.id && run.launch.is_some())?;
    let became = match run.error_code() {
        Some(code) => format!("it ends with {}", condition(code)),
        None if played.steps[launch].end == Settling::Waits => {
            "it waits for what nobody gives up".to_owned()
        }
        None if says_no(case, &played.log, client) => "a hook ends its script".to_owned(),
        None => return None,
    };
    Some(Refusal {
        launch,
        step: format!("{}.{name}", plan.id),
        became,
    })
}

/// Whether a hook of a client ended its script on purpose; one that is itself at fault says nothing of the order.
fn says_no(case: &Case, log: &CaseLog, of: usize) -> bool {
    log.events.iter().any(|event| {
        let EventKind::HookEnded {
            client, problem, ..
        } = &event.kind
        else {
            return false;
        };
        let on_purpose = matches!(
            problem,
            HookProblem::Assertion { .. } | HookProblem::Failure { .. }
        );
        on_purpose && *client == case.clients[of].id
    })
}

/// The launches of a serial order, each with its transaction.
fn listed(own: &[Transaction], order: &[usize]) -> impl Iterator<Item = (usize, NextStep)> {
    let steps = order
        .iter()
        .map(|at| own[*at].launches().map(|step| (*at, step)));
    steps.flatten()
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

/// All orders of transactions in which those of one client stay in their order, that of the commits first; one more than is
/// tried where there are too many.
fn permutations(all: &[Transaction]) -> Vec<Vec<usize>> {
    fn extend(all: &[Transaction], order: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
        if found.len() > MOST_ORDERS {
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

/// The transactions in the order in which they began to see the tables.
fn by_beginning(all: &[Transaction]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|at| (all[*at].client, all[*at].number));
    order.sort_by_key(|at| all[*at].began);
    order
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
