//! Which steps does a script come to, with which variables, hooks and conditions?

use super::{
    Given,
    columns::columns,
    draws::{argument, constant, literal},
    expression::{Expression, parse},
    read::{Command, Kind},
    rhai::{Type, Writer},
};
use crate::{
    source::{Diagnostic, Diagnostics, SourceFile, Span},
    sql::{
        bind,
        kind::{StatementKind, TransactionControl, kind},
        lexer::{TokenKind, tokens},
    },
    text::did_you_mean,
};
use std::collections::{BTreeMap, BTreeSet};

/// A script, ready to be written.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// Variables that are drawn for every pass, each with its argument in YAML.
    pub(super) with: Vec<(String, String)>,
    /// The client's hook before every pass, line by line.
    pub(super) before: Vec<String>,
    pub(super) steps: Vec<Step>,
    /// Whether neighbours are sent together.
    pub(super) pipeline: bool,
    /// The pause after every pass.
    pub(super) think: Option<String>,
}

/// A step.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) sql: String,
    /// `begin`, `commit` or `rollback`, where it is nothing else.
    pub(super) control: Option<&'static str>,
    /// The conditions under which it runs, the outermost first.
    pub(super) when: Vec<String>,
    /// The hook behind it, line by line.
    pub(super) after: Vec<String>,
    /// Variables and the columns that they keep.
    pub(super) save: Vec<(String, String)>,
    /// Whether it must return one row.
    pub(super) one_row: bool,
}

impl Step {
    /// Whether variables have other values behind it.
    fn sets_something(&self) -> bool {
        !self.save.is_empty() || !self.after.is_empty()
    }
}

/// The script that the commands come to; what is wrong is added to the problems.
pub(super) fn script(
    file: &SourceFile,
    given: &Given,
    commands: &[Command],
    problems: &mut Diagnostics,
) -> Script {
    let assigned = commands.iter().filter_map(assigned);
    let mut counts = BTreeMap::<String, usize>::new();
    for name in assigned {
        *counts.entry(name).or_default() += 1;
    }
    let mut builder = Builder {
        file,
        given,
        problems,
        counts,
        script: Script::default(),
        types: BTreeMap::new(),
        set: BTreeSet::new(),
        blocks: Vec::new(),
        pending: Vec::new(),
        names: BTreeMap::new(),
        slept: None,
    };
    for (index, command) in commands.iter().enumerate() {
        builder.command(
            command,
            index.checked_sub(1).map(|before| &commands[before]),
        );
    }
    builder.finish()
}

/// The variable that a command sets by an expression.
fn assigned(command: &Command) -> Option<String> {
    match &command.kind {
        Kind::Meta { name, arguments } if name == "set" => {
            arguments.split_whitespace().next().map(str::to_owned)
        }
        Kind::Meta { .. } | Kind::Sql(_) => None,
    }
}

/// An `\if` that is open.
struct Block {
    span: Span,
    /// The conditions before this branch, none of which held.
    earlier: Vec<String>,
    /// The condition of this branch.
    current: String,
    /// The variables that the conditions read.
    reads: Vec<String>,
    has_else: bool,
}

/// A `\set` that waits for a place.
struct Assignment {
    when: Vec<String>,
    name: String,
    value: String,
    span: Span,
}

struct Builder<'a> {
    file: &'a SourceFile,
    given: &'a Given,
    problems: &'a mut Diagnostics,
    /// How often each variable is set.
    counts: BTreeMap<String, usize>,
    script: Script,
    types: BTreeMap<String, Type>,
    /// The variables that are set by now.
    set: BTreeSet<String>,
    blocks: Vec<Block>,
    pending: Vec<Assignment>,
    /// How often each name of a step was given.
    names: BTreeMap<String, u32>,
    /// The `\sleep` at the end, if it is there.
    slept: Option<Span>,
}

impl Builder<'_> {
    fn command(&mut self, command: &Command, before: Option<&Command>) {
        if let Some(span) = self.slept.take() {
            // Something follows.
            let primary = "a pause within a transaction has no counterpart";
            let hint = "at its end it becomes think, a pause after each transaction";
            self.wrong(span, primary).hints.push(hint.to_owned());
        }
        match &command.kind {
            Kind::Sql(sql) => self.statement(sql, command.span),
            Kind::Meta { name, arguments } => {
                let follows_sql = before.is_some_and(|before| matches!(before.kind, Kind::Sql(_)));
                self.meta(name, arguments, command.span, follows_sql);
            }
        }
    }

    fn wrong(&mut self, span: Span, primary: impl Into<String>) -> &mut Diagnostic {
        let place = self.file.place(span);
        let diagnostic = Diagnostic::error("pgbench", primary).at(place);
        self.problems.0.push(diagnostic);
        let last = self.problems.0.len() - 1;
        &mut self.problems.0[last]
    }

    /// [`Self::wrong`] with nothing more to say.
    fn refuse(&mut self, span: Span, primary: impl Into<String>) {
        self.wrong(span, primary);
    }

    fn meta(&mut self, name: &str, arguments: &str, span: Span, follows_sql: bool) {
        match name {
            "set" => self.set(arguments, span),
            "if" => {
                let (current, reads) = self.condition(arguments, span);
                self.blocks.push(Block {
                    span,
                    earlier: Vec::new(),
                    current,
                    reads,
                    has_else: false,
                });
            }
            "elif" => self.elif(arguments, span),
            "else" => match self.blocks.last_mut() {
                Some(block) if !block.has_else => {
                    let current = std::mem::replace(&mut block.current, "true".to_owned());
                    block.earlier.push(current);
                    block.has_else = true;
                }
                _ => self.refuse(span, "\\else without an \\if"),
            },
            "endif" => {
                if self.blocks.pop().is_none() {
                    self.wrong(span, "\\endif without an \\if");
                }
            }
            "gset" | "aset" => self.gset(name, arguments, span, follows_sql),
            "sleep" => self.sleep(arguments, span),
            "startpipeline" | "endpipeline" | "syncpipeline" => self.script.pipeline = true,
            "setshell" | "shell" => {
                let primary = format!("\\{name} has no counterpart: a load runs no programs");
                self.wrong(span, primary);
            }
            _ => {
                let known = [
                    "set",
                    "if",
                    "elif",
                    "else",
                    "endif",
                    "gset",
                    "aset",
                    "sleep",
                    "startpipeline",
                    "endpipeline",
                    "syncpipeline",
                    "setshell",
                    "shell",
                ];
                let hint = did_you_mean(name, known);
                let wrong = self.wrong(span, format!("pgbench has no meta command \\{name}"));
                wrong.hints.extend(hint);
            }
        }
    }

    // ---- expressions ----

    fn expression(&mut self, text: &str, span: Span) -> Option<Expression> {
        let given = self.given;
        let set = &self.counts;
        let known = |name: &str| match set.contains_key(name) {
            true => None,
            false => constant(given, name),
        };
        match parse(text) {
            Ok(expression) => Some(expression.with(&known)),
            Err(why) => {
                self.wrong(span, why);
                None
            }
        }
    }

    /// A condition in the language of hooks, and the variables that it reads.
    fn condition(&mut self, text: &str, span: Span) -> (String, Vec<String>) {
        let mut reads = Vec::new();
        let Some(expression) = self.expression(text, span) else {
            return ("true".to_owned(), reads);
        };
        expression.variables(&mut reads);
        self.must_be_set(&reads, span);
        let writer = Writer { types: &self.types };
        match writer.condition(&expression) {
            Ok(condition) => (condition, reads),
            Err(why) => {
                self.wrong(span, why);
                ("true".to_owned(), reads)
            }
        }
    }

    fn must_be_set(&mut self, names: &[String], span: Span) {
        for name in names {
            if self.set.contains(name) {
                continue;
            }
            match name.as_str() {
                "client_id" => self.client_id(span),
                "random_seed" | "default_seed" => {
                    let primary = format!(":{name} has no counterpart");
                    self.wrong(span, primary);
                }
                _ if self.define(name, span) => {}
                _ => {
                    let hint = did_you_mean(name, &self.set);
                    let primary = format!("the variable :{name} is not set before");
                    let hints = &mut self.wrong(span, primary).hints;
                    hints.extend(hint);
                    hints.push(format!("give it with -D {name}=VALUE"));
                }
            }
            self.set.insert(name.clone());
        }
    }

    fn client_id(&mut self, span: Span) {
        let with = ("client_id".to_owned(), "{ builtin: client }".to_owned());
        self.script.with.push(with);
        let primary = ":client_id counts from 1 here, and from 0 in pgbench";
        let warning = Diagnostic::warning("pgbench", primary).at(self.file.place(span));
        self.problems.push(warning);
    }

    /// A variable of the command line, as one of the script.
    fn define(&mut self, name: &str, span: Span) -> bool {
        let Some(value) = constant(self.given, name) else {
            return false;
        };
        let with = (name.to_owned(), literal(&value, self.given, name));
        self.script.with.push(with);
        if self.counts.contains_key(name) {
            let primary = format!(":{name} begins anew with every transaction");
            let warning = Diagnostic::warning("pgbench", primary).at(self.file.place(span));
            self.problems.push(warning);
        }
        true
    }

    fn set(&mut self, arguments: &str, span: Span) {
        let (name, text) = match arguments.split_once(char::is_whitespace) {
            Some((name, text)) if !text.trim().is_empty() => (name, text),
            _ => return self.refuse(span, "\\set needs a variable and an expression"),
        };
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        if !name.chars().all(is_name) {
            return self.refuse(span, format!("\"{name}\" is no name of a variable"));
        }
        let Some(expression) = self.expression(text, span) else {
            return;
        };
        let inside = self
            .blocks
            .iter()
            .find(|block| block.reads.iter().any(|read| read == name));
        if let Some(block) = inside {
            let asked = block.span;
            let related = (self.file.place(asked), "it is asked here".to_owned());
            let primary = format!(":{name} is changed in the \\if that asks it");
            let wrong = self.wrong(span, primary);
            wrong.related.push(related);
            return;
        }
        let early = self.script.steps.is_empty() && self.blocks.is_empty();
        let once = self.counts.get(name) == Some(&1) && !self.set.contains(name);
        if let Some(argument) = argument(&expression).filter(|_| early && once) {
            self.script.with.push((name.to_owned(), argument));
            self.set.insert(name.to_owned());
            return;
        }
        let mut reads = Vec::new();
        expression.variables(&mut reads);
        self.must_be_set(&reads, span);
        let writer = Writer { types: &self.types };
        let (value, kind) = (writer.value(&expression), writer.type_of(&expression));
        match value {
            Err(why) => self.refuse(span, why),
            Ok(value) => {
                self.types.insert(name.to_owned(), kind);
                self.pending.push(Assignment {
                    when: self.conditions(),
                    name: name.to_owned(),
                    value,
                    span,
                });
                self.set.insert(name.to_owned());
            }
        }
    }

    // ---- conditions ----

    /// The conditions of the branch that is open, the outermost first.
    fn conditions(&self) -> Vec<String> {
        let branches = self.blocks.iter().map(|block| {
            let not = block.earlier.iter().map(|earlier| format!("!{earlier}"));
            let all: Vec<String> = match block.has_else {
                true => not.collect(),
                false => not.chain([block.current.clone()]).collect(),
            };
            all.join(" && ")
        });
        branches.collect()
    }

    fn elif(&mut self, arguments: &str, span: Span) {
        if self.blocks.last().is_none_or(|block| block.has_else) {
            return self.refuse(span, "\\elif without an \\if");
        }
        let (condition, reads) = self.condition(arguments, span);
        if let Some(block) = self.blocks.last_mut() {
            let current = std::mem::replace(&mut block.current, condition);
            block.earlier.push(current);
            block.reads.extend(reads);
        }
    }

    // ---- statements ----

    fn statement(&mut self, sql: &str, span: Span) {
        let names = bind(sql).names;
        self.must_be_set(&names, span);
        self.constants(&names);
        self.not_in_quotes(sql, span);
        self.place();
        let when = self.conditions();
        let name = self.step_name(sql);
        self.script.steps.push(Step {
            control: control(sql).filter(|_| when.is_empty()),
            name,
            sql: sql.to_owned(),
            when,
            ..Step::default()
        });
    }

    /// Constants of the command line that a statement names become variables.
    fn constants(&mut self, names: &[String]) {
        for name in names {
            let known = self.script.with.iter().any(|(with, _)| with == name);
            if known || self.counts.contains_key(name) {
                continue;
            }
            if let Some(value) = constant(self.given, name) {
                let with = (name.clone(), literal(&value, self.given, name));
                self.script.with.push(with);
            }
        }
    }

    /// pgbench replaces names within quotes too, by the simple protocol; here they are text.
    fn not_in_quotes(&mut self, sql: &str, span: Span) {
        let strings = tokens(sql)
            .into_iter()
            .filter(|token| matches!(token.kind, TokenKind::String | TokenKind::DollarString));
        for token in strings {
            let text = &sql[token.range.clone()];
            let named = self.set.iter().find(|name| {
                text.match_indices(&format!(":{name}")).any(|(at, found)| {
                    let behind = text[at + found.len()..].chars().next();
                    !behind.is_some_and(|c| c.is_alphanumeric() || c == '_')
                })
            });
            if let Some(name) = named.cloned() {
                let start = span.start + token.range.start;
                let place = Span::new(start, span.start + token.range.end);
                let primary = format!(":{name} within quotes is no variable here");
                let hint = format!("write :{name}, or put the text together with ||");
                self.wrong(place, primary).hints.push(hint);
            }
        }
    }

    /// Finds a place for the variables that were set since the last statement: behind the last one before them that runs
    /// whenever they are set, or before the script. What they read must not change on the way.
    fn place(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let Some(first) = pending.first() else { return };
        let span = first.span;
        let runs_whenever = |step: &Step| {
            let mut pending = pending.iter();
            pending.all(|assignment| assignment.when.starts_with(&step.when))
        };
        let found = self.script.steps.iter().rposition(runs_whenever);
        let between = &self.script.steps[found.map_or(0, |at| at + 1)..];
        if between.iter().any(Step::sets_something) {
            let primary = "this \\set has no statement before it that it could run behind";
            let hint = "set it before the first statement, or behind one under the same condition";
            self.wrong(span, primary).hints.push(hint.to_owned());
            return;
        }
        let outer = found.map_or(0, |at| self.script.steps[at].when.len());
        let lines = pending.iter().map(|assignment| {
            let Assignment { name, value, .. } = assignment;
            let inner = assignment.when[outer..].join(" && ");
            match inner.is_empty() {
                true => format!("let {name} = {value}; save(\"{name}\", {name});"),
                false => format!("if {inner} {{ save(\"{name}\", {value}); }}"),
            }
        });
        match found {
            Some(at) => self.script.steps[at].after.extend(lines),
            None => self.script.before.extend(lines),
        }
    }

    fn step_name(&mut self, sql: &str) -> String {
        let words: Vec<String> = tokens(sql)
            .into_iter()
            .filter(|token| {
                matches!(
                    token.kind,
                    TokenKind::Identifier | TokenKind::QuotedIdentifier
                )
            })
            .map(|token| sql[token.range].trim_matches('"').to_ascii_lowercase())
            .collect();
        let verb = words
            .first()
            .cloned()
            .unwrap_or_else(|| "statement".to_owned());
        let table = match verb.as_str() {
            "update" => words.get(1),
            "select" | "insert" | "delete" | "with" => {
                let at = words
                    .iter()
                    .position(|word| word == "from" || word == "into");
                at.and_then(|at| words.get(at + 1))
            }
            _ => None,
        };
        let simple = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let table = table.filter(|table| table.chars().all(simple));
        let name = match (control(sql), table) {
            // The words themselves are names of steps that are nothing else.
            (Some("begin"), _) => "start".to_owned(),
            (Some("commit"), _) => "end".to_owned(),
            (Some(_), _) => "abort".to_owned(),
            (None, Some(table)) => format!("{verb}_{}", table.trim_start_matches("pgbench_")),
            (None, None) => verb,
        };
        let count = self.names.entry(name.clone()).or_default();
        *count += 1;
        match *count {
            1 => name,
            number => format!("{name}_{number}"),
        }
    }

    fn gset(&mut self, command: &str, prefix: &str, span: Span, follows_sql: bool) {
        let columns = match self.script.steps.last() {
            Some(step) if follows_sql => columns(&step.sql),
            _ => return self.refuse(span, format!("\\{command} must follow a statement")),
        };
        let Some(columns) = columns else {
            let primary = format!("\\{command} needs columns with names");
            let hint = "name each one: SELECT count(*) AS n";
            return self.wrong(span, primary).hints.push(hint.to_owned());
        };
        for column in columns {
            let name = format!("{prefix}{column}");
            self.set.insert(name.clone());
            if let Some(step) = self.script.steps.last_mut() {
                step.save.push((name, column));
                step.one_row = command == "gset";
            }
        }
    }

    fn sleep(&mut self, arguments: &str, span: Span) {
        let mut words = arguments.split_whitespace();
        let number = words.next().and_then(|word| match word.strip_prefix(':') {
            Some(name) => match constant(self.given, name) {
                Some(Expression::Integer(number)) => Some(number),
                _ => None,
            },
            None => word.parse().ok(),
        });
        let unit = words.next().unwrap_or("s");
        match (number, unit) {
            (Some(number), "us" | "ms" | "s") if self.blocks.is_empty() => {
                self.script.think = Some(format!("{number}{unit}"));
                self.slept = Some(span);
            }
            (Some(_), "us" | "ms" | "s") => {
                self.wrong(span, "a pause under a condition has no counterpart");
            }
            _ => self.refuse(span, "\\sleep needs a whole number, and us, ms or s"),
        }
    }

    fn finish(mut self) -> Script {
        if let Some(block) = self.blocks.first() {
            let span = block.span;
            self.wrong(span, "this \\if has no \\endif");
        }
        if self.script.steps.is_empty() && !self.problems.has_errors() {
            let end = Span::new(0, 0);
            self.wrong(end, "the script has no statement");
        }
        self.script
    }
}

/// The word of a control step, for a statement that says nothing more.
fn control(sql: &str) -> Option<&'static str> {
    let words = tokens(sql);
    let count = words.iter().filter(|token| token.is_significant()).count();
    match kind(sql) {
        _ if count != 1 => None,
        StatementKind::Transaction(TransactionControl::Begin) => Some("begin"),
        StatementKind::Transaction(TransactionControl::Commit) => Some("commit"),
        StatementKind::Transaction(TransactionControl::Rollback) => Some("rollback"),
        _ => None,
    }
}
