//! Do all names lead somewhere? The third pass, over typed scenarios: steps, clients, parameters, variables,
//! conditions, hooks; and what contradicts itself or would make a green mean nothing.
//!
//! Nothing in here asks a server: what tables and columns there are, only it knows.

mod cast;
mod checks;
mod expectations;
mod explore;
mod hooks;
mod launch_options;
mod left_out;
mod load;
mod migration;
mod on_the_way;
mod order;
mod outcome;
mod own_names;
mod parameters;
mod queries;
mod scripts;
mod seeds;
mod shared_orders;
mod statement;
mod subjects;
mod suite;

use super::{LoadedScenario, Scenario, quantity::SqlState};
use crate::{
    script::{Checks, Hooks},
    source::{Diagnostic, Diagnostics, Place},
    text::{did_you_mean, nearest},
};
use cast::Cast;
use std::{cell::RefCell, collections::HashSet, path::Path, sync::LazyLock};

pub use load::{needs_events, needs_load};
pub(super) use suite::unique_names;

/// The compilers of hooks and checks.
#[derive(Default)]
struct Compilers {
    hooks: Hooks,
    checks: Checks,
}

/// Making them takes longer than checking a scenario.
static COMPILERS: LazyLock<Compilers> = LazyLock::new(Compilers::default);

/// Everything that is wrong or doubtful with the names of a scenario, in any of its variants, each once.
pub(super) fn check(loaded: &LoadedScenario) -> Diagnostics {
    let mut problems = Diagnostics::default();
    let seed_files = RefCell::default();
    for (variant, scenario) in &loaded.variants {
        let checker = Checker {
            loaded,
            variant: variant.as_deref(),
            scenario,
            cast: Cast::of(scenario),
            compilers: &COMPILERS,
            seed_files: &seed_files,
            problems: RefCell::default(),
        };
        checker.scripts();
        checker.orders();
        checker.shared_orders();
        checker.around_orders();
        checker.explore();
        checker.queries();
        checker.migration();
        checker.load();
        checker.expectations();
        checker.seeds();
        checker.scenario();
        for problem in checker.problems.into_inner().0 {
            if !problems.0.contains(&problem) {
                problems.push(problem);
            }
        }
        if problems.0.len() >= ENOUGH {
            break;
        }
    }
    problems
}

/// So many problems of one variant are enough: whoever repairs these will ask again.
const ENOUGH: usize = 100;

/// Checks one variant.
struct Checker<'a> {
    loaded: &'a LoadedScenario,
    variant: Option<&'a str>,
    scenario: &'a Scenario,
    cast: Cast<'a>,
    compilers: &'a Compilers,
    /// The files of seeds that were looked at, in this variant or another: they may be large.
    seed_files: &'a RefCell<HashSet<&'a Path>>,
    problems: RefCell<Diagnostics>,
}

impl Checker<'_> {
    fn push(&self, diagnostic: Diagnostic) {
        self.problems.borrow_mut().push(diagnostic);
    }

    /// Whether so much is wrong that the rest need not be looked at: finding the place and the nearest word of a
    /// hundred thousand mistakes would take minutes.
    fn has_enough(&self) -> bool {
        self.problems.borrow().0.len() >= ENOUGH
    }

    fn place(&self, pointer: &str) -> Place {
        self.loaded.place(self.variant, pointer)
    }

    fn key_place(&self, pointer: &str) -> Place {
        self.loaded.key_place(self.variant, pointer)
    }

    /// The scenario as a whole.
    fn scenario(&self) {
        let scenario = self.scenario;
        if scenario.name.trim().is_empty() {
            let nameless = Diagnostic::error("no-name", "the scenario has no name");
            self.push(
                nameless
                    .at(self.place("/name"))
                    .hint("say in a sentence what it shows; reports and --name go by it"),
            );
        }
        if scenario.timeout.is_some_and(|timeout| timeout.0.is_zero()) {
            self.push(super::suite::no_time("the timeout").at(self.place("/timeout")));
        }
        self.hook(scenario.before.as_deref(), "/before", &hooks::Sees::Nothing);
        self.hook(scenario.after.as_deref(), "/after", &hooks::Sees::Nothing);
        if scenario.order.is_some() && !scenario.orders.is_empty() {
            let diagnostic = Diagnostic::error(
                "two-orders",
                "\"order\" and \"orders\" cannot stand together",
            );
            self.push(
                diagnostic
                    .at(self.key_place("/orders"))
                    .related(self.key_place("/order"), "the other one")
                    .hint("give the launch list of \"order\" a name in \"orders\""),
            );
        }
        if scenario.clients.is_empty()
            && scenario.queries.is_empty()
            && scenario.migrate.is_empty()
            && scenario.expect.is_empty()
        {
            let nothing = Diagnostic::warning("nothing-done", "nothing is done in this scenario");
            self.push(
                nothing
                    .at(self.key_place("/name"))
                    .hint("add \"clients\", \"queries\", or an \"sql\" expectation"),
            );
        } else if !self.expects_something() {
            let nothing = Diagnostic::warning("nothing-expected", "nothing is expected here");
            self.push(
                nothing
                    .at(self.key_place("/name"))
                    .detail("a case in which nothing can fail is vacuous")
                    .hint("add \"expect\", or say what steps return: rows, affected, error"),
            );
        }
    }

    /// A word that leads nowhere: what it should be, what there is instead.
    fn unknown<'w>(
        &self,
        what: &str,
        word: &str,
        place: Place,
        known: impl IntoIterator<Item = &'w str>,
    ) -> Diagnostic {
        self.nowhere(format!("there is no {what} \"{word}\""), word, place, known)
    }

    fn nowhere<'w>(
        &self,
        primary: String,
        word: &str,
        place: Place,
        known: impl IntoIterator<Item = &'w str>,
    ) -> Diagnostic {
        let known: Vec<&str> = known.into_iter().collect();
        let diagnostic = Diagnostic::error("unknown-name", primary).at(place.clone());
        match nearest(word, known.iter().copied()) {
            Some(near) if place.text() == word => {
                diagnostic.suggest(place, near, format!("did you mean \"{near}\"?"))
            }
            _ => match did_you_mean(word, known.iter().copied()) {
                Some(hint) => diagnostic.hint(hint),
                None => diagnostic,
            },
        }
    }

    /// Whether an error condition exists.
    fn condition(&self, state: &SqlState, pointer: &str) {
        if let Err(unknown) = state.condition() {
            let place = self.place(pointer);
            let primary = format!("there is no error condition \"{}\"", unknown.word);
            let diagnostic = Diagnostic::error("unknown-condition", primary).at(place.clone());
            self.push(match unknown.nearest {
                Some(near) => {
                    let message = format!("did you mean \"{near}\"?");
                    diagnostic.suggest(place, near, message)
                }
                None => diagnostic.hint(
                    "conditions have names such as unique_violation, or codes in quotes such as \"23505\"",
                ),
            });
        }
    }
}

/// A key as a segment of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
