//! Which cases does a suite come to? Each variant times each named order, the order, or one free run.

mod clients;
mod database;
mod hooks;
mod load;
mod measured;
mod migration;
mod order;
mod references;
mod statement;
#[cfg(test)]
mod tests;

use super::case::{BudgetOrigin, BudgetPlan, Case, DatabasePlan, Plan, ProbePlan, QueryPlan};
use crate::{
    record::{CaseId, RowOrder},
    source::Diagnostics,
    spec::{
        LoadedScenario, Scenario,
        expect::{Bound, Expectation, LatencyBounds},
        needs_events, needs_load,
        order::Order,
        quantity::TimeSpan,
        query::{Budget, Query},
        workload::Load,
    },
    sql::has_order_by,
};
use hooks::Compiler;
use std::{sync::Arc, time::Duration};

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
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            random_seed: 1,
            timeout: Duration::from_secs(60),
            slow_query: None,
            select: Selection::default(),
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
        Ok(Plan { cases })
    }
}

/// A launch list of a scenario, its load, or neither.
#[derive(Default)]
struct Interleaving<'a> {
    name: Option<&'a str>,
    order: Option<&'a Order>,
    load: Option<&'a Load>,
    expect: &'a [Expectation],
}

fn interleavings(scenario: &Scenario) -> Vec<Interleaving<'_>> {
    let named = scenario.orders.iter().map(|(name, named)| Interleaving {
        name: Some(name.as_str()),
        order: Some(&named.order),
        expect: &named.expect,
        ..Interleaving::default()
    });
    let mut all: Vec<Interleaving<'_>> = named.collect();
    // The clients run freely where nobody says what else they do.
    if all.is_empty() && (scenario.order.is_some() || scenario.load.is_none()) {
        all.push(Interleaving {
            order: scenario.order.as_ref(),
            ..Interleaving::default()
        });
    }
    all.extend(scenario.load.as_ref().map(|load| Interleaving {
        name: Some("load"),
        load: Some(load),
        ..Interleaving::default()
    }));
    all
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
        let (load, clients) = match interleaving.load {
            Some(load) => {
                let (load, clients) = self.load(load, clients);
                (Some(load), clients)
            }
            None => (None, clients),
        };
        let order = match interleaving.order {
            Some(order) => Some(self.launches(order, interleaving.name, &clients)?),
            None => None,
        };
        let queries = self.queries();
        let measures_time = load.is_some() || self.measures_time(&expect, &queries, &clients);
        let own_length = interleaving.load.map_or(Duration::ZERO, Load::least_length);
        Ok(Case {
            id: self.id(interleaving),
            scenario: Arc::clone(scenario),
            file: Arc::clone(self.file),
            database: database.clone(),
            order,
            load,
            clients,
            probes: self.probes(&expect)?,
            migration: self.migration(&expect),
            expect,
            queries,
            before: self.hook(scenario.before.as_deref(), "/before")?,
            after: self.hook(scenario.after.as_deref(), "/after")?,
            timeout: scenario
                .timeout
                .map_or(self.options.timeout + own_length, |timeout| timeout.0),
            random_seed: self.random_seed,
            hooks: self.compiler.hooks.clone(),
            measures_time,
        })
    }

    /// Whether an expectation is about this case: where a scenario has a load, time is measured under it.
    fn concerns(&self, expectation: &Expectation, interleaving: &Interleaving<'_>) -> bool {
        match (&self.scenario.load, interleaving.load) {
            (None, _) => true,
            (Some(_), Some(_)) => !needs_events(expectation),
            (Some(_), None) => !needs_load(expectation) && !self.is_timed_alone(expectation),
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
        if let Some(name) = interleaving.name {
            let prefix = format!("/orders/{}/expect", escaped(name));
            all.extend(numbered(prefix, interleaving.expect));
        }
        all
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

    fn probes(&self, expect: &[(String, Expectation)]) -> Result<Vec<ProbePlan>, Diagnostics> {
        let mut probes = Vec::new();
        for (path, expectation) in expect {
            if let Expectation::Sql(probe) = expectation {
                let (sql, arguments) = statement::bound(&probe.sql, &probe.with);
                probes.push(ProbePlan {
                    sql,
                    params: self.constants(arguments, path)?,
                    path: path.clone(),
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
