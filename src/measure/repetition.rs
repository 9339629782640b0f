//! Which reads did a client repeat that one statement could have answered? Found in what was sent, not in the form
//! of the script: a step for each row, a hook that loops over `sql()`, steps written out one by one, with
//! parameters or with values spliced into the text, are all the same to the server.
//!
//! **N+1** is a read of one fingerprint, sent several times with different values in one pass through a
//! script, as often as an earlier result of that pass had rows. Three kinds of evidence count, the strongest
//! first: the step says itself that it runs for each row of an earlier one; every value stands in a column of
//! an earlier result; the number of statements is the number of rows of an earlier result, or up to a fifth
//! less, since some rows lack what is looked up. By number alone three statements are needed, since two reads of
//! the same kind are nothing unusual; with the stronger evidence two are enough.
//!
//! A **repeated statement** is a read that one execution of a step sent at least three times with the same
//! values. Steps that an author wrote out several times are meant.
//!
//! Silent on writes and locking reads, on arrays (`= ANY($1)`) and lists (`IN (1, 2)`), which are the cure,
//! and on batches, which travel once.

mod pass;

use super::{advice::Advice, texts::Texts, trace::Trace};
use crate::record::{ClientId, Lookups, Value};
use indexmap::IndexMap;
use pass::PassView;

/// One statement for each row of an earlier one.
#[derive(Debug, Clone, PartialEq)]
pub struct NPlusOne {
    /// Who: one session.
    pub client: ClientId,
    /// The statement that returned the rows.
    pub parent: Repeated,
    /// How many rows it returned.
    pub parent_rows: u64,
    /// The statement that was sent for each of them.
    pub repeated: Repeated,
    /// How many statements beyond the parent in one pass; of several passes the largest.
    pub multiplier: u64,
    /// With how many different values.
    pub distinct: u64,
    /// In how many passes.
    pub passes: u64,
    /// What to send instead.
    pub advice: Advice,
}

/// A read that was sent again and again with the same values.
#[derive(Debug, Clone, PartialEq)]
pub struct RepeatedRead {
    /// Who: one session.
    pub client: ClientId,
    /// The statement.
    pub repeated: Repeated,
    /// How often in one execution of the step; of several the largest.
    pub count: u64,
    /// The first repetition's values.
    pub params: Vec<Value>,
}

/// A statement of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated {
    /// The step that sent it; none for a hook of the client itself, or of the scenario.
    pub step: Option<String>,
    /// Whether a hook sent it by `sql()`.
    pub by_hook: bool,
    /// The statement without its values.
    pub fingerprint: String,
    /// The text as first sent.
    pub sql: String,
    /// The event of its first sending.
    pub event: u32,
}

/// What was repeated in a case.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Repetitions {
    /// One statement for each row of an earlier one; one entry for each session and statement.
    pub n_plus_one: Vec<NPlusOne>,
    /// The same statement with the same values; one entry for each session and statement.
    pub alike: Vec<RepeatedRead>,
    /// How many reads there were to look at, by session.
    pub reads: IndexMap<ClientId, u64>,
}

impl Repetitions {
    pub(super) fn of<'a>(trace: &Trace<'a>, texts: &Texts<'a>) -> Self {
        let mut found = Self::default();
        for pass in trace.passes.iter().chain(&trace.own_hooks) {
            let view = PassView::of(trace, texts, pass);
            *found.reads.entry(pass.client.clone()).or_default() += view.reads;
            for group in view.groups.values() {
                match view.n_plus_one(group) {
                    Some(finding) => found.add_n_plus_one(finding),
                    None => view
                        .alike(group)
                        .into_iter()
                        .for_each(|one| found.add_alike(one)),
                }
            }
        }
        found
    }

    /// What was sent for each row of an earlier result, statement by statement: of each script and fingerprint the pass
    /// with most of them.
    pub(super) fn lookups<'a>(trace: &Trace<'a>, texts: &Texts<'a>) -> Vec<Lookups> {
        let mut found: IndexMap<(String, String), Lookups> = IndexMap::new();
        for pass in trace.passes.iter().chain(&trace.own_hooks) {
            let view = PassView::of(trace, texts, pass);
            for (fingerprint, group) in &view.groups {
                let Some(lookups) = view.lookups(group) else {
                    continue;
                };
                let key = (pass.client.script.clone(), fingerprint.clone());
                match found.get_mut(&key) {
                    Some(known) if known.repeated.len() >= lookups.repeated.len() => {}
                    Some(known) => *known = lookups,
                    None => {
                        found.insert(key, lookups);
                    }
                }
            }
        }
        found.into_values().collect()
    }

    fn add_n_plus_one(&mut self, finding: NPlusOne) {
        let same = |known: &&mut NPlusOne| {
            known.client == finding.client
                && known.repeated.fingerprint == finding.repeated.fingerprint
        };
        match self.n_plus_one.iter_mut().find(same) {
            Some(known) => {
                let passes = known.passes + 1;
                if finding.multiplier > known.multiplier {
                    *known = finding;
                }
                known.passes = passes;
            }
            None => self.n_plus_one.push(finding),
        }
    }

    fn add_alike(&mut self, finding: RepeatedRead) {
        let same = |known: &&mut RepeatedRead| {
            known.client == finding.client && known.repeated.sql == finding.repeated.sql
        };
        match self.alike.iter_mut().find(same) {
            Some(known) => known.count = known.count.max(finding.count),
            None => self.alike.push(finding),
        }
    }
}
