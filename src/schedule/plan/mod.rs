//! Which cases does a suite come to? Each variant times each named order, the order, or one free run.

mod clients;
mod database;
mod explore;
mod hooks;
mod load;
mod measured;
mod migration;
mod order;
mod outcome;
mod references;
mod settings;
mod statement;
#[cfg(test)]
mod tests;

use super::case::{
    BudgetOrigin, BudgetPlan, Case, ControlPlan, DatabasePlan, Plan, ProbePlan, Production,
    QueryPlan,
};
use crate::{
    record::{CaseId, RowOrder, Shard},
    source::Diagnostics,
    spec::{
        LoadedScenario, Scenario,
        expect::{Bound, Expectation, LatencyBounds},
        explore::Explore,
        needs_events, needs_load,
        order::{Launch, Order, Orders, OrdersShare},
        quantity::TimeSpan,
        query::{Budget, Query},
        workload::Load,
    },
    sql::has_order_by,
};
use hooks::Compiler;
use indexmap::IndexSet;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// What the command line and the suite say of all scenarios.
#[derive(Debug, Clone)]
pub struct PlanOptions {
    /// The seed of everything random, where a scenario names none.
    pub random_seed: u64,
    /// The longest time that one case may take, where a scenario names none.
    pub timeout: Duration,
    /// How long a query may take that has no budget of its own.
    pub slow_query: Option<TimeSpan>,
    /// Which cases are planned.
    pub select: Selection,
    /// Which rows the log of a run keeps.
    pub rows: RowsKept,
    /// How long a step may take under the conditions of the isolation tester, where a scenario does not say.
    pub tester_step_timeout: Duration,
    /// Which part of it all this process has, where several share it.
    pub shard: Option<Shard>,
    /// The name under which the parts of a load wait for each other before they begin.
    pub barrier: Option<String>,
}

/// How long a whole spec of the isolation tester may take; its steps have a limit of their own.
const TESTER_TIMEOUT: Duration = Duration::from_secs(3600);

/// Which rows the log of a run keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RowsKept {
    /// Those that an expectation or a hook reads.
    #[default]
    WhereRead,
    /// All of them, to be told.
    All,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            random_seed: 1,
            timeout: Duration::from_secs(60),
            slow_query: None,
            select: Selection::default(),
            rows: RowsKept::default(),
            // That of isolationtester.
            tester_step_timeout: Duration::from_secs(300),
            shard: None,
            barrier: None,
        }
    }
}

/// Which cases are planned; an empty list selects all.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Scenarios with one of these tags.
    pub tags: Vec<String>,
    /// Cases whose name, `scenario [variant, order]`, contains one of these texts in any letter case.
    pub names: Vec<String>,
}

impl Selection {
    fn takes(&self, id: &CaseId, scenario: &Scenario) -> bool {
        let tagged = |tag| scenario.tags.contains(tag);
        let title = id.to_string().to_lowercase();
        let named = |name: &String| title.contains(&name.to_lowercase());
        (self.tags.is_empty() || self.tags.iter().any(tagged))
            && (self.names.is_empty() || self.names.iter().any(named))
    }
}

/// Plans the cases of scenarios, in the order of files, variants and orders.
///
/// # Errors
///
/// Hooks that cannot be compiled and names that lead nowhere, all of them.
pub fn plan(scenarios: &[Arc<LoadedScenario>], options: &PlanOptions) -> Result<Plan, Diagnostics> {
    let compiler = Compiler::default();
    let mut problems = Diagnostics::default();
    let mut cases = Vec::new();
    for file in scenarios {
        for (variant, scenario) in &file.variants {
            let planner = Planner {
                file,
                scenario,
                variant: variant.as_deref(),
                random_seed: scenario.random_seed.unwrap_or(options.random_seed),
                options,
                compiler: &compiler,
            };
            match planner.cases() {
                Ok(planned) => cases.extend(planned.into_iter().map(Arc::new)),
                Err(wrong) => problems.extend(wrong),
            }
        }
    }
    if problems.has_errors() {
        Err(problems)
    } else {
        Ok(Plan {
            cases: match options.shard {
                Some(shard) => part_of(cases, shard, options.barrier.as_deref()),
                None => cases,
            },
        })
    }
}

/// The part of one of several processes: of every load its share of the users; of all other cases those of every N-th
/// file. The cases of a file stay together, since they share seeds and a baseline.
fn part_of(cases: Vec<Arc<Case>>, shard: Shard, barrier: Option<&str>) -> Vec<Arc<Case>> {
    let whole = cases.iter().filter(|case| case.load.is_none());
    let files: IndexSet<String> = whole.map(|case| case.id.file.clone()).collect();
    let own = |file: &str| {
        let place = files.get_index_of(file).unwrap_or_default();
        place % shard.of as usize == shard.index as usize - 1
    };
    let cases = cases.into_iter().filter_map(|case| match &case.load {
        None => own(&case.id.file).then_some(case),
        Some(load) => {
            let barrier = barrier.map(|name| format!("{name}: {}", case.id));
            let load = load.part_of(shard, barrier)?;
            // Nobody else has it yet.
            let mut case = Arc::into_inner(case)?;
            case.load = Some(load);
            Some(Arc::new(case))
        }
    });
    cases.collect()
}

/// What one case does of a scenario's launch lists.
struct Interleaving<'a> {
    name: Option<&'a str>,
    lists: Lists<'a>,
    expect: &'a [Expectation],
}

/// The launch lists of a case.
enum Lists<'a> {
    /// The clients run freely.
    None,
    /// One.
    One(List<'a>),
    /// Several that share their sessions.
    Shared(Vec<List<'a>>),
    /// Every interleaving of the scripts; they share their sessions.
    All,
    /// Those that exploring comes to, each with sessions of its own.
    Explored(&'a Explore),
    /// The scripts as measured traffic.
    Load(&'a Load),
}

/// A launch list with its JSON pointer.
struct List<'a> {
    name: Option<&'a str>,
    order: &'a Order,
    path: String,
}

impl<'a> Interleaving<'a> {
    /// The written entries.
    fn launches(&self) -> impl Iterator<Item = &'a Launch> + '_ {
        let lists: &[List<'a>] = match &self.lists {
            Lists::None | Lists::All | Lists::Explored(_) | Lists::Load(_) => &[],
            Lists::One(list) => std::slice::from_ref(list),
            Lists::Shared(lists) => lists,
        };
        lists.iter().flat_map(|list| list.order)
    }
}

fn interleavings(scenario: &Scenario) -> Vec<Interleaving<'_>> {
    let mut all = listed(scenario);
    let one = |name, lists| Interleaving {
        name,
        lists,
        expect: &[],
    };
    let only_free = matches!(all.as_slice(), [free] if matches!(free.lists, Lists::None));
    // The clients run freely where nobody says what else they do.
    if only_free && (scenario.explore.is_some() || scenario.load.is_some()) {
        all.clear();
    }
    if let Some(explore) = &scenario.explore {
        let alone = all.is_empty() && scenario.load.is_none();
        let name = (!alone).then_some("explore");
        all.push(one(name, Lists::Explored(explore)));
    }
    let load = scenario.load.as_ref();
    all.extend(load.map(|load| one(Some("load"), Lists::Load(load))));
    all
}

fn listed(scenario: &Scenario) -> Vec<Interleaving<'_>> {
    let whole = |lists| Interleaving {
        name: None,
        lists,
        expect: &[],
    };
    let named = || {
        scenario.orders.named().map(|(name, named)| {
            let list = List {
                name: Some(name.as_str()),
                order: &named.order,
                path: format!("/orders/{}/order", escaped(name)),
            };
            (list, named.expect.as_slice())
        })
    };
    match (&scenario.orders, scenario.orders_share) {
        (Orders::All(_), _) => vec![whole(Lists::All)],
        (Orders::Named(orders), _) if orders.is_empty() => {
            let only = scenario.order.as_ref().map(|order| List {
                name: None,
                order,
                path: "/order".to_owned(),
            });
            vec![whole(only.map_or(Lists::None, Lists::One))]
        }
        (Orders::Named(_), Some(OrdersShare::Sessions)) => {
            vec![whole(Lists::Shared(
                named().map(|(list, _)| list).collect(),
            ))]
        }
        (Orders::Named(_), None) => named()
            .map(|(list, expect)| Interleaving {
                name: list.name,
                lists: Lists::One(list),
                expect,
            })
            .collect(),
    }
}

/// Makes the cases of one variant.
struct Planner<'a> {
    file: &'a Arc<LoadedScenario>,
    scenario: &'a Arc<Scenario>,
    variant: Option<&'a str>,
    random_seed: u64,
    options: &'a PlanOptions,
    compiler: &'a Compiler,
}

impl Planner<'_> {
    /// The selected cases; all of them start from the same database.
    fn cases(&self) -> Result<Vec<Case>, Diagnostics> {
        let mut interleavings = interleavings(self.scenario);
        interleavings.retain(|interleaving| {
            let id = self.id(interleaving);
            self.options.select.takes(&id, self.scenario)
        });
        if interleavings.is_empty() {
            return Ok(Vec::new());
        }
        let database = self.database()?;
        self.check_generators(&database.seed.seeded)?;
        let cases = interleavings.iter();
        cases
            .map(|interleaving| self.case(interleaving, &database))
            .collect()
    }

    fn id(&self, interleaving: &Interleaving<'_>) -> CaseId {
        let path = self.file.file.path().to_string_lossy();
        CaseId {
            file: path.replace(std::path::MAIN_SEPARATOR, "/"),
            scenario: self.scenario.name.clone(),
            variant: self.variant.map(str::to_owned),
            order: interleaving.name.map(str::to_owned),
        }
    }

    fn case(
        &self,
        interleaving: &Interleaving<'_>,
        database: &DatabasePlan,
    ) -> Result<Case, Diagnostics> {
        let scenario = self.scenario;
        let mut expect = self.expectations(interleaving);
        expect.retain(|(_, expectation)| self.concerns(expectation, interleaving));
        let clients = self.clients(interleaving)?;
        let (load, clients) = match interleaving.lists {
            Lists::Load(load) => {
                let (load, clients) = self.load(load, clients);
                (Some(load), clients)
            }
            Lists::None | Lists::One(_) | Lists::Shared(_) | Lists::All | Lists::Explored(_) => {
                (None, clients)
            }
        };
        let (order, rounds) = self.launches(&interleaving.lists, &clients)?;
        // What is measured is measured once, not after every order.
        let queries = match interleaving.lists {
            Lists::Explored(_) => Vec::new(),
            Lists::None | Lists::One(_) | Lists::Shared(_) | Lists::All | Lists::Load(_) => {
                self.queries()
            }
        };
        let measures_time = load.is_some() || self.measures_time(&expect, &queries, &clients);
        let own_length = match interleaving.lists {
            Lists::Load(load) => load.least_length(),
            _ => Duration::ZERO,
        };
        Ok(Case {
            id: self.id(interleaving),
            scenario: Arc::clone(scenario),
            file: Arc::clone(self.file),
            database: database.clone(),
            explore: explore::plan(interleaving, &expect),
            order,
            rounds,
            control: ControlPlan {
                setup: scenario.setup.clone(),
                teardown: scenario.teardown.clone(),
            },
            step_timeout: self.step_timeout(),
            cast: scenario.cast(),
            outcomes: self.outcomes(&expect)?,
            load,
            clients,
            probes: self.probes(&expect)?,
            migration: self.migration(&expect),
            production: self.productions(&expect)?,
            expect,
            queries,
            before: self.hook(scenario.before.as_deref(), "/before")?,
            after: self.hook(scenario.after.as_deref(), "/after")?,
            timeout: match scenario.timeout {
                Some(timeout) => timeout.0,
                None => self.timeout() + own_length,
            },
            random_seed: self.random_seed,
            hooks: self.compiler.hooks.clone(),
            measures_time,
        })
    }

    /// Whether an expectation is about this case: where a scenario has a load, time is measured under it.
    fn concerns(&self, expectation: &Expectation, interleaving: &Interleaving<'_>) -> bool {
        match (&self.scenario.load, &interleaving.lists) {
            (None, _) => true,
            (Some(_), Lists::Load(_)) => !needs_events(expectation),
            (Some(_), _) => !needs_load(expectation) && !self.is_timed_alone(expectation),
        }
    }

    /// The scenario's expectations, then those of the order.
    fn expectations(&self, interleaving: &Interleaving<'_>) -> Vec<(String, Expectation)> {
        let numbered = |prefix: String, list: &[Expectation]| -> Vec<(String, Expectation)> {
            let entries = list.iter().enumerate();
            entries
                .map(|(index, expectation)| (format!("{prefix}/{index}"), expectation.clone()))
                .collect()
        };
        let mut all = numbered("/expect".to_owned(), &self.scenario.expect);
        if let (Some(name), Lists::One(_)) = (interleaving.name, &interleaving.lists) {
            let prefix = format!("/orders/{}/expect", escaped(name));
            all.extend(numbered(prefix, interleaving.expect));
        }
        all
    }

    /// The longest time of the case. The isolation tester has a limit for steps only.
    fn timeout(&self) -> Duration {
        match (self.scenario.timeout, self.scenario.is_for_tester()) {
            (Some(timeout), _) => timeout.0,
            (None, true) => TESTER_TIMEOUT,
            (None, false) => self.options.timeout,
        }
    }

    fn step_timeout(&self) -> Option<Duration> {
        match (self.scenario.step_timeout, self.scenario.is_for_tester()) {
            (Some(limit), _) => Some(limit.0),
            (None, true) => Some(self.options.tester_step_timeout),
            (None, false) => None,
        }
    }

    /// Whether all that happens is told, with all rows.
    fn tells_outcome(&self) -> bool {
        let mut expect = self.scenario.expect.iter();
        self.options.rows == RowsKept::All
            || self.scenario.is_for_tester()
            || expect.any(|expectation| matches!(expectation, Expectation::Outcome(_)))
    }

    fn queries(&self) -> Vec<QueryPlan> {
        let queries = self.scenario.queries.iter();
        queries
            .map(|(name, query)| {
                let path = format!("/queries/{}", escaped(name));
                let (sql, arguments) = statement::bound(&query.sql, &query.with);
                QueryPlan {
                    name: name.clone(),
                    sql,
                    arguments,
                    repeat: query.repeat,
                    budget: self.budget(query),
                    on: query.on.clone(),
                    result: query.result,
                    row_order: match has_order_by(&query.sql) {
                        true => RowOrder::Significant,
                        false => RowOrder::Any,
                    },
                    path,
                }
            })
            .collect()
    }

    fn budget(&self, query: &Query) -> Option<BudgetPlan> {
        let at_most = |most: TimeSpan| LatencyBounds {
            max: Some(Bound::Natural(most)),
            ..LatencyBounds::default()
        };
        match (&query.budget, self.options.slow_query) {
            (Some(Budget::Max(most)), _) => Some(BudgetPlan {
                bounds: at_most(*most),
                origin: BudgetOrigin::Query,
            }),
            (Some(Budget::Percentiles(bounds)), _) => Some(BudgetPlan {
                bounds: bounds.clone(),
                origin: BudgetOrigin::Query,
            }),
            (None, Some(most)) => Some(BudgetPlan {
                bounds: at_most(most),
                origin: BudgetOrigin::Suite,
            }),
            (None, None) => None,
        }
    }

    fn productions(
        &self,
        expect: &[(String, Expectation)],
    ) -> Result<BTreeMap<String, Production>, Diagnostics> {
        let mut all = BTreeMap::new();
        for (path, expectation) in expect {
            if let Expectation::Settings(settings) = expectation {
                let read = self.production(&settings.settings, path);
                if let Some(production) =
                    read.map_err(|diagnostic| Diagnostics::from(*diagnostic))?
                {
                    all.insert(path.clone(), production);
                }
            }
        }
        Ok(all)
    }

    fn probes(&self, expect: &[(String, Expectation)]) -> Result<Vec<ProbePlan>, Diagnostics> {
        let mut probes = Vec::new();
        for (path, expectation) in expect {
            if let Expectation::Settings(_) = expectation {
                probes.push(settings::probe(path));
            }
            let asked = match expectation {
                Expectation::Sql(probe) => Some((path.clone(), probe)),
                Expectation::Invariant(invariant) => {
                    Some((format!("{path}/invariant"), &invariant.invariant))
                }
                Expectation::Step(_)
                | Expectation::Deadlock(_)
                | Expectation::Latency(_)
                | Expectation::Errors(_)
                | Expectation::NPlusOne(_)
                | Expectation::Statements(_)
                | Expectation::Throughput(_)
                | Expectation::Connections(_)
                | Expectation::Plan(_)
                | Expectation::Migration(_)
                | Expectation::Compatible(_)
                | Expectation::Improves(_)
                | Expectation::Outcome(_)
                | Expectation::Schema(_)
                | Expectation::Settings(_)
                | Expectation::Serializable(_)
                | Expectation::Explore(_)
                | Expectation::Check(_) => None,
            };
            if let Some((path, probe)) = asked {
                let (sql, arguments) = statement::bound(&probe.sql, &probe.with);
                probes.push(ProbePlan {
                    sql,
                    params: self.constants(arguments, &path)?,
                    path,
                });
            }
        }
        Ok(probes)
    }
}

/// A key as a segment of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
