//! How many statements did each client send, and which?

use super::{
    names_of,
    texts::{Texts, binds},
    trace::{PassEnd, Trace},
};
use crate::record::{ClientId, Micros};
use indexmap::IndexMap;
use std::collections::{BTreeMap, HashSet};

/// The statements of one try of one pass through a script. BEGIN, COMMIT, ROLLBACK and `setup` do not count;
/// a batch counts each of its statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassStatements {
    /// Who.
    pub client: ClientId,
    /// Which pass, from 1.
    pub iteration: u32,
    /// Which try of it, from 1.
    pub attempt: u32,
    /// Whether the script was gone through; a pass that an error cut short says little of its count.
    pub end: PassEnd,
    /// How many in all.
    pub count: u64,
    /// How many by step, in the order in which the steps were first taken; hooks of the client itself
    /// under the empty name.
    pub steps: IndexMap<String, u64>,
}

/// How often a statement was sent, whatever its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementUse {
    /// The statement without its values.
    pub text: String,
    /// Its id, the same in every run.
    pub id: String,
    /// How often it was sent.
    pub count: u64,
    /// With how many different values.
    pub distinct_binds: u64,
    /// How many rows it returned or changed in all.
    pub rows: u64,
    /// From sending to ReadyForQuery, in all.
    pub time: Micros,
}

/// The statements of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statements {
    /// Every try of every pass.
    pub passes: Vec<PassStatements>,
    /// Every statement of each client's script, all sessions together, the one that took longest first.
    pub uses: BTreeMap<String, Vec<StatementUse>>,
}

impl Statements {
    /// The passes of a client, by `shopper` or `shopper[3]`.
    pub fn passes_of<'a>(&'a self, of: &'a str) -> impl Iterator<Item = &'a PassStatements> {
        let named = move |pass: &&PassStatements| names_of(&pass.client).any(|name| name == of);
        self.passes.iter().filter(named)
    }

    /// How many statements a client, or a step of it, sent in all.
    pub fn count_of(&self, of: &str) -> u64 {
        let (client, step) = match of.split_once('.') {
            Some((client, step)) => (client, Some(step)),
            None => (of, None),
        };
        let count = |pass: &PassStatements| match step {
            Some(step) => pass.steps.get(step).copied().unwrap_or(0),
            None => pass.count,
        };
        self.passes_of(client).map(count).sum()
    }

    pub(super) fn of<'a>(trace: &Trace<'a>, texts: &Texts<'a>) -> Self {
        Self {
            passes: passes(trace, texts),
            uses: uses(trace, texts),
        }
    }
}

fn passes<'a>(trace: &Trace<'a>, texts: &Texts<'a>) -> Vec<PassStatements> {
    let counted = trace.passes.iter().map(|pass| {
        let mut steps = IndexMap::<String, u64>::new();
        // A step that sent nothing is counted too, with 0.
        for run in pass.runs.iter().map(|index| &trace.runs[*index]) {
            steps.entry(run.step.to_owned()).or_default();
        }
        for message in pass.messages.iter().map(|index| &trace.messages[*index]) {
            let run = message.run.and_then(|run| trace.run(run));
            let step = run.map_or("", |run| run.step);
            *steps.entry(step.to_owned()).or_default() += texts.read(message.sql).statements();
        }
        PassStatements {
            client: pass.client.clone(),
            iteration: pass.iteration,
            attempt: pass.attempt,
            end: pass.end,
            count: steps.values().sum(),
            steps,
        }
    });
    counted.collect()
}

fn uses<'a>(trace: &Trace<'a>, texts: &Texts<'a>) -> BTreeMap<String, Vec<StatementUse>> {
    let mut uses =
        BTreeMap::<String, IndexMap<String, (StatementUse, HashSet<Vec<String>>)>>::new();
    let work = trace
        .messages
        .iter()
        .filter(|message| message.run.is_some());
    for message in work {
        let text = texts.read(message.sql);
        if text.statements() == 0 {
            continue;
        }
        let of_client = uses.entry(message.client.script.clone()).or_default();
        let (known, seen) = of_client
            .entry(text.fingerprint.id.clone())
            .or_insert_with(|| {
                let fresh = StatementUse {
                    text: text.fingerprint.text.clone(),
                    id: text.fingerprint.id.clone(),
                    count: 0,
                    distinct_binds: 0,
                    rows: 0,
                    time: Micros(0),
                };
                (fresh, HashSet::new())
            });
        known.count += 1;
        known.distinct_binds += u64::from(seen.insert(binds(message, &text)));
        if let Some((_, reply, timing)) = message.answer {
            known.rows += reply.row_count();
            known.time.0 += timing.total.0;
        }
    }
    let sorted = |uses: IndexMap<String, (StatementUse, HashSet<Vec<String>>)>| {
        let mut uses: Vec<StatementUse> = uses.into_values().map(|(known, _)| known).collect();
        uses.sort_by_key(|known| std::cmp::Reverse(known.time));
        uses
    };
    uses.into_iter()
        .map(|(client, uses)| (client, sorted(uses)))
        .collect()
}
