//! Compiling the hooks of a case, with their errors placed in the author's file.

use super::Planner;
use crate::{
    schedule::case::HookPlan,
    script::{Checks, HookKind, Hooks, ScriptError},
    source::{Diagnostic, Diagnostics, Place, Position},
    spec::LoadedScenario,
};
use std::{cell::RefCell, collections::HashMap, path::PathBuf};

/// What is made once for all cases: the compilers of hooks and checks, and the digests of the files of seeds.
#[derive(Debug, Default)]
pub(super) struct Compiler {
    pub(super) hooks: Hooks,
    pub(super) checks: Checks,
    pub(super) digests: RefCell<HashMap<PathBuf, String>>,
}

impl Planner<'_> {
    /// Statements: `before` and `after`.
    pub(super) fn hook(
        &self,
        text: Option<&str>,
        path: &str,
    ) -> Result<Option<HookPlan>, Diagnostics> {
        self.compiled(text, path, HookKind::Statements)
    }

    /// The condition of a step.
    pub(super) fn when(
        &self,
        text: Option<&str>,
        path: &str,
    ) -> Result<Option<HookPlan>, Diagnostics> {
        self.compiled(text, path, HookKind::Condition)
    }

    fn compiled(
        &self,
        text: Option<&str>,
        path: &str,
        kind: HookKind,
    ) -> Result<Option<HookPlan>, Diagnostics> {
        let Some(text) = text else { return Ok(None) };
        match self.compiler.hooks.compile(text, kind) {
            Ok(hook) => Ok(Some(HookPlan {
                hook,
                path: path.to_owned(),
            })),
            Err(error) => Err(script_problem(self.file, self.variant, path, &error).into()),
        }
    }
}

/// What is wrong with a hook, at its place in the file.
pub(super) fn script_problem(
    file: &LoadedScenario,
    variant: Option<&str>,
    path: &str,
    error: &ScriptError,
) -> Diagnostic {
    let place = script_place(file, variant, path, error.place);
    let diagnostic = Diagnostic::error("hook", error.message.clone()).at(place);
    match &error.hint {
        Some(hint) => diagnostic.hint(hint.clone()),
        None => diagnostic,
    }
}

/// The place in the file of a place in the hook at a path.
pub(super) fn script_place(
    file: &LoadedScenario,
    variant: Option<&str>,
    path: &str,
    place: crate::script::Place,
) -> Place {
    let position = Position {
        line: place.line as usize,
        column: place.column as usize,
    };
    match file.excerpt(variant, path) {
        Some(excerpt) => excerpt.at_position(position),
        None => file.place(variant, path),
    }
}
