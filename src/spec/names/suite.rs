//! Names that are unique in the suite.

use crate::{
    source::{Diagnostic, Diagnostics},
    spec::{LoadedScenario, tree::Part},
};
use std::{collections::HashMap, sync::Arc};

/// Reports tell scenarios apart by their names.
pub(in crate::spec) fn unique_names(scenarios: &[Arc<LoadedScenario>]) -> Diagnostics {
    let mut first: HashMap<&str, &LoadedScenario> = HashMap::new();
    let mut problems = Diagnostics::default();
    for loaded in scenarios {
        let Some(scenario) = loaded.variants.values().next() else {
            continue;
        };
        match first.get(scenario.name.as_str()) {
            None => {
                first.insert(&scenario.name, loaded);
            }
            // A spec has no name of its own; reports tell it by its file.
            Some(other) if is_spec(loaded) && is_spec(other) => {}
            Some(other) => {
                let place =
                    |loaded: &LoadedScenario| loaded.tree.locate_pointer("/name", Part::Value);
                let primary = format!("two scenarios are named \"{}\"", scenario.name);
                problems.push(
                    Diagnostic::error("duplicate-name", primary)
                        .at(place(loaded))
                        .related(place(other), "the other one"),
                );
            }
        }
    }
    problems
}

fn is_spec(loaded: &LoadedScenario) -> bool {
    loaded
        .file
        .path()
        .extension()
        .is_some_and(|end| end == "spec")
}
