//! A case: one scenario with one variant and one interleaving fixed, ready to be carried out.

use super::{
    generate::{ReadColumn, Seeded, TableGenerator},
    load::LoadPlan,
    migration::{MigrationPlan, MigrationWork},
};
use crate::{
    isolation::{Cast, Expected},
    record::{CaseId, ClientId, PlanPoint, RowOrder, Value},
    script::{Hook, Hooks},
    source::SourceFile,
    spec::{
        client::{Control, Isolation, OnError},
        expect::{Expectation, LatencyBounds},
        explore::EqualOrders,
        generator::Generator,
        migration::{BOTH, Point, ResultRule, is_both},
        scenario::{Connect, Preset, Requires, Scenario},
        value::Builtin,
    },
    sql::{Outside, outside},
};
use indexmap::IndexMap;
use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

/// All that shall be done in a run, in order.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The cases, in the order of files, variants and orders.
    pub cases: Vec<Arc<Case>>,
}

/// One scenario with one variant and one interleaving fixed.
#[derive(Debug)]
pub struct Case {
    /// Which case it is.
    pub id: CaseId,
    /// The scenario with the variant laid over it.
    pub scenario: Arc<Scenario>,
    /// Where in the files everything stands.
    pub file: Arc<crate::spec::LoadedScenario>,
    /// What must hold, each with its JSON pointer in the merged scenario.
    pub expect: Vec<(String, Expectation)>,
    /// The database that the case starts from.
    pub database: DatabasePlan,
    /// Every session that acts, in the order of the file.
    pub clients: Vec<ClientPlan>,
    /// The forced interleaving; without one the clients run freely side by side. Where several orders share their
    /// sessions, all of them one after the other; `rounds` says where each begins.
    pub order: Option<Vec<LaunchPlan>>,
    /// The orders that share their sessions; empty where `order` is one order, or none.
    pub rounds: Vec<Round>,
    /// What the control session does around each order.
    pub control: ControlPlan,
    /// How long a step of an order may take before it is cancelled; half of the time after which the case is given up.
    pub step_timeout: Option<Duration>,
    /// How isolationtester's text form names everybody.
    pub cast: Cast,
    /// The outcomes that an expectation names, read.
    pub outcomes: Vec<OutcomePlan>,
    /// Which orders are tried instead of one.
    pub explore: Option<ExplorePlan>,
    /// The measured traffic, if that is what the clients do; each client is then a script of which there is one.
    pub load: Option<LoadPlan>,
    /// The watched statements; they run before the clients.
    pub queries: Vec<QueryPlan>,
    /// The change under test; the clients run before, during and after it.
    pub migration: Option<MigrationPlan>,
    /// The statements of `expect`; they run after the clients.
    pub probes: Vec<ProbePlan>,
    /// What is expected to be as in production, by the JSON pointer of its expectation.
    pub production: BTreeMap<String, Production>,
    /// The scenario's own hook before the clients start.
    pub before: Option<HookPlan>,
    /// The scenario's own hook after the clients ended.
    pub after: Option<HookPlan>,
    /// The longest time that the case may take.
    pub timeout: Duration,
    /// The seed of everything random in it.
    pub random_seed: u64,
    /// What compiles the rhai of generated parameters, shared by all cases.
    pub hooks: Hooks,
    /// Whether the case measures time, so that nothing may run beside it.
    pub measures_time: bool,
}

impl Case {
    /// The texts of SQL that fill its database.
    pub fn seed_texts(&self) -> impl Iterator<Item = &str> {
        let actions = self.database.seed.actions.iter();
        actions.filter_map(|action| match action {
            SeedAction::Sql { text, .. } => Some(&**text),
            SeedAction::Csv { .. } | SeedAction::Generate { .. } | SeedAction::Pgbench { .. } => {
                None
            }
        })
    }

    /// Every other text of SQL that it is known to send, with a word on where it stands; hooks may send more.
    pub fn texts(&self) -> impl Iterator<Item = (String, &str)> {
        let setups = self.clients.iter().flat_map(|client| {
            let place = format!("the setup of \"{}\"", client.id);
            let setup = client.setup.iter();
            setup.map(move |text| (place.clone(), &**text))
        });
        let steps = self.clients.iter().flat_map(|client| {
            client.steps.iter().filter_map(|step| match &step.work {
                StepWork::Statement(statement) => {
                    let place = format!("step \"{}.{}\"", client.id, step.name);
                    Some((place, &*statement.sql))
                }
                StepWork::Control(_) => None,
            })
        });
        let queries = self.queries.iter().map(|query| {
            let place = format!("query \"{}\"", query.name);
            (place, &*query.sql)
        });
        let probes = self.probes.iter();
        let probes = probes.map(|probe| ("an expectation".to_owned(), &*probe.sql));
        let parts = self.migration.iter();
        let parts = parts.flat_map(|migration| migration.up.iter().chain(&migration.down));
        // What a program does is known to nobody else.
        let scripts = parts.filter_map(|part| match &part.work {
            MigrationWork::Script(script) => Some(("the migration".to_owned(), &*script.text)),
            MigrationWork::Command(_) => None,
        });
        setups
            .chain(steps)
            .chain(queries)
            .chain(probes)
            .chain(scripts)
    }

    /// What it needs that all databases of a server have in common, by what it is known to send, and how it shares it.
    pub fn common_goods(&self) -> Vec<(CommonGood, Share)> {
        let control = self.control.setup.iter().chain(&self.control.teardown);
        let teardowns = self.clients.iter().flat_map(|client| &client.teardown);
        let texts = self
            .seed_texts()
            .chain(self.texts().map(|(_, text)| text))
            .chain(control.chain(teardowns).map(String::as_str));
        let texts: Vec<&str> = texts.collect();
        let replicates = |text: &&str| {
            let reaches = outside(text);
            reaches
                .iter()
                .any(|reach| reach.outside == Outside::Replication)
        };
        let says = |words: &[&str]| {
            let mut lower = texts.iter().map(|text| text.to_ascii_lowercase());
            lower.any(|text| words.iter().any(|word| text.contains(word)))
        };
        let notifications = match self.database.preset {
            _ if says(&["pg_notification_queue_usage"]) => Some(Share::Alone),
            _ if !says(&["notify", "notification", "listen"]) => None,
            // Notifications stay in their database; how full the queue is does not.
            None => Some(Share::Beside),
            // What others left in the queue shows in its expected outcome.
            Some(Preset::Isolationtester) => Some(Share::Alone),
        };
        let mut goods = Vec::new();
        if texts.iter().any(replicates) {
            goods.push((CommonGood::Replication, Share::Alone));
        }
        goods.extend(notifications.map(|share| (CommonGood::Notifications, share)));
        goods
    }

    /// Whether an expectation looks at the schema.
    pub fn looks_at_the_schema(&self) -> bool {
        let mut expectations = self.expect.iter();
        expectations.any(|(_, expectation)| matches!(expectation, Expectation::Schema(_)))
    }

    /// Whether an expectation looks at the filters of what was sent.
    pub fn looks_at_filters(&self) -> bool {
        let mut expectations = self.expect.iter();
        expectations.any(|(_, expectation)| match expectation {
            Expectation::Schema(expected) => expected.schema.unindexed_filters.is_some(),
            _ => false,
        })
    }

    /// Whether the plans of its queries are captured.
    pub fn captures_plans(&self) -> bool {
        !self.queries.is_empty()
    }
}

/// What all databases of a server have in common, so that a case that needs it alone has to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CommonGood {
    /// Replication slots and origins: their names are the whole server's, and making a slot waits for the transactions of
    /// all databases.
    Replication,
    /// The queue of notifications: how full it is depends on who listens, in whatever database.
    Notifications,
}

/// How a case uses what all have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Share {
    /// Nobody else may use it meanwhile: it sees what they do.
    Alone,
    /// Together with others who do not mind either.
    Beside,
}

/// One of several orders that share their sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// The order's name, where it has one.
    pub name: Option<String>,
    /// Which entries of [`Case::order`] it is.
    pub launches: Range<usize>,
}

/// An outcome that an expectation names, by an example.
#[derive(Debug, Clone)]
pub struct OutcomePlan {
    /// JSON pointer of the expectation.
    pub path: String,
    /// The file and its alternatives.
    pub alternatives: Vec<Expected>,
}

/// What is done around each order on a session that no client has; each text is one message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ControlPlan {
    /// Before the setups of the clients.
    pub setup: Vec<String>,
    /// After the teardowns of the clients.
    pub teardown: Vec<String>,
}

impl ControlPlan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.setup.is_empty() && self.teardown.is_empty()
    }
}

/// The database that a case starts from. Two cases with the same `fingerprint` share a template.
#[derive(Debug, Clone)]
pub struct DatabasePlan {
    /// What the server must have.
    pub requires: Requires,
    /// Extensions to create before the seed.
    pub extensions: Vec<String>,
    /// The collation, if one was asked for.
    pub collation: Option<String>,
    /// The role that owns the database and that clients act as, if one was asked for.
    pub role: Option<String>,
    /// The name that it must have, if it must have one.
    pub name: Option<String>,
    /// The conditions of somebody else's tests, if they were asked for.
    pub preset: Option<Preset>,
    /// How sessions reach a server that pgauge starts.
    pub connect: Connect,
    /// Settings for every session.
    pub settings: IndexMap<String, String>,
    /// What fills it.
    pub seed: SeedPlan,
    /// SHA-256, in hex, over everything that makes the template: collation, role, extensions, seed.
    pub fingerprint: String,
}

impl DatabasePlan {
    /// `default_statistics_target`, where the settings say one that there can be: it decides what ANALYZE finds.
    pub fn statistics_target(&self) -> Option<u32> {
        statistics_target(
            self.settings
                .iter()
                .map(|(name, value)| (&**name, &**value)),
        )
    }

    /// Whether there is nothing in it but what the server puts into every database.
    pub fn is_empty(&self) -> bool {
        self.extensions.is_empty() && self.collation.is_none() && self.seed.actions.is_empty()
    }
}

/// The statistics target among settings, if one of them is it and says one that there can be.
pub fn statistics_target<'a>(settings: impl Iterator<Item = (&'a str, &'a str)>) -> Option<u32> {
    let mut own =
        settings.filter(|(name, _)| name.eq_ignore_ascii_case("default_statistics_target"));
    let target = own.next()?.1.trim().parse().ok()?;
    (1..=10_000).contains(&target).then_some(target)
}

/// What fills a database, in order.
#[derive(Debug, Clone, Default)]
pub struct SeedPlan {
    /// One after the other.
    pub actions: Vec<SeedAction>,
    /// The columns that `reference` can name in parameters.
    pub seeded: Seeded,
    /// Those of them that are to be read from the database of a case before it begins.
    pub reads: Vec<Arc<ReadColumn>>,
}

/// One resolved item of a seed.
#[derive(Debug, Clone)]
pub enum SeedAction {
    /// SQL, from the scenario (`path` is its JSON pointer) or from a file of its own.
    Sql {
        /// The text.
        text: Arc<str>,
        /// The file that it came from, for messages.
        file: Option<SourceFile>,
        /// JSON pointer of the item in the scenario.
        path: String,
    },
    /// Rows of a CSV file, whose first line names the columns.
    Csv {
        /// The table that takes the rows.
        table: String,
        /// The whole text of the file.
        text: Arc<str>,
        /// JSON pointer of the item in the scenario.
        path: String,
    },
    /// Generated rows.
    Generate {
        /// The table, its rows and columns, ready to be generated.
        generator: Arc<TableGenerator>,
        /// The columns that it refers to and that are to be read from the database before.
        reads: Vec<Arc<ReadColumn>>,
        /// JSON pointer of the item in the scenario.
        path: String,
    },
    /// The tables of pgbench.
    Pgbench {
        /// 100,000 accounts each.
        scale: u32,
        /// JSON pointer of the item in the scenario.
        path: String,
    },
}

impl SeedAction {
    /// JSON pointer of the item in the scenario, continued into a shared list (`/seed/0/use/3`) as
    /// [`LoadedScenario::place`](crate::spec::LoadedScenario::place) reads it.
    pub fn path(&self) -> &str {
        match self {
            Self::Sql { path, .. }
            | Self::Csv { path, .. }
            | Self::Generate { path, .. }
            | Self::Pgbench { path, .. } => path,
        }
    }
}

/// One session and the script that it goes through.
#[derive(Debug, Clone)]
pub struct ClientPlan {
    /// Who.
    pub id: ClientId,
    /// The isolation level, if one was asked for.
    pub isolation: Option<Isolation>,
    /// Settings of the session, over those of the database.
    pub settings: IndexMap<String, String>,
    /// Statements sent before the first step, or before each order.
    pub setup: Vec<String>,
    /// Statements sent after each order.
    pub teardown: Vec<String>,
    /// What `application_name` calls it, where that is not its name.
    pub printed_as: Option<String>,
    /// When to start the script again.
    pub retry: Option<RetryPlan>,
    /// What to do after an error.
    pub on_error: OnError,
    /// How often the script is gone through when no order is forced.
    pub iterations: u32,
    /// Name and source of every variable that is drawn before a pass.
    pub with: Vec<(String, ArgumentPlan)>,
    /// The hook before every pass.
    pub before: Option<HookPlan>,
    /// The hook after every pass.
    pub after: Option<HookPlan>,
    /// The script; sessions of one client share it.
    pub steps: Arc<[StepPlan]>,
    /// When it works: before a migration, after it, or both.
    pub on: Vec<Point>,
    /// JSON pointer of the client in the scenario.
    pub path: String,
}

impl ClientPlan {
    /// The statement that a control step sends; BEGIN says the isolation level, so that a trace shows it.
    pub fn control_sql(&self, control: Control) -> String {
        match (control, self.isolation) {
            (Control::Begin, Some(level)) => {
                format!("BEGIN ISOLATION LEVEL {}", level.as_sql().to_uppercase())
            }
            (Control::Begin, None) => "BEGIN".to_owned(),
            (Control::Commit, _) => "COMMIT".to_owned(),
            (Control::Rollback, _) => "ROLLBACK".to_owned(),
        }
    }

    /// The session of the scenario itself, for its hooks, queries and expectations: no script, named
    /// after pgauge.
    pub fn own_session() -> Self {
        Self {
            id: ClientId::single("pgauge"),
            isolation: None,
            settings: IndexMap::new(),
            setup: Vec::new(),
            teardown: Vec::new(),
            printed_as: None,
            retry: None,
            on_error: OnError::Stop,
            iterations: 1,
            with: Vec::new(),
            before: None,
            after: None,
            steps: Arc::new([]),
            on: BOTH.to_vec(),
            path: String::new(),
        }
    }

    /// Whether it runs beside a migration.
    pub fn is_traffic(&self) -> bool {
        is_both(&self.on)
    }
}

/// When a script is started again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPlan {
    /// The SQLSTATEs that are worth another try.
    pub codes: Vec<String>,
    /// How many tries in all.
    pub tries: u32,
}

/// A step, ready to be taken.
#[derive(Debug, Clone)]
pub struct StepPlan {
    /// Its name: the author's, the control word, or its number in the script from 1.
    pub name: String,
    /// What it does.
    pub work: StepWork,
    /// JSON pointer of the step in the scenario.
    pub path: String,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum StepWork {
    /// BEGIN, COMMIT or ROLLBACK.
    Control(Control),
    /// A statement.
    Statement(Box<StatementPlan>),
}

/// A statement with its parameters and hooks.
#[derive(Debug, Clone, Default)]
pub struct StatementPlan {
    /// The text with `$1` … for the parameters.
    pub sql: String,
    /// Whether it is one statement, which goes by the extended protocol, or a batch.
    pub form: StatementForm,
    /// Name and source of every parameter, in the order of `$1` …
    pub arguments: Vec<(String, ArgumentPlan)>,
    /// Variables to keep: name and column of the first row.
    pub save: Vec<(String, String)>,
    /// The earlier step whose rows it runs for.
    pub for_each: Option<String>,
    /// The condition for taking it.
    pub when: Option<HookPlan>,
    /// The hook before it.
    pub before: Option<HookPlan>,
    /// The hook after it.
    pub after: Option<HookPlan>,
    /// The SQLSTATE that it must end with, if it must.
    pub expected_error: Option<String>,
    /// Whether all its rows must be kept: a hook, a later step or an expectation reads them.
    pub rows_are_read: bool,
}

/// How a text goes to the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StatementForm {
    /// One statement, by the extended protocol: typed results, parameters.
    #[default]
    Single,
    /// Several statements as one message of the simple protocol: one implicit transaction.
    Batch,
}

/// Where the value of a parameter comes from.
#[derive(Debug, Clone)]
pub enum ArgumentPlan {
    /// Always the same.
    Constant(Value),
    /// A variable that an earlier step or hook saved.
    Saved(String),
    /// A column of the first row of an earlier step, or of the current row of `for_each`.
    Column {
        /// The earlier step.
        step: String,
        /// The column.
        column: String,
    },
    /// Something that pgauge knows.
    Builtin(Builtin),
    /// A new value each time.
    Generated(Generator),
}

/// A compiled hook and where it stands.
#[derive(Debug, Clone)]
pub struct HookPlan {
    /// The hook.
    pub hook: Hook,
    /// JSON pointer of its text in the scenario.
    pub path: String,
}

/// One entry of the launch list, resolved.
#[derive(Debug, Clone)]
pub struct LaunchPlan {
    /// Index into [`Case::clients`].
    pub client: usize,
    /// Index into that client's steps.
    pub step: usize,
    /// The SQLSTATE that `then` says it ends with, if it does.
    pub expected_error: Option<String>,
    /// What holds back the report of its end.
    pub markers: Vec<MarkerPlan>,
    /// What is to be seen of it.
    pub options: crate::spec::order::LaunchOptions,
    /// JSON pointer of the entry in the scenario.
    pub path: String,
}

/// What holds back the report that a launched step is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkerPlan {
    /// The first look tells it as waiting, whatever it does.
    Once,
    /// As long as this step is launched and not reported as over.
    After {
        /// Index into [`Case::clients`].
        client: usize,
        /// Index into that client's steps.
        step: usize,
    },
    /// Until this client has had so many more notices than at the launch.
    AfterNotices {
        /// Index into [`Case::clients`].
        client: usize,
        /// How many.
        count: u32,
    },
}

/// Which orders of the steps are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExplorePlan {
    /// How they are chosen.
    pub orders: OrdersPlan,
    /// The most orders that are run.
    pub limit: u32,
    /// Whether an order that fails is made as short as it can be.
    pub minimise: bool,
}

/// How the orders that are tried are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrdersPlan {
    /// All of them; those that cannot differ from one that ran as it says.
    All(EqualOrders),
    /// All in which a client that could go on is interrupted so many times at most; those that cannot differ from one
    /// that ran as it says.
    Preemptions(u32, EqualOrders),
    /// Drawn at random.
    Sample,
    /// The forced one only, which is compared with the serial ones.
    Forced,
}

/// A watched statement.
#[derive(Debug, Clone)]
pub struct QueryPlan {
    /// Its name.
    pub name: String,
    /// The text with `$1` … for the parameters.
    pub sql: String,
    /// Name and source of every parameter, in the order of `$1` …
    pub arguments: Vec<(String, ArgumentPlan)>,
    /// How often it is run.
    pub repeat: u32,
    /// How long it may take, if anybody says.
    pub budget: Option<BudgetPlan>,
    /// When it works: before the migration, after it, or both.
    pub on: Vec<Point>,
    /// What the migration does to its result.
    pub result: ResultRule,
    /// Whether the order of its rows counts.
    pub row_order: RowOrder,
    /// JSON pointer of the entry in the scenario.
    pub path: String,
}

impl QueryPlan {
    /// Whether it works at a time.
    pub fn works(&self, point: PlanPoint) -> bool {
        let point = match point {
            PlanPoint::Before => Point::Before,
            PlanPoint::After => Point::After,
        };
        self.on.contains(&point)
    }
}

/// How long a watched statement may take.
#[derive(Debug, Clone)]
pub struct BudgetPlan {
    /// The bounds; a plain duration bounds every repetition, as `max`.
    pub bounds: LatencyBounds,
    /// Who says so.
    pub origin: BudgetOrigin,
}

/// Where a budget comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetOrigin {
    /// The query's own `budget`.
    Query,
    /// The suite's `slow_query`.
    Suite,
}

/// What `pgauge export settings` gave in production.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub struct Production {
    /// Settings, as `SHOW` tells them.
    pub settings: BTreeMap<String, String>,
    /// Extensions with their versions.
    pub extensions: BTreeMap<String, String>,
}

/// A statement of `expect`.
#[derive(Debug, Clone)]
pub struct ProbePlan {
    /// The text with `$1` … for the parameters.
    pub sql: String,
    /// The parameters.
    pub params: Vec<Value>,
    /// JSON pointer of the expectation in the scenario.
    pub path: String,
}
