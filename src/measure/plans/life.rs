//! At which point of its life is a query slow? Planning, a node of its execution, waiting for a lock, sending rows, the
//! rest; and does it move more rows than anybody wants?

use crate::{
    record::{Explained, LockFacts, Micros, PlanNode, QueryRun, SeenLockWait},
    text::{format_duration, thousands},
};

/// A result of this many rows is worth a word: nobody reads a hundred thousand rows.
pub const MANY_ROWS: u64 = 100_000;

/// A join that gives fewer rows than this is not worth a word.
const FEW_ROWS: f64 = 10_000.0;

/// How many times the rows of its larger input a join must give to be said to multiply them.
const MULTIPLIED: f64 = 10.0;

/// Where the time of one query went.
#[derive(Debug, Clone, PartialEq)]
pub struct LifeOfQuery {
    /// The median repetition.
    pub total: Micros,
    /// The planner's time, as EXPLAIN told it.
    pub planning: Micros,
    /// The execution's time, as EXPLAIN told it, and never more than what the wait for locks leaves.
    pub execution: Micros,
    /// The node that took the largest part of it itself, with that part.
    pub slowest: Option<(String, Micros)>,
    /// Waiting for locks, as it was seen from outside, with the lock of the longest wait.
    pub lock_wait: Option<SeenLockWait>,
    /// From the first row to the last, beyond what the execution takes: rows on their way to the client.
    pub sending: Micros,
    /// What is left: the network, the server's start of a statement, the machine.
    pub rest: Micros,
}

impl LifeOfQuery {
    /// Puts the repetitions of a query and its captured plan together; none where nothing was measured.
    pub fn of(runs: &[&QueryRun], explained: &Explained) -> Option<Self> {
        let mut totals: Vec<&&QueryRun> = runs.iter().filter(|run| run.error.is_none()).collect();
        totals.sort_by_key(|run| run.timing.total);
        let median = totals.get(totals.len() / 2)?;
        let total = median.timing.total;
        let (planning, execution) = (explained.planning?, explained.execution?);
        let first_row = median.timing.first_row.unwrap_or(total);
        let lock_wait = median.lock_wait.clone();
        let waited = lock_wait.as_ref().map_or(Micros(0), |wait| wait.waited);
        // Where EXPLAIN waited as well, the wait is in its time of execution.
        let execution = match waited.0 {
            0 => execution,
            waited => execution.min(total.since(Micros(planning.0 + waited))),
        };
        let in_server = Micros(planning.0 + execution.0 + waited.0);
        let left = total.since(in_server);
        // Rows begin to arrive while the execution goes on: only what is beyond it can be sending.
        let sending = Micros(total.since(first_row).0.min(left.0));
        Some(Self {
            total,
            planning,
            execution,
            slowest: slowest(&explained.root).map(|(title, own)| (title, own.min(execution))),
            lock_wait,
            sending,
            rest: Micros(left.0 - sending.0),
        })
    }

    /// In one sentence, in the order of its life.
    pub fn words(&self) -> String {
        let node = self.slowest.as_ref().map_or(String::new(), |(title, own)| {
            format!(" ({title} takes {} of it)", span(*own))
        });
        let (waited, lock) = match &self.lock_wait {
            Some(wait) => (wait.waited, format!(" ({})", lock_words(&wait.lock))),
            None => (Micros(0), String::new()),
        };
        let parts = [
            (self.planning, "planning".to_owned()),
            (self.execution, format!("execution{node}")),
            (waited, format!("waiting for locks{lock}")),
            (self.sending, "sending rows".to_owned()),
            (self.rest, "the rest".to_owned()),
        ];
        let parts = parts.map(|(time, what)| format!("{} {what}", span(time)));
        format!(
            "of {} in the median: {}",
            span(self.total),
            parts.join(", ")
        )
    }
}

/// `AccessShareLock on orders`, or `ExclusiveLock, advisory`
fn lock_words(lock: &LockFacts) -> String {
    match &lock.relation {
        Some(relation) => format!("{} on {relation}", lock.mode),
        None => format!("{}, {}", lock.mode, lock.kind),
    }
}

fn span(time: Micros) -> String {
    format_duration(time.duration())
}

/// The time that a node took itself, over all loops: its own without its children's. What ran in parallel is counted
/// as wall time: divided by those who ran it.
pub fn own_time(node: &PlanNode) -> Micros {
    fn whole(node: &PlanNode) -> u64 {
        let loops = |actual: &crate::record::Actual| match node.shape.parallel {
            true => 1,
            false => actual.loops,
        };
        let actual = node.actual.as_ref();
        actual.map_or(0, |actual| actual.total.0.saturating_mul(loops(actual)))
    }
    let below: u64 = node.children.iter().map(whole).sum();
    Micros(whole(node).saturating_sub(below))
}

fn slowest(root: &PlanNode) -> Option<(String, Micros)> {
    let slowest = root.nodes().max_by_key(|node| own_time(node))?;
    Some((slowest.title(), own_time(slowest)))
}

/// A join that multiplies rows.
#[derive(Debug, Clone)]
pub struct Multiplied<'a> {
    /// The join.
    pub node: &'a PlanNode,
    /// Rows of its larger input.
    pub input: f64,
    /// Rows that it gives.
    pub output: f64,
}

impl Multiplied<'_> {
    /// In a few words.
    pub fn words(&self) -> String {
        format!(
            "{} makes {} rows of {}",
            self.node.title(),
            thousands(self.output.round() as u64),
            thousands(self.input.round() as u64)
        )
    }
}

/// The join that multiplies rows most, if one does.
pub fn multiplied(root: &PlanNode) -> Option<Multiplied<'_>> {
    let joins = root
        .nodes()
        .filter(|node| node.kind == "Nested Loop" || node.kind.ends_with("Join"));
    let found = joins.filter_map(|node| {
        let output = node.rows()?;
        let inputs = node.children.iter().map(|input| rows_given(input, node));
        let input = inputs.fold(1.0, f64::max);
        (output >= FEW_ROWS && output >= MULTIPLIED * input).then_some(Multiplied {
            node,
            input,
            output,
        })
    });
    found.max_by(|a, b| (a.output / a.input).total_cmp(&(b.output / b.input)))
}

/// Rows of an input. A nested loop reads its inner side again for each outer row: there the rows of one loop count if
/// no condition on the outer row makes them others each time.
fn rows_given(input: &PlanNode, join: &PlanNode) -> f64 {
    let inner = input.shape.role.as_deref() == Some("Inner");
    let again = inner
        && join.kind == "Nested Loop"
        && !join
            .children
            .first()
            .is_some_and(|outer| depends_on(input, outer));
    match &input.actual {
        Some(actual) if again => actual.rows,
        _ => input.rows().unwrap_or_default(),
    }
}

/// Whether a condition of the inner side of a join names something of the outer side.
fn depends_on(inner: &PlanNode, outer: &PlanNode) -> bool {
    let names = outer.nodes().filter_map(|node| {
        let shape = &node.shape;
        shape.alias.as_deref().or(shape.relation.as_deref())
    });
    let names: Vec<&str> = names.collect();
    let mut conditions = inner
        .nodes()
        .flat_map(|node| node.shape.conditions.values());
    conditions.any(|condition| names.iter().any(|name| mentions(condition, name)))
}

/// Whether a condition has a column of what has this name: `u.id`, `"U".id`.
fn mentions(condition: &str, name: &str) -> bool {
    let mut dots = condition.match_indices('.');
    dots.any(|(dot, _)| {
        let before = &condition[..dot];
        let bare = before.strip_suffix('"').unwrap_or(before);
        bare.strip_suffix(name).is_some_and(|rest| {
            let last = rest.chars().next_back();
            last.is_none_or(|c| !(c.is_alphanumeric() || c == '_'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::testing::plans::{node, scan};

    #[test]
    fn a_cross_join_multiplies_rows() {
        let outer = scan("Seq Scan", "a", None, 1000.0, 1);
        let mut inner = scan("Seq Scan", "b", None, 500.0, 1);
        inner.shape.role = Some("Inner".into());
        inner.actual.as_mut().unwrap().loops = 1000;
        let join = node("Nested Loop", 500_000.0, 2, vec![outer, inner]);
        let root = node("Aggregate", 1.0, 2, vec![join]);
        let found = multiplied(&root).unwrap();
        assert_eq!(found.words(), "Nested Loop makes 500,000 rows of 1,000");
    }

    #[test]
    fn lines_that_are_looked_up_for_each_order_are_not_multiplied() {
        let outer = scan("Seq Scan", "orders", None, 1000.0, 1);
        let mut inner = scan("Index Scan", "lines", Some("lines_order"), 20.0, 1);
        inner.shape.role = Some("Inner".into());
        let condition = "(order_id = orders.id)".to_owned();
        inner
            .shape
            .conditions
            .insert("Index Cond".into(), condition);
        inner.actual.as_mut().unwrap().loops = 1000;
        let root = node("Nested Loop", 20_000.0, 2, vec![outer, inner]);
        assert!(multiplied(&root).is_none());
    }

    #[test]
    fn a_list_with_its_lines_does_not() {
        let outer = scan("Seq Scan", "orders", None, 50_000.0, 1);
        let inner = scan("Seq Scan", "lines", None, 150_000.0, 1);
        let root = node("Hash Join", 150_000.0, 2, vec![outer, inner]);
        assert!(multiplied(&root).is_none());
    }
}
