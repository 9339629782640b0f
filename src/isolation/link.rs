//! Which steps do the orders of a spec mean? Every name is looked up, and all that are wrong are told at once.

use super::{
    parse::{Parsed, Written, WrittenLaunch, WrittenMarker, WrittenPermutation},
    spec::{Launch, Marker, Name, Permutation, Spec, StepId},
};
use crate::{
    source::{Diagnostic, Diagnostics, Place},
    text::did_you_mean,
};
use std::collections::HashMap;

/// Resolves the names in the orders of a spec.
///
/// # Errors
///
/// All names that are wrong.
pub(super) fn link(written: Written) -> Result<Parsed, Diagnostics> {
    let Written {
        mut spec,
        permutations,
    } = written;
    let mut linker = Linker {
        spec: &spec,
        steps: HashMap::new(),
        problems: Diagnostics::default(),
    };
    linker.learn_steps();
    let permutations: Vec<Permutation> = permutations
        .iter()
        .map(|permutation| linker.permutation(permutation))
        .collect();
    let mut problems = linker.problems;
    if problems.has_errors() {
        problems.sort();
        return Err(problems);
    }
    spec.permutations = permutations;
    let warnings = warnings(&spec);
    Ok(Parsed { spec, warnings })
}

struct Linker<'a> {
    spec: &'a Spec,
    steps: HashMap<&'a str, StepId>,
    problems: Diagnostics,
}

impl<'a> Linker<'a> {
    fn learn_steps(&mut self) {
        let spec = self.spec;
        for (id, step) in spec.steps() {
            let Some(first) = self.steps.get(step.name.text.as_str()).copied() else {
                self.steps.insert(&step.name.text, id);
                continue;
            };
            let name = &step.name.text;
            let mut problem = Diagnostic::error(
                "duplicate-step",
                format!("there are two steps named \"{name}\""),
            )
            .at(self.place(&step.name))
            .hint("a step's name is unique in the file, not only in its session");
            if let Some(first) = spec.step(first) {
                problem = problem.related(self.place(&first.name), "the other one");
            }
            self.problems.push(problem);
        }
    }

    fn permutation(&mut self, written: &WrittenPermutation) -> Permutation {
        let mut launches = Vec::with_capacity(written.launches.len());
        let mut places = Vec::with_capacity(written.launches.len());
        for launch in &written.launches {
            let Some(step) = self.steps.get(launch.name.text.as_str()).copied() else {
                let problem = self.unknown(&launch.name, self.steps.keys().copied());
                self.problems.push(problem);
                continue;
            };
            let markers = launch
                .markers
                .iter()
                .filter_map(|marker| self.marker(marker, launch, step, written))
                .collect();
            launches.push(Launch { step, markers });
            places.push(launch.span);
        }
        Permutation {
            launches,
            places,
            span: written.span,
        }
    }

    fn marker(
        &mut self,
        marker: &WrittenMarker,
        of: &WrittenLaunch,
        step: StepId,
        permutation: &WrittenPermutation,
    ) -> Option<Marker> {
        let name = match marker {
            WrittenMarker::Once => return Some(Marker::Once),
            WrittenMarker::After(name) | WrittenMarker::AfterNotices(name, _) => name,
        };
        let launched = || {
            permutation
                .launches
                .iter()
                .map(|launch| launch.name.text.as_str())
        };
        let Some(other) = self.steps.get(name.text.as_str()).copied() else {
            let problem = self.unknown(name, launched());
            self.problems.push(problem);
            return None;
        };
        if !launched().any(|launched| launched == name.text) {
            let primary = format!(
                "\"{}\" is held back by \"{}\", which this permutation does not launch",
                of.name.text, name.text
            );
            let problem = Diagnostic::error("marker-not-launched", primary).at(self.place(name));
            self.problems.push(problem);
            return None;
        }
        if other.session == step.session {
            let primary = format!(
                "\"{}\" is held back by \"{}\", a step of its own session",
                of.name.text, name.text
            );
            let problem = Diagnostic::error("marker-own-session", primary)
                .at(self.place(name))
                .hint("a session takes one step at a time anyway");
            self.problems.push(problem);
            return None;
        }
        Some(match marker {
            WrittenMarker::AfterNotices(_, count) => Marker::AfterNotices {
                step: other,
                count: *count,
            },
            WrittenMarker::After(_) | WrittenMarker::Once => Marker::After(other),
        })
    }

    fn unknown<'b>(&self, name: &Name, known: impl Iterator<Item = &'b str>) -> Diagnostic {
        let mut known: Vec<&str> = known.collect();
        known.sort_unstable();
        known.dedup();
        let primary = format!("there is no step named \"{}\"", name.text);
        let problem = Diagnostic::error("unknown-step", primary).at(self.place(name));
        match did_you_mean(&name.text, known) {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }

    fn place(&self, name: &Name) -> Place {
        self.spec.file.place(name.span)
    }
}

fn warnings(spec: &Spec) -> Diagnostics {
    let unused = spec.unused_steps().into_iter().filter_map(|name| {
        let step = spec.step(spec.find(name)?)?;
        let primary = format!("no permutation launches the step \"{name}\"");
        Some(
            Diagnostic::warning("unused-step", primary)
                .at(spec.file.place(step.name.span))
                .hint("launch it, or remove it"),
        )
    });
    let twins = spec
        .sessions
        .iter()
        .enumerate()
        .filter_map(|(at, session)| {
            let twin = spec.sessions[..at]
                .iter()
                .find(|other| other.name.text == session.name.text)?;
            let primary = format!("there are two sessions named \"{}\"", session.name.text);
            Some(
                Diagnostic::warning("twin-sessions", primary)
                    .at(spec.file.place(session.name.span))
                    .related(spec.file.place(twin.name.span), "the other one")
                    .hint("their notices cannot be told apart in the output"),
            )
        });
    let includes = spec.comments.iter().filter_map(|comment| {
        comment.text.strip_prefix("include ")?;
        Some(
            Diagnostic::warning(
                "include",
                "an include line is a comment here, and nothing is included",
            )
            .at(spec.file.place(comment.span))
            .hint("run the preprocessor of the suite that this file belongs to first"),
        )
    });
    let mut warnings: Diagnostics = unused.chain(twins).chain(includes).collect();
    warnings.sort();
    warnings
}
