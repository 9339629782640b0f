//! Which names does a hook use? Asked of the syntax tree before anything runs.

use super::error::read_only;
use super::{Place, ScriptError};
use crate::text::nearest;
use rhai::{AST, ASTNode, Expr, FnCallExpr, Stmt, Token};
use std::collections::BTreeSet;

/// A variable that a hook reads and does not declare.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FreeVariable {
    /// Its name.
    pub name: String,
    /// Where it is read; one entry for each place.
    pub place: Place,
}

/// A step named by a literal in `rows("…")`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedStep {
    /// The step's name as written.
    pub step: String,
    /// Where the call stands.
    pub place: Place,
}

/// A call of a function by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Call {
    pub(super) function: String,
    pub(super) place: Place,
    /// The argument, where there is exactly one and it is a text literal.
    pub(super) literal: Option<String>,
    /// The first of several arguments, where that is a text literal.
    pub(super) first_literal: Option<String>,
    /// Called as `value.function(…)`, where a map's own entry may be meant.
    pub(super) method: bool,
}

/// The names in one syntax tree.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub(super) free: BTreeSet<FreeVariable>,
    pub(super) calls: BTreeSet<Call>,
    /// Functions the hook itself defines.
    pub(super) defined: BTreeSet<String>,
    /// Whether there is a loop.
    pub(super) loops: bool,
    /// Whether there is an operator other than `==`, `!=` and `!`.
    computes: bool,
}

impl Names {
    /// Collects the names; an assignment to something the hook did not declare is an error.
    pub(super) fn of(ast: &AST) -> Result<Names, ScriptError> {
        let mut names = Names::default();
        let mut wrong = None;
        // A closure's body cannot resolve what it captures; the statement that makes the closure names its
        // captures, resolved. So variables are read from the statements, calls from everything.
        for statement in ast.statements() {
            statement.walk(&mut Vec::new(), &mut |path| {
                match path.last() {
                    Some(ASTNode::Expr(expression)) => names.variable(expression),
                    Some(ASTNode::Stmt(Stmt::Assignment(assignment))) => {
                        wrong = wrong
                            .take()
                            .or_else(|| undeclared_target(&assignment.1.lhs));
                    }
                    _ => (),
                }
                true
            });
        }
        ast.walk(&mut |path| {
            match path.last() {
                Some(
                    ASTNode::Expr(Expr::FnCall(call, at)) | ASTNode::Stmt(Stmt::FnCall(call, at)),
                ) => names.call(call, Place::from(*at), Called::Plainly),
                Some(ASTNode::Expr(Expr::MethodCall(call, at))) => {
                    names.call(call, Place::from(*at), Called::AsMethod)
                }
                Some(ASTNode::Stmt(Stmt::While(..) | Stmt::Do(..) | Stmt::For(..))) => {
                    names.loops = true;
                }
                Some(ASTNode::Stmt(Stmt::Assignment(..))) => names.computes = true,
                _ => (),
            }
            true
        });
        names.defined = ast.iter_functions().map(|f| f.name.to_owned()).collect();
        wrong.map_or(Ok(names), Err)
    }

    /// Whether the hook reads a variable of this name that it did not declare.
    pub(super) fn reads(&self, name: &str) -> bool {
        self.free.iter().any(|variable| variable.name == name)
    }

    /// Whether a function of this name is called, or taken as a value with `Fn("name")`.
    pub(super) fn calls(&self, function: &str) -> bool {
        self.calls.iter().any(|call| {
            call.function == function
                || call.function == "Fn" && call.literal.as_deref().is_none_or(|l| l == function)
        })
    }

    /// Whether the hook goes through its text once and only asks what is equal: the operators then need neither the
    /// limits nor the meaning that ours have beside the interpreter's own.
    pub(super) fn only_compare(&self) -> bool {
        !self.computes && !self.loops && self.defined.is_empty()
    }

    /// Refuses a plain call of a function that is neither known nor defined by the hook itself.
    pub(super) fn check_functions(&self, known: &[String]) -> Result<(), ScriptError> {
        let mut plain = self.calls.iter().filter(|call| !call.method);
        let Some(call) = plain
            .find(|call| !self.defined.contains(&call.function) && !known.contains(&call.function))
        else {
            return Ok(());
        };
        let error = ScriptError::new(
            format!("unknown function \"{}\"", call.function),
            call.place,
        );
        if call.function == "sleep" {
            return Err(error.hint("a hook cannot sleep; waiting belongs in the order"));
        }
        let known = known.iter().chain(&self.defined);
        Err(match nearest(&call.function, known) {
            Some(name) => error.hint(format!("did you mean \"{name}\"?")),
            None => error,
        })
    }

    fn variable(&mut self, expression: &Expr) {
        if let Some((name, place)) = undeclared(expression) {
            self.free.insert(FreeVariable { name, place });
        }
    }

    fn call(&mut self, call: &FnCallExpr, place: Place, called: Called) {
        if let Some(operator) = &call.op_token {
            let compares = matches!(operator, Token::EqualsTo | Token::NotEqualsTo | Token::Bang);
            self.computes |= !compares;
            return;
        }
        let literal = match call.args.as_slice() {
            [Expr::StringConstant(text, _)] => Some(text.to_string()),
            _ => None,
        };
        let first_literal = match call.args.as_slice() {
            [Expr::StringConstant(text, _), _, ..] => Some(text.to_string()),
            _ => None,
        };
        let method = matches!(called, Called::AsMethod);
        self.calls.insert(Call {
            function: call.name.to_string(),
            place,
            literal,
            first_literal,
            method,
        });
    }
}

enum Called {
    Plainly,
    AsMethod,
}

fn undeclared(expression: &Expr) -> Option<(String, Place)> {
    match expression {
        Expr::Variable(variable, None, at) if variable.0.is_none() => {
            Some((variable.1.to_string(), Place::from(*at)))
        }
        _ => None,
    }
}

/// The error for `name = …`, `name.field = …` or `name[0] = …` with a name that was never declared.
fn undeclared_target(target: &Expr) -> Option<ScriptError> {
    match target {
        Expr::Dot(both, ..) | Expr::Index(both, ..) => undeclared_target(&both.lhs),
        other => undeclared(other).map(|(name, place)| read_only(&name, place)),
    }
}
