//! Hooks compile, and the variables and steps that they name exist where they stand.

use super::Checker;
use crate::{
    script::{ACTOR_VARIABLES, Hook, HookKind, Place as InHook, RESULT_VARIABLES, ScriptError},
    source::{Diagnostic, Place, Position},
    text::did_you_mean,
};

/// What a hook sees where it stands.
pub(super) enum Sees<'a> {
    /// A hook of the scenario: it has a session and nothing else.
    Nothing,
    /// The expression of a parameter.
    Values {
        /// Saved variables; `None` where a hook saves under computed names.
        variables: Option<Vec<&'a str>>,
    },
    /// A hook of a client or a step.
    Actor {
        /// Saved variables and parameters; `None` where a hook saves under computed names.
        variables: Option<Vec<&'a str>>,
        /// The earlier steps of the script.
        steps: Vec<&'a str>,
        /// Whether a step has just come to something.
        result: After,
    },
}

/// Whether a hook stands behind a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// It sees rows, affected, error and `elapsed_ms`.
    Statement,
    /// It does not.
    Nothing,
}

impl Checker<'_> {
    /// A hook of statements; none if there is none, or if it does not compile.
    pub(super) fn hook(&self, text: Option<&str>, path: &str, sees: &Sees<'_>) -> Option<Hook> {
        self.compiled(text, path, HookKind::Statements, sees)
    }

    /// A hook that is an expression.
    pub(super) fn expression(
        &self,
        text: Option<&str>,
        path: &str,
        sees: &Sees<'_>,
    ) -> Option<Hook> {
        self.compiled(text, path, HookKind::Expression, sees)
    }

    /// The condition of a step.
    pub(super) fn when(&self, text: Option<&str>, path: &str, sees: &Sees<'_>) -> Option<Hook> {
        self.compiled(text, path, HookKind::Condition, sees)
    }

    fn compiled(
        &self,
        text: Option<&str>,
        path: &str,
        kind: HookKind,
        sees: &Sees<'_>,
    ) -> Option<Hook> {
        match self.compilers.hooks.compile(text?, kind) {
            Ok(hook) => {
                self.variables(&hook, path, sees);
                self.named_steps(&hook, path, sees);
                Some(hook)
            }
            Err(error) => {
                self.script_error(&error, path);
                None
            }
        }
    }

    fn variables(&self, hook: &Hook, path: &str, sees: &Sees<'_>) {
        let known: Vec<&str> = match sees {
            Sees::Nothing => Vec::new(),
            Sees::Actor {
                variables: None, ..
            }
            | Sees::Values { variables: None } => return,
            Sees::Values {
                variables: Some(variables),
            } => variables.clone(),
            Sees::Actor {
                variables: Some(variables),
                result,
                ..
            } => {
                let results = (*result == After::Statement).then_some(RESULT_VARIABLES);
                let given = ACTOR_VARIABLES
                    .into_iter()
                    .chain(results.into_iter().flatten());
                variables.iter().copied().chain(given).collect()
            }
        };
        for free in hook.free_variables() {
            if known.contains(&free.name.as_str()) {
                continue;
            }
            let primary = format!("there is no variable \"{}\" here", free.name);
            let place = self.in_script(path, free.place);
            let mut diagnostic = Diagnostic::error("unknown-variable", primary).at(place);
            if RESULT_VARIABLES.contains(&free.name.as_str()) {
                diagnostic = diagnostic.hint("only \"after\" of a step sees what the step came to");
            } else if let Some(hint) = did_you_mean(&free.name, known.iter().copied()) {
                diagnostic = diagnostic.hint(hint);
            }
            self.push(diagnostic);
        }
    }

    fn named_steps(&self, hook: &Hook, path: &str, sees: &Sees<'_>) {
        let known: &[&str] = match sees {
            Sees::Nothing | Sees::Values { .. } => &[],
            Sees::Actor { steps, .. } => steps,
        };
        for named in hook.named_steps() {
            if !known.contains(&named.step.as_str()) {
                let place = self.in_script(path, named.place);
                self.push(self.unknown("earlier step", &named.step, place, known.iter().copied()));
            }
        }
    }

    pub(super) fn script_error(&self, error: &ScriptError, path: &str) {
        let place = self.in_script(path, error.place);
        let diagnostic = Diagnostic::error("hook", error.message.clone()).at(place);
        self.push(match &error.hint {
            Some(hint) => diagnostic.hint(hint.clone()),
            None => diagnostic,
        });
    }

    /// The place in the file of a place in the script at a pointer.
    pub(super) fn in_script(&self, path: &str, place: InHook) -> Place {
        let position = Position {
            line: place.line as usize,
            column: place.column as usize,
        };
        match self.loaded.excerpt(self.variant, path) {
            Some(excerpt) => excerpt.at_position(position),
            None => self.place(path),
        }
    }
}
