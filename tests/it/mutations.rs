//! Is a shipped scenario green because the cure works, or because nothing is looked at? Each is spoiled in a way that
//! happens in real systems, and must then be red.

mod list;

use crate::{folder::*, program};
use list::MUTATIONS;
use pgauge::report::results::Outcome;
use std::collections::BTreeSet;

/// One way to spoil one shipped scenario.
struct Mutation {
    /// What happened to the code, as somebody would tell it.
    what: &'static str,
    /// The scenario, below `scenarios`.
    file: &'static str,
    /// The case that must notice: variant and order, as in its name; empty where there is only one.
    case: &'static str,
    /// Text of the scenario that stands there exactly once.
    from: &'static str,
    /// What stands there afterwards.
    to: &'static str,
}

impl Mutation {
    /// The scenario under a name of its own, spoiled.
    fn apply(&self) -> String {
        let file = repository().join("scenarios").join(self.file);
        let text = std::fs::read_to_string(&file).unwrap();
        let found = text.matches(self.from).count();
        assert_eq!(
            found, 1,
            "\"{}\": found in {} {found} times",
            self.what, self.file
        );
        let spoiled = text.replacen(self.from, self.to, 1);
        let (before, rest) = spoiled.split_once("\nname: ").unwrap();
        let (_, after) = rest.split_once('\n').unwrap();
        format!("{before}\nname: {}\n{after}", self.what)
    }

    /// The name of the case that must notice.
    fn case_name(&self) -> String {
        match self.case {
            "" => self.what.to_owned(),
            case => format!("{} [{case}]", self.what),
        }
    }
}

#[test]
fn every_mutation_turns_its_scenario_red() {
    let suite = Playground::new();
    let names: Vec<String> = MUTATIONS.iter().map(Mutation::case_name).collect();
    for (number, mutation) in MUTATIONS.iter().enumerate() {
        suite.add("mutations", &format!("{number:02}.yaml"), &mutation.apply());
    }
    let mut arguments = vec!["--jobs", "2", "scenarios"];
    for name in &names {
        arguments.extend(["--name", name]);
    }
    let ran = program::run(suite.root(), &arguments);
    let outcome_of = |name: &String| {
        let mut cases = ran.results.cases.iter();
        cases
            .find(|case| case.log.case.to_string() == *name)
            .map(|case| case.outcome)
    };
    let green = names
        .iter()
        .filter(|name| !matches!(outcome_of(name), Some(Outcome::Failed | Outcome::Vacuous)));
    let green: Vec<String> = green
        .map(|name| format!("{name}: {:?}", outcome_of(name)))
        .collect();
    let said = &ran.said;
    assert!(
        green.is_empty(),
        "{green:#?}\n{}\n{}",
        said.stdout,
        said.stderr
    );
    assert_eq!(said.status, 1);
}

#[test]
fn every_shipped_scenario_has_a_mutation() {
    let mutated: BTreeSet<&str> = MUTATIONS.iter().map(|mutation| mutation.file).collect();
    for file in files(&repository().join("scenarios"), "yaml") {
        let file = file.to_string_lossy();
        assert!(
            file == "pgauge.yaml" || mutated.contains(&*file),
            "nothing spoils {file}"
        );
    }
}
