//! Can two steps be exchanged? What a step was seen to touch, and which steps get into each other's way.
//!
//! Two steps of different clients are independent only if the relations that they touch are disjoint, or only read by both.
//! Taking a snapshot and committing conflict with every reader and writer; what is unknown, waited, or failed conflicts
//! with everything. Reads leave no trace of rows in the server, so that nothing finer is safe.

use super::touched::{Names, Touched};
use crate::{
    run::{Changes, HeldRelation, Settlement, Settling},
    schedule::{Case, ClientPlan, StatementPlan, StepWork},
    spec::client::{Control, Isolation},
    sql::TransactionControl,
};

/// What a step was seen to touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Footprint {
    /// Nothing that anybody else can see.
    Nothing,
    /// These relations.
    Relations(Touched),
    /// All relations: it took a snapshot, or committed what it had written.
    AllRelations,
    /// Whatever there is.
    Everything,
}

impl Footprint {
    /// Whether it matters which of two steps comes first.
    pub fn conflicts(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) => false,
            (Self::Everything, _) | (_, Self::Everything) => true,
            (Self::AllRelations, Self::Relations(touched))
            | (Self::Relations(touched), Self::AllRelations) => !touched.nothing(),
            (Self::AllRelations, Self::AllRelations) => true,
            (Self::Relations(one), Self::Relations(other)) => one.meets(other),
        }
    }
}

/// What every step of a case touches by its words.
#[derive(Debug)]
pub struct Script {
    clients: Vec<ScriptOfClient>,
    /// What everything together touches that is sent in an order, expectations included.
    all: Touched,
}

#[derive(Debug)]
struct ScriptOfClient {
    isolation: Isolation,
    steps: Vec<StepWords>,
}

#[derive(Debug)]
struct StepWords {
    touched: Touched,
    /// Whether it begins or ends a transaction.
    control: Option<TransactionControl>,
}

impl Script {
    /// Looks at every step.
    pub fn of(case: &Case, names: &Names) -> Self {
        let clients = case.clients.iter().map(|client| ScriptOfClient {
            isolation: isolation(case, client),
            steps: client
                .steps
                .iter()
                .map(|step| words(&step.work, names))
                .collect(),
        });
        let clients: Vec<ScriptOfClient> = clients.collect();
        let setups = case.clients.iter().flat_map(|client| &client.setup);
        let probes = case.probes.iter().map(|probe| &probe.sql);
        let mut all = Touched::default();
        for step in clients.iter().flat_map(|client| &client.steps) {
            all.add(&step.touched);
        }
        for sql in setups.chain(probes) {
            all.add(&names.touched(sql));
        }
        Self { clients, all }
    }

    /// What an order may change, by the words of all that is sent in it.
    pub fn changes(&self) -> Changes {
        match self.all.unknown {
            true => Changes::Anything,
            false => Changes::Rows(self.all.written.clone()),
        }
    }

    /// What a step touches by its words.
    pub fn touched(&self, client: usize, step: usize) -> &Touched {
        &self.clients[client].steps[step].touched
    }
}

/// The strictest that may be in force; what is set in other ways counts as the strictest.
fn isolation(case: &Case, client: &ClientPlan) -> Isolation {
    let says = |name: &String| name.eq_ignore_ascii_case("default_transaction_isolation");
    let own = client.settings.keys().any(says) || case.database.settings.keys().any(says);
    let set_up = client
        .setup
        .iter()
        .any(|sql| sql.to_lowercase().contains("isolation"));
    match client.isolation {
        _ if own || set_up => Isolation::Serializable,
        Some(level) => level,
        None => Isolation::ReadCommitted,
    }
}

fn words(work: &StepWork, names: &Names) -> StepWords {
    match work {
        StepWork::Control(control) => StepWords {
            touched: Touched::default(),
            control: Some(match control {
                Control::Begin => TransactionControl::Begin,
                Control::Commit => TransactionControl::Commit,
                Control::Rollback => TransactionControl::Rollback,
            }),
        },
        StepWork::Statement(statement) => {
            let mut touched = match asks_more(statement) {
                true => Touched::unknown(),
                false => names.touched(&statement.sql),
            };
            let control = touched.control;
            // Which level a BEGIN in SQL asks for is not read here.
            touched.unknown |= control.is_some_and(|control| control == TransactionControl::Begin)
                && statement.sql.split_whitespace().count() > 1;
            StepWords { touched, control }
        }
    }
}

/// Whether more is sent than the statement, or it is to fail.
fn asks_more(statement: &StatementPlan) -> bool {
    let hooks = [&statement.when, &statement.before, &statement.after];
    statement.expected_error.is_some()
        || hooks
            .into_iter()
            .flatten()
            .any(|plan| plan.hook.calls_sql())
}

/// The transactions of all clients, as an order goes on.
#[derive(Debug, Clone)]
pub struct Transactions(Vec<Open>);

#[derive(Debug, Clone, Default)]
struct Open {
    begun: bool,
    snapshot_taken: bool,
    touched: Touched,
}

impl Transactions {
    /// None is open.
    pub fn none(clients: usize) -> Self {
        Self(vec![Open::default(); clients])
    }

    /// What a step was seen to touch, now that it is settled.
    pub fn footprint(&mut self, script: &Script, settled: &Settlement) -> Footprint {
        let client = settled.step.client;
        let of_client = &script.clients[client];
        let words = &of_client.steps[settled.step.step];
        let own = &mut self.0[client];
        let footprint = match words.control {
            Some(control) => own.control(control, &words.touched, of_client.isolation),
            None => own.statement(&words.touched, of_client.isolation),
        };
        let footprint = match own.saw_more(&settled.held) || settled.end != Settling::Done {
            true => {
                own.touched.unknown |= own.begun;
                Footprint::Everything
            }
            false => footprint,
        };
        if words.control.is_some_and(ends) {
            *own = Open::default();
        }
        footprint
    }
}

fn ends(control: TransactionControl) -> bool {
    match control {
        TransactionControl::Commit | TransactionControl::Rollback | TransactionControl::Prepare => {
            true
        }
        TransactionControl::Begin
        | TransactionControl::Savepoint
        | TransactionControl::RollbackTo
        | TransactionControl::Release
        | TransactionControl::CommitPrepared
        | TransactionControl::RollbackPrepared => false,
    }
}

impl Open {
    fn control(
        &mut self,
        control: TransactionControl,
        words: &Touched,
        level: Isolation,
    ) -> Footprint {
        if words.unknown {
            self.touched.unknown = true;
            self.begun = true;
            return Footprint::Everything;
        }
        match control {
            TransactionControl::Begin => {
                self.begun = true;
                Footprint::Nothing
            }
            TransactionControl::Savepoint | TransactionControl::Release => Footprint::Nothing,
            // What only read has nothing to show, but lets go of its tables; under serializable its end counts more.
            TransactionControl::Commit | TransactionControl::Rollback
                if self.touched.written.is_empty()
                    && !self.touched.unknown
                    && level != Isolation::Serializable =>
            {
                Footprint::Relations(self.touched.clone())
            }
            TransactionControl::Commit | TransactionControl::Rollback if !self.touched.unknown => {
                Footprint::AllRelations
            }
            TransactionControl::Commit
            | TransactionControl::Rollback
            | TransactionControl::RollbackTo
            | TransactionControl::Prepare
            | TransactionControl::CommitPrepared
            | TransactionControl::RollbackPrepared => Footprint::Everything,
        }
    }

    fn statement(&mut self, words: &Touched, level: Isolation) -> Footprint {
        let takes_snapshot = match level {
            Isolation::ReadUncommitted | Isolation::ReadCommitted => false,
            Isolation::RepeatableRead => !std::mem::replace(&mut self.snapshot_taken, self.begun),
            // Who is given up for a dangerous structure depends on who came last.
            Isolation::Serializable => true,
        };
        let commits = !self.begun && !words.written.is_empty();
        self.touched.add(words);
        let footprint = match words.unknown {
            true => Footprint::Everything,
            false if takes_snapshot || commits => Footprint::AllRelations,
            false => Footprint::Relations(words.clone()),
        };
        if !self.begun {
            *self = Self::default();
        }
        footprint
    }

    /// Whether the server shows locks that the words of the transaction do not explain.
    fn saw_more(&self, held: &[HeldRelation]) -> bool {
        let explained = |held: &HeldRelation| self.touched.covers(held.relation, held.only_read);
        self.begun && !held.iter().all(explained)
    }
}
