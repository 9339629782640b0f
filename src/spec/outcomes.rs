//! The files that `outcome` names: what isolationtester prints, or one of the alternatives beside it.

use super::{
    LoadedScenario, Scenario,
    expect::{Expectation, OutcomeExpectation, OutcomeFacts},
    loaded::beside,
    tree,
};
use crate::source::{Diagnostic, Diagnostics, SourceFile};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

impl LoadedScenario {
    /// The files that an outcome is like: the one that is named and its alternatives.
    pub fn outcome(&self, like: &str) -> &[SourceFile] {
        let files = self.outcomes.get(&beside(self.file.path(), like));
        files.map_or(&[], Vec::as_slice)
    }

    /// The files that the expectation at a pointer names.
    pub fn outcome_at(&self, variant: Option<&str>, pointer: &str) -> &[SourceFile] {
        let scenario = self.variants.get(&variant.map(str::to_owned));
        let mut likes = scenario.into_iter().flat_map(|scenario| likes(scenario));
        let like = likes.find(|(known, _)| known.starts_with(&format!("{pointer}/")));
        like.map_or(&[], |(_, like)| self.outcome(&like))
    }

    /// Has the scenario expect the outcome in a file, named from the working directory, in the place of any that it
    /// names itself.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or the scenario's orders are cases of their own.
    pub fn expect_outcome(&mut self, like: &Path) -> Result<(), Diagnostics> {
        let several = |scenario: &Arc<Scenario>| scenario.cases_of_orders() > 1;
        if self.variants.values().any(several) {
            let primary =
                "the orders of this scenario are cases of their own, and have no common outcome";
            let diagnostic =
                Diagnostic::error("outcome", primary).at(self.key_place(None, "/orders"));
            return Err(diagnostic.hint("add \"orders_share: sessions\"").into());
        }
        // From the scenario's own folder a relative path would lead elsewhere.
        let like = std::path::absolute(like).unwrap_or_else(|_| like.to_owned());
        let like = like.to_string_lossy().into_owned();
        for scenario in self.variants.values_mut() {
            let scenario = Arc::make_mut(scenario);
            scenario
                .expect
                .retain(|expectation| !matches!(expectation, Expectation::Outcome(_)));
            scenario
                .expect
                .push(Expectation::Outcome(OutcomeExpectation {
                    outcome: OutcomeFacts { like: like.clone() },
                }));
        }
        let mut problems = Diagnostics::default();
        self.read_outcomes(&mut problems);
        match problems.has_errors() {
            true => Err(problems),
            false => Ok(()),
        }
    }

    /// Has the database of every case have these extensions too.
    pub fn load_extensions(&mut self, names: &[String]) {
        if names.is_empty() {
            return;
        }
        for scenario in self.variants.values_mut() {
            let extensions = &mut Arc::make_mut(scenario).database.extensions;
            let missing = names.iter().filter(|name| !extensions.contains(name));
            let missing: Vec<String> = missing.cloned().collect();
            extensions.extend(missing);
        }
    }

    /// Reads every file that an expectation names.
    pub(super) fn read_outcomes(&mut self, problems: &mut Diagnostics) {
        let mut named: Vec<(Option<String>, String, String)> = Vec::new();
        for (variant, scenario) in &self.variants {
            let likes = likes(scenario);
            named.extend(likes.map(|(pointer, like)| (variant.clone(), pointer, like)));
        }
        for (variant, pointer, like) in named {
            let path = beside(self.file.path(), &like);
            if self.outcomes.contains_key(&path) {
                continue;
            }
            let files: Result<Vec<SourceFile>, Diagnostic> = std::iter::once(path.clone())
                .chain(alternatives(&path).filter(|path| path.is_file()))
                .map(|path| SourceFile::read(&path, tree::MAX_BYTES))
                .collect();
            match files {
                Ok(files) => {
                    self.outcomes.insert(path, files);
                }
                Err(problem) => problems.push(match problem.place {
                    Some(_) => problem,
                    None => problem.at(self.place(variant.as_deref(), &pointer)),
                }),
            }
        }
    }
}

/// The outcomes that a scenario names, with their JSON pointers.
fn likes(scenario: &Scenario) -> impl Iterator<Item = (String, String)> + '_ {
    let own = scenario.expect.iter().enumerate();
    let own = own.map(|(at, expectation)| (format!("/expect/{at}"), expectation));
    let of_orders = scenario.orders.named().flat_map(|(name, named)| {
        let name = name.replace('~', "~0").replace('/', "~1");
        let expect = named.expect.iter().enumerate();
        expect.map(move |(at, expectation)| (format!("/orders/{name}/expect/{at}"), expectation))
    });
    own.chain(of_orders).filter_map(|(pointer, expectation)| {
        let Expectation::Outcome(outcome) = expectation else {
            return None;
        };
        let like = outcome.outcome.like.clone();
        Some((format!("{pointer}/outcome/like"), like))
    })
}

/// `x_0.out` to `x_9.out` beside `x.out`, as PostgreSQL's own test driver looks for them.
fn alternatives(path: &Path) -> impl Iterator<Item = PathBuf> + '_ {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let end = path.extension().unwrap_or_default().to_string_lossy();
    (0..=9).map(move |number| path.with_file_name(format!("{stem}_{number}.{end}")))
}
