//! Which reads were repeated within one pass through a script?

use super::{NPlusOne, Repeated, RepeatedRead};
use crate::{
    measure::{
        advice::advice,
        observed::as_sent,
        texts::{TextFacts, Texts, binds, binds_as_texts},
        trace::{Message, Pass, Trace},
    },
    record::{Lookups, Reply, Sender, SentBy, Value},
};
use indexmap::IndexMap;
use std::{collections::HashSet, rc::Rc};

/// The fewest statements that are told of by their number alone.
const ENOUGH_BY_NUMBER: usize = 3;

/// The fewest statements with the same values that are told of.
const ENOUGH_ALIKE: usize = 3;

/// The smallest share of an earlier result's rows for which a statement was sent, in percent.
const SHARE_OF_ROWS: usize = 80;

/// A message and what its text says.
struct Sent<'t, 'a> {
    message: &'t Message<'a>,
    text: Rc<TextFacts>,
}

/// One pass, its statements by fingerprint.
pub(super) struct PassView<'t, 'a> {
    trace: &'t Trace<'a>,
    pass: &'t Pass<'a>,
    /// Every answered statement, in order.
    sent: Vec<Sent<'t, 'a>>,
    /// Reads that could be repeated ones, by fingerprint, as indexes into `sent`.
    pub(super) groups: IndexMap<String, Vec<usize>>,
    pub(super) reads: u64,
}

/// An earlier result, or all results of an earlier statement together, for whose rows a statement may have been
/// sent.
struct Parent {
    /// Indexes into `sent`.
    results: Vec<usize>,
    rows: u64,
}

impl<'t, 'a> PassView<'t, 'a> {
    pub(super) fn of(trace: &'t Trace<'a>, texts: &Texts<'a>, pass: &'t Pass<'a>) -> Self {
        let messages = pass.messages.iter().map(|index| &trace.messages[*index]);
        let answered = messages.filter(|message| {
            let reply = message.reply();
            reply.is_some_and(|reply| reply.error.is_none())
        });
        let sent: Vec<Sent<'t, 'a>> = answered
            .map(|message| Sent {
                message,
                text: texts.read(message.sql),
            })
            .collect();
        let mut groups = IndexMap::<String, Vec<usize>>::new();
        let mut reads = 0;
        for (index, Sent { message, text }) in sent.iter().enumerate() {
            if !text.is_read() {
                continue;
            }
            reads += 1;
            let has_array = message.params.iter().any(|p| matches!(p, Value::Array(_)));
            if !text.has_list && !has_array {
                let id = text.fingerprint.id.clone();
                groups.entry(id).or_default().push(index);
            }
        }
        Self {
            trace,
            pass,
            sent,
            groups,
            reads,
        }
    }

    /// The finding, if a group of reads is one statement for each row of an earlier result.
    pub(super) fn n_plus_one(&self, group: &[usize]) -> Option<NPlusOne> {
        let binds = self.binds(group);
        let distinct = binds.iter().collect::<HashSet<_>>().len() as u64;
        if distinct < 2 {
            return None;
        }
        let parent = self.parent(group, &binds)?;
        let repeated = &self.sent[*group.first()?];
        let parent_of = &self.sent[*parent.results.first()?];
        let varying = varying(&binds);
        Some(NPlusOne {
            client: self.pass.client.clone(),
            parent: self.named(parent_of),
            parent_rows: parent.rows,
            repeated: self.named(repeated),
            multiplier: group.len() as u64,
            distinct,
            passes: 1,
            advice: advice(repeated.message, parent_of.message.sql, &varying),
        })
    }

    /// The statements of a group and those for whose rows they were sent, if it is one statement for each of them. What
    /// gave the rows is left out where it wrote or locked them: it must not be sent again, and has to be sent in any case.
    pub(super) fn lookups(&self, group: &[usize]) -> Option<Lookups> {
        let binds = self.binds(group);
        if binds.iter().collect::<HashSet<_>>().len() < 2 {
            return None;
        }
        let parent = self.parent(group, &binds)?;
        let results = parent.results.iter().map(|index| &self.sent[*index]);
        let is_sent_again = results.clone().all(|parent| parent.text.is_read());
        let parents = results.filter(|_| is_sent_again);
        let varying = varying(&binds);
        let first = self.named(&self.sent[*group.first()?]);
        let values = group.iter().map(|index| {
            let sent = &self.sent[*index];
            let texts = binds_as_texts(sent.message, &sent.text);
            varying.iter().map(|at| texts[*at].clone()).collect()
        });
        Some(Lookups {
            parents: parents.map(|parent| as_sent(parent.message)).collect(),
            repeated: group
                .iter()
                .map(|index| as_sent(self.sent[*index].message))
                .collect(),
            values: values.collect(),
            sender: Sender {
                client: self.pass.client.clone(),
                step: first.step,
                by_hook: first.by_hook,
                event: Some(first.event),
                times: group.len() as u64,
            },
            varying,
        })
    }

    fn binds(&self, group: &[usize]) -> Vec<Vec<String>> {
        let of = |index: &usize| binds(self.sent[*index].message, &self.sent[*index].text);
        group.iter().map(of).collect()
    }

    /// The earlier result for whose rows the statements of a group were sent.
    fn parent(&self, group: &[usize], binds: &[Vec<String>]) -> Option<Parent> {
        let first = *group.first()?;
        if let SentBy::ForEach { of, .. } = self.sent[first].message.by {
            let named = (0..first).rev().find(|index| {
                let run = self.sent[*index].message.run;
                run.and_then(|run| self.trace.run(run))
                    .is_some_and(|run| run.step == of)
            });
            if let Some(index) = named {
                return Some(self.single(index));
            }
        }
        let earlier = self.earlier(group);
        let count = group.len() as u64;
        let holds_values = |parent: &&Parent| parent.rows >= 2 && self.holds(parent, binds);
        let exact = |parent: &&Parent| parent.rows == count;
        let nearly =
            |parent: &&Parent| count < parent.rows && is_most(group.len(), parent.rows as usize);
        let by_number = group.len() >= ENOUGH_BY_NUMBER;
        let found = earlier
            .iter()
            .find(holds_values)
            .or_else(|| earlier.iter().find(exact).filter(|_| by_number))
            .or_else(|| earlier.iter().find(nearly).filter(|_| by_number))?;
        Some(Parent {
            results: found.results.clone(),
            rows: found.rows,
        })
    }

    fn single(&self, index: usize) -> Parent {
        let reply = self.sent[index].message.reply();
        let rows = reply.map_or(0, Reply::row_count);
        Parent {
            results: vec![index],
            rows,
        }
    }

    /// Results with rows before a group, the nearest first; then the results of each statement that began
    /// before the group, all together, for loops in loops.
    fn earlier(&self, group: &[usize]) -> Vec<Parent> {
        let Some(first) = group.first().copied() else {
            return Vec::new();
        };
        let id = &self.sent[first].text.fingerprint.id;
        let returns_rows = |index: &usize| {
            let last = self.sent[*index].message.reply().and_then(Reply::last);
            last.is_some_and(|result| !result.columns.is_empty() && result.row_count > 0)
        };
        let other = |index: &usize| self.sent[*index].text.fingerprint.id != *id;
        let before = (0..first).rev().filter(other).filter(returns_rows);
        let mut parents: Vec<Parent> = before.map(|index| self.single(index)).collect();
        for (other_id, results) in &self.groups {
            let began_before = results.first().is_some_and(|index| *index < first);
            if other_id != id && began_before && results.len() > 1 {
                let rows = results.iter().map(|index| self.single(*index).rows).sum();
                parents.push(Parent {
                    results: results.clone(),
                    rows,
                });
            }
        }
        parents
    }

    /// Whether the values that differ between the statements stand in the result, and are nearly all that stand
    /// there: in one column, or spread over several. Only where the log kept all rows of it.
    fn holds(&self, parent: &Parent, binds: &[Vec<String>]) -> bool {
        let replies = parent
            .results
            .iter()
            .filter_map(|index| self.sent[*index].message.reply());
        let rows: Vec<&Vec<Value>> = replies.flat_map(Reply::rows).collect();
        if rows.len() as u64 != parent.rows {
            return false;
        }
        let width = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let columns: Vec<HashSet<String>> = (0..width)
            .map(|column| {
                let cells = rows.iter().filter_map(|row| row.get(column));
                let known = cells.filter(|cell| !cell.is_null());
                known.map(Value::to_string).collect()
            })
            .collect();
        let varying = varying(binds);
        let fits = |position: &usize| {
            let own: HashSet<&String> = binds.iter().filter_map(|b| b.get(*position)).collect();
            let stands_in_one = columns.iter().any(|column| {
                is_most(own.len(), column.len()) && own.iter().all(|value| column.contains(*value))
            });
            let stands = |value: &&String| columns.iter().any(|column| column.contains(*value));
            stands_in_one || (is_most(binds.len(), rows.len()) && own.iter().all(stands))
        };
        !varying.is_empty() && varying.iter().all(fits)
    }

    fn named(&self, sent: &Sent<'t, 'a>) -> Repeated {
        let run = sent.message.run.and_then(|run| self.trace.run(run));
        Repeated {
            step: run.map(|run| run.step.to_owned()),
            by_hook: *sent.message.by == SentBy::Hook,
            fingerprint: sent.text.fingerprint.text.clone(),
            sql: sent.message.sql.to_owned(),
            event: sent.message.sent.seq,
        }
    }

    /// The reads of a group that one execution of a step sent with the same values.
    pub(super) fn alike(&self, group: &[usize]) -> Vec<RepeatedRead> {
        let mut alike = IndexMap::<_, Vec<usize>>::new();
        for (index, binds) in group.iter().zip(self.binds(group)) {
            let run = self.sent[*index].message.run;
            alike.entry((run, binds)).or_default().push(*index);
        }
        let many = alike
            .into_values()
            .filter(|same| same.len() >= ENOUGH_ALIKE);
        many.map(|same| {
            let first = &self.sent[same[0]];
            RepeatedRead {
                client: self.pass.client.clone(),
                repeated: self.named(first),
                count: same.len() as u64,
                params: first.message.params.to_vec(),
            }
        })
        .collect()
    }
}

/// Whether so many statements are nearly as many as the rows or values that they were sent for.
fn is_most(statements: usize, of: usize) -> bool {
    statements * 100 >= of * SHARE_OF_ROWS
}

/// The positions at which the values differ.
fn varying(binds: &[Vec<String>]) -> Vec<usize> {
    let Some((first, rest)) = binds.split_first() else {
        return Vec::new();
    };
    (0..first.len())
        .filter(|position| {
            rest.iter()
                .any(|bind| bind.get(*position) != first.get(*position))
        })
        .collect()
}
