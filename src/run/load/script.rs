//! The scripts of a load, made ready: what can be known before the first statement is known.

use super::link::{Fragment, LoadStatement, Rows};
use crate::{
    record::{ClientId, ServerError, Value},
    schedule::{
        ArgumentPlan, Case, ClientPlan, HookPlan, LoadPlan, StatementForm, StatementPlan, StepPlan,
        StepWork,
        generate::{ArgumentGenerator, Presence, Surroundings},
    },
    spec::{
        client::{OnError, Step as Words},
        value::Builtin,
    },
    sql,
};
use std::{ops::Range, sync::Arc};

/// Everything that the workers of a load share.
pub(super) struct Traffic {
    pub(super) case: Arc<Case>,
    pub(super) plan: LoadPlan,
    pub(super) scripts: Vec<Script>,
    /// How many hooks they have.
    pub(super) hooks: usize,
    /// One client of each kind of session: those of a kind can share connections.
    pub(super) kinds: Vec<Kind>,
    /// Ends a transaction that a script left open.
    pub(super) rollback: LoadStatement,
}

/// Sessions that are alike.
pub(super) struct Kind {
    pub(super) client: ClientId,
    pub(super) settings: Vec<(String, String)>,
    pub(super) setup: Vec<LoadStatement>,
}

/// A script, made ready.
pub(super) struct Script {
    pub(super) name: String,
    pub(super) path: String,
    /// Index into [`Traffic::kinds`].
    pub(super) kind: usize,
    /// Drawn before a pass, each into the slot of its name.
    pub(super) variables: Vec<(usize, Argument)>,
    /// The names of all variables.
    pub(super) slots: Vec<String>,
    pub(super) steps: Vec<Step>,
    /// Steps that are sent together.
    pub(super) groups: Vec<Range<usize>>,
    /// The generators; each user has each of them with numbers of its own.
    pub(super) generators: Vec<Generator>,
    pub(super) retry: Option<Retry>,
    pub(super) on_error: OnError,
    pub(super) before: Option<Hook>,
    pub(super) after: Option<Hook>,
    /// Whether results of earlier steps are looked at.
    pub(super) keeps_results: bool,
}

/// When a transaction is tried again.
pub(super) struct Retry {
    pub(super) codes: Vec<String>,
    pub(super) tries: u32,
}

/// What becomes of a transaction in which a step met an error that it does not expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// The script goes on with the next step.
    GoesOn,
    /// It is tried again, as long as it may be.
    TriedAgain,
    /// It is over.
    Ends,
}

impl Script {
    /// Whether a transaction is tried again after an error of this kind.
    pub(super) fn retries(&self, code: &str) -> bool {
        let retry = self.retry.as_ref();
        retry.is_some_and(|retry| retry.codes.iter().any(|known| known == code))
    }

    /// What an error leads to.
    pub(super) fn course(&self, error: &ServerError) -> Course {
        if error.ends_session() {
            return Course::Ends;
        }
        match self.on_error {
            _ if self.retries(&error.code) => Course::TriedAgain,
            OnError::Continue | OnError::Rollback => Course::GoesOn,
            OnError::Stop => Course::Ends,
        }
    }
}

/// A generator and its place, which decides its numbers.
pub(super) struct Generator {
    pub(super) prototype: ArgumentGenerator,
    pub(super) path: String,
    pub(super) name: String,
}

/// A step, made ready.
pub(super) struct Step {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) statement: LoadStatement,
    pub(super) arguments: Vec<Argument>,
    /// Each column of the first row and the slot it is kept in.
    pub(super) save: Vec<(String, usize)>,
    pub(super) for_each: Option<String>,
    pub(super) when: Option<Hook>,
    pub(super) before: Option<Hook>,
    pub(super) after: Option<Hook>,
    pub(super) expected_error: Option<String>,
    pub(super) says: Says,
}

/// What a step says of its answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Says {
    pub(super) affected: Option<u64>,
    pub(super) row_count: Option<u64>,
    pub(super) rows: Option<(Vec<Vec<Value>>, crate::record::RowOrder)>,
}

/// Where the text of a parameter comes from.
pub(super) enum Argument {
    Constant {
        value: Value,
        text: Vec<u8>,
        presence: Presence,
    },
    /// A variable.
    Slot(usize),
    Column {
        step: String,
        column: String,
    },
    Builtin(Builtin),
    /// Index into [`Script::generators`].
    Generated(usize),
}

/// A hook, with what it reads.
pub(super) struct Hook {
    /// Which of all hooks of the load.
    pub(super) index: usize,
    pub(super) plan: HookPlan,
    pub(super) reads: Vec<(String, Read)>,
    /// Whether it looks at who acts.
    pub(super) sees_actor: bool,
    /// Whether it waits for the server.
    pub(super) calls_sql: bool,
    /// Whether it looks at rows of earlier steps.
    pub(super) sees_steps: bool,
}

/// Where a variable of a hook is found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Read {
    Slot(usize),
    /// A parameter of the step that it belongs to.
    Argument(usize),
}

impl Traffic {
    /// Makes a case's load ready. A generator that cannot be made ready has been refused with the plan.
    pub(super) fn of(case: &Arc<Case>, plan: &LoadPlan) -> Self {
        let mut kinds: Vec<Kind> = Vec::new();
        let mut models: Vec<&ClientPlan> = Vec::new();
        let (mut statements, mut hooks) = (0, 0);
        let mut scripts = Vec::new();
        for client in &case.clients {
            let alike = |model: &&ClientPlan| {
                model.settings == client.settings
                    && model.isolation == client.isolation
                    && model.setup == client.setup
            };
            let kind = models.iter().position(alike).unwrap_or_else(|| {
                models.push(client);
                kinds.push(Kind::of(client));
                models.len() - 1
            });
            let maker = Maker {
                case,
                plan,
                client,
                slots: Vec::new(),
                generators: Vec::new(),
                statements: &mut statements,
                hooks: &mut hooks,
            };
            scripts.push(maker.script(kind));
        }
        Self {
            case: Arc::clone(case),
            plan: plan.clone(),
            scripts,
            hooks,
            kinds,
            rollback: LoadStatement::plain("ROLLBACK"),
        }
    }
}

impl Kind {
    fn of(client: &ClientPlan) -> Self {
        let isolation = client.isolation.map(|level| {
            let name = "default_transaction_isolation".to_owned();
            (name, level.as_sql().to_owned())
        });
        let settings = client.settings.iter();
        let settings = settings.map(|(name, value)| (name.clone(), value.clone()));
        Self {
            client: client.id.clone(),
            settings: settings.chain(isolation).collect(),
            setup: client
                .setup
                .iter()
                .map(|sql| LoadStatement::plain(sql))
                .collect(),
        }
    }
}

impl LoadStatement {
    /// A statement without parameters that is not worth preparing.
    pub(super) fn plain(sql: &str) -> Self {
        Self {
            index: usize::MAX,
            sql: sql.to_owned(),
            fragments: vec![Fragment {
                text: sql.to_owned(),
                parameter: None,
            }],
            form: StatementForm::Batch,
            rows: Rows::PassedOver,
        }
    }
}

/// Makes one script ready.
struct Maker<'a> {
    case: &'a Case,
    plan: &'a LoadPlan,
    client: &'a ClientPlan,
    slots: Vec<String>,
    generators: Vec<Generator>,
    statements: &'a mut usize,
    hooks: &'a mut usize,
}

impl Maker<'_> {
    fn script(mut self, kind: usize) -> Script {
        let client = self.client;
        let variables = client.with.iter().filter_map(|(name, argument)| {
            let argument = self.argument(&client.path, name, argument)?;
            Some((self.slot(name), argument))
        });
        let variables: Vec<(usize, Argument)> = variables.collect();
        let before = client.before.as_ref().map(|plan| self.hook(plan, &[]));
        let steps = client.steps.iter().enumerate();
        let steps: Vec<Step> = steps.map(|(at, step)| self.step(at, step)).collect();
        let after = client.after.as_ref().map(|plan| self.hook(plan, &[]));
        let hooks = |step: &Step| {
            [&step.when, &step.before, &step.after]
                .into_iter()
                .flatten()
                .any(|hook| hook.sees_steps)
        };
        let keeps_results = before.iter().chain(&after).any(|hook| hook.sees_steps)
            || steps.iter().any(|step| {
                step.for_each.is_some()
                    || hooks(step)
                    || step
                        .arguments
                        .iter()
                        .any(|argument| matches!(argument, Argument::Column { .. }))
            });
        Script {
            name: client.id.script.clone(),
            path: client.path.clone(),
            kind,
            variables,
            groups: self.groups(&steps),
            steps,
            slots: self.slots,
            generators: self.generators,
            retry: client.retry.as_ref().map(|retry| Retry {
                codes: retry.codes.clone(),
                tries: retry.tries,
            }),
            on_error: client.on_error,
            before,
            after,
            keeps_results,
        }
    }

    /// The slot of a variable.
    fn slot(&mut self, name: &str) -> usize {
        let known = self.slots.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.slots.push(name.to_owned());
            self.slots.len() - 1
        })
    }

    fn argument(&mut self, path: &str, name: &str, plan: &ArgumentPlan) -> Option<Argument> {
        Some(match plan {
            ArgumentPlan::Constant(value) => {
                let text = value.to_text();
                Argument::Constant {
                    presence: match text {
                        Some(_) => Presence::Text,
                        None => Presence::Null,
                    },
                    text: text.unwrap_or_default().into_bytes(),
                    value: value.clone(),
                }
            }
            ArgumentPlan::Saved(variable) => Argument::Slot(self.slot(variable)),
            ArgumentPlan::Column { step, column } => Argument::Column {
                step: step.clone(),
                column: column.clone(),
            },
            ArgumentPlan::Builtin(builtin) => Argument::Builtin(*builtin),
            ArgumentPlan::Generated(generator) => {
                let around = Surroundings {
                    hooks: &self.case.hooks,
                    seeded: &self.case.database.seed.seeded,
                };
                let seed = self.case.random_seed;
                let prototype = ArgumentGenerator::new(seed, &[name], generator, around).ok()?;
                for free in prototype.variables() {
                    self.slot(&free.name);
                }
                self.generators.push(Generator {
                    prototype,
                    path: path.to_owned(),
                    name: name.to_owned(),
                });
                Argument::Generated(self.generators.len() - 1)
            }
        })
    }

    fn hook(&mut self, plan: &HookPlan, arguments: &[String]) -> Hook {
        for name in plan.hook.names_given_to("save").into_iter().flatten() {
            self.slot(name);
        }
        let free = plan.hook.free_variables();
        let mut reads = Vec::new();
        let mut sees_actor = false;
        for name in free.map(|free| free.name.clone()) {
            sees_actor |= crate::script::ACTOR_VARIABLES.contains(&name.as_str());
            match arguments.iter().position(|known| *known == name) {
                Some(at) => reads.push((name, Read::Argument(at))),
                None => {
                    let slot = self.slot(&name);
                    reads.push((name, Read::Slot(slot)));
                }
            }
        }
        *self.hooks += 1;
        Hook {
            index: *self.hooks - 1,
            reads,
            sees_actor,
            calls_sql: plan.hook.calls_sql(),
            sees_steps: plan.hook.names_steps_freely() || plan.hook.named_steps().next().is_some(),
            plan: plan.clone(),
        }
    }

    fn step(&mut self, at: usize, plan: &StepPlan) -> Step {
        let nothing = StatementPlan::default();
        let (sql, statement) = match &plan.work {
            StepWork::Control(control) => (self.client.control_sql(*control), &nothing),
            StepWork::Statement(statement) => (statement.sql.clone(), statement.as_ref()),
        };
        let says = self.says(at, &sql);
        let arguments = statement
            .arguments
            .iter()
            .filter_map(|(name, argument)| self.argument(&plan.path, name, argument));
        let arguments: Vec<Argument> = arguments.collect();
        let names: Vec<String> = statement
            .arguments
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        let save = statement
            .save
            .iter()
            .map(|(variable, column)| (column.clone(), self.slot(variable)));
        let save: Vec<(String, usize)> = save.collect();
        let kept = statement.rows_are_read || !save.is_empty() || says.rows.is_some();
        let index = *self.statements;
        *self.statements += 1;
        let mut hook = |plan: &Option<HookPlan>, arguments: &[String]| {
            plan.as_ref().map(|plan| self.hook(plan, arguments))
        };
        Step {
            when: hook(&statement.when, &[]),
            before: hook(&statement.before, &[]),
            after: hook(&statement.after, &names),
            name: plan.name.clone(),
            path: plan.path.clone(),
            statement: LoadStatement {
                index,
                fragments: Fragment::of(&sql),
                sql,
                form: statement.form,
                rows: match kept {
                    true => Rows::Kept,
                    false => Rows::PassedOver,
                },
            },
            arguments,
            save,
            for_each: statement.for_each.clone(),
            expected_error: statement.expected_error.clone(),
            says,
        }
    }

    /// What the author says of the answer.
    fn says(&self, at: usize, sql: &str) -> Says {
        let author = self.case.scenario.clients.get(&self.client.id.script);
        let Some(Words::Statement(words)) = author.and_then(|client| client.steps.get(at)) else {
            return Says::default();
        };
        let ordered = words
            .ordered
            .unwrap_or_else(|| sql::kind::has_order_by(sql));
        let order = match ordered {
            true => crate::record::RowOrder::Significant,
            false => crate::record::RowOrder::Any,
        };
        let rows = words.rows.as_ref().map(|rows| {
            let rows = rows.iter().map(|row| {
                let values = row.iter().map(|literal| Value::from_json(&literal.0));
                values.collect()
            });
            (rows.collect(), order)
        });
        Says {
            affected: words.affected,
            row_count: words.row_count,
            rows,
        }
    }

    /// Which steps are sent together: neighbours of which none needs what another answers.
    fn groups(&self, steps: &[Step]) -> Vec<Range<usize>> {
        let mut groups: Vec<Range<usize>> = Vec::new();
        let mut open = false;
        for (at, step) in steps.iter().enumerate() {
            let plain = self.plan.pipeline
                && step.save.is_empty()
                && step.for_each.is_none()
                && step.when.is_none()
                && step.before.is_none()
                && step.after.is_none()
                && step.expected_error.is_none()
                && step.statement.form == StatementForm::Single
                && self.client.on_error == OnError::Stop;
            match groups.last_mut() {
                Some(last) if open && plain => last.end = at + 1,
                _ => groups.push(at..at + 1),
            }
            open = plain;
        }
        groups
    }
}
