//! The text of a statement and its parameters, as far as its tokens tell.

use super::{Checker, escaped};
use crate::{
    source::{Diagnostic, Place},
    spec::value::Argument,
    sql::{self, Bound},
    text::{nearest, plural},
};
use indexmap::IndexMap;
use std::{collections::HashSet, ops::Range};

/// Whether a pointer leads to a part of a migration.
fn is_migration(path: &str) -> bool {
    path.starts_with("/migrate/") || path.starts_with("/rollback/")
}

/// How many statements a text may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// One.
    One,
    /// One, or several without parameters.
    Any,
}

impl Checker<'_> {
    /// The place of some bytes of the SQL at a pointer.
    pub(super) fn in_sql(&self, path: &str, range: &Range<usize>) -> Place {
        let span = crate::source::Span::new(range.start, range.end);
        match self.loaded.excerpt(self.variant, path) {
            Some(excerpt) => excerpt.place(span),
            None => self.place(path),
        }
    }

    /// Checks the text at a pointer and gives its parameters.
    pub(super) fn sql(&self, text: &str, path: &str, size: Size) -> Bound {
        if size == Size::Any && self.scenario.is_for_tester() {
            // A message to the server, whatever it says.
            return Bound::default();
        }
        let script = sql::split(text);
        self.psql_commands(&script, path);
        if script.statements.is_empty() && script.psql_commands.is_empty() {
            let place = self.place(path);
            self.push(
                Diagnostic::error("no-statement", "there is no statement in this SQL").at(place),
            );
        }
        // Only behind a semicolon data can follow.
        let ended = sql::split(&format!("{text}\n;"));
        let copies = ended.statements.iter().find(|s| s.copy_data.is_some());
        if let Some(copy) = copies {
            let primary = "COPY from stdin has nobody who sends its data here";
            self.push(
                Diagnostic::error("copy-from-stdin", primary)
                    .at(self.in_sql(path, &copy.range))
                    .hint("put the data into a \"seed\": an SQL file with COPY data, or a \"csv\""),
            );
        }
        let bound = sql::bind(text);
        if let Some(range) = &bound.positional {
            let written = text.get(range.clone()).unwrap_or_default();
            let primary = format!("the parameter \"{written}\" has no name");
            self.push(
                Diagnostic::error("positional-parameter", primary)
                    .at(self.in_sql(path, range))
                    .hint("write :name, and its value under \"with\""),
            );
        }
        self.one_statement(&script, &bound, path, size);
        bound
    }

    fn one_statement(&self, script: &sql::Script, bound: &Bound, path: &str, size: Size) {
        let [_, second, ..] = script.statements.as_slice() else {
            return;
        };
        let primary = match (size, bound.names.first()) {
            (Size::Any, None) => return,
            (Size::Any, Some(name)) => {
                format!("SQL with a parameter (\":{name}\") must be one statement")
            }
            (Size::One, _) => "this must be one statement".to_owned(),
        };
        let hint = match size {
            Size::Any => "give each statement a step of its own",
            Size::One => "give each statement an entry of its own",
        };
        let count = plural(script.statements.len() as u64, "statement");
        self.push(
            Diagnostic::error("several-statements", primary)
                .at(self.in_sql(path, &second.range))
                .label(format!("the second of {count}"))
                .hint(hint),
        );
    }

    /// Commands of psql, which no server understands.
    pub(super) fn psql_commands(&self, script: &sql::Script, path: &str) {
        for command in &script.psql_commands {
            let name = &command.name;
            let hint = match name.as_str() {
                "\\i" | "\\ir" | "\\include" if is_migration(path) => {
                    "name the file in an entry of its own, with \"file\""
                }
                "\\i" | "\\ir" | "\\include" => "name the file in \"seed\" with \"file\"",
                "\\copy" => "load the file in \"seed\" with \"csv\"",
                "\\set" | "\\gset" => "use parameters, \"with\" and \"save\"",
                "\\timing" => "pgauge measures the time of every statement",
                _ => "write SQL that the server understands",
            };
            let primary = format!("\"{name}\" is a command of psql, not SQL");
            self.push(
                Diagnostic::error("psql-command", primary)
                    .at(self.in_sql(path, &command.range))
                    .hint(hint),
            );
        }
    }

    /// Entries of `with` that the statement does not use.
    pub(super) fn unused_parameters(
        &self,
        bound: &Bound,
        with: &IndexMap<String, Argument>,
        path: &str,
    ) {
        let used: HashSet<&String> = bound.names.iter().collect();
        for name in with.keys().filter(|name| !used.contains(name)) {
            if self.has_enough() {
                return;
            }
            let place = self.key_place(&format!("{path}/with/{}", escaped(name)));
            let primary = format!("the statement has no parameter \":{name}\"");
            let mut diagnostic = Diagnostic::error("unused-parameter", primary).at(place.clone());
            let open = bound.names.iter().filter(|name| !with.contains_key(*name));
            if let Some(near) = nearest(name, open) {
                diagnostic = diagnostic.suggest(place, near, format!("did you mean \"{near}\"?"));
            } else if bound.names.is_empty() {
                diagnostic = diagnostic.hint(format!("write :{name} where the value belongs"));
            }
            self.push(diagnostic);
        }
    }

    /// The place of the first use of a parameter.
    pub(super) fn parameter_place(&self, text: &str, name: &str, path: &str) -> Place {
        let written = format!(":{name}");
        let uses = text.match_indices(&written).map(|(at, _)| at);
        let whole_word = |at: &usize| {
            let before = text[..*at].chars().next_back();
            let after = text[at + written.len()..].chars().next();
            before != Some(':') && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
        };
        match uses.into_iter().find(whole_word) {
            Some(at) => self.in_sql(path, &(at..at + written.len())),
            None => self.place(path),
        }
    }

    /// A statement whose parameters have no script behind them: `with` says all of them, without an
    /// earlier step.
    pub(super) fn standing_alone(
        &self,
        text: &str,
        with: &IndexMap<String, Argument>,
        path: &str,
        allowed: fn(&Argument) -> bool,
    ) {
        let bound = self.sql(text, path, Size::One);
        self.unused_parameters(&bound, with, path);
        for name in &bound.names {
            match with.get(name) {
                None => {
                    let primary = format!("parameter \":{name}\" has no value");
                    let place = self.parameter_place(text, name, path);
                    let diagnostic = Diagnostic::error("unknown-parameter", primary).at(place);
                    self.push(diagnostic.hint(format!("give it one: with: {{ {name}: … }}")));
                }
                Some(argument) if !allowed(argument) => {
                    let primary = format!("parameter \":{name}\" refers to a step");
                    let place = self.place(&format!("{path}/with/{}", escaped(name)));
                    self.push(
                        Diagnostic::error("parameter", primary)
                            .at(place)
                            .hint("there are no earlier steps here; write the value"),
                    );
                }
                Some(_) => {}
            }
        }
    }
}
