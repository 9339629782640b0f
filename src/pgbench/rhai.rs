//! How does an expression of pgbench read in the language of hooks?

use super::expression::Expression;
use std::collections::BTreeMap;

/// What kind of value an expression has, as far as its words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// True or false.
    Boolean,
    /// A number, or anything.
    Other,
}

/// Writes expressions; knows which variables are true or false.
pub(super) struct Writer<'a> {
    /// The variables with what they hold.
    pub(super) types: &'a BTreeMap<String, Type>,
}

impl Writer<'_> {
    /// The type of an expression.
    pub(super) fn type_of(&self, expression: &Expression) -> Type {
        match expression {
            Expression::Boolean(_) | Expression::IsNull(_) | Expression::Unary("not", _) => {
                Type::Boolean
            }
            Expression::Binary(
                "or" | "and" | "=" | "<>" | "!=" | "<" | "<=" | ">" | ">=",
                _,
                _,
            ) => Type::Boolean,
            Expression::Variable(name) => self.types.get(name).copied().unwrap_or(Type::Other),
            Expression::Case(branches, _) => {
                let first = branches.first();
                first.map_or(Type::Other, |(_, then)| self.type_of(then))
            }
            _ => Type::Other,
        }
    }

    /// A condition: pgbench takes a number other than 0 for true.
    pub(super) fn condition(&self, expression: &Expression) -> Result<String, String> {
        let written = self.value(expression)?;
        Ok(match self.type_of(expression) {
            Type::Boolean => written,
            Type::Other => format!("({written} != 0)"),
        })
    }

    /// A value.
    ///
    /// # Errors
    ///
    /// What has no counterpart, in words.
    pub(super) fn value(&self, expression: &Expression) -> Result<String, String> {
        Ok(match expression {
            Expression::Integer(number) if *number < 0 => format!("({number})"),
            Expression::Integer(number) => number.to_string(),
            Expression::Number(number) => format!("({number:?})"),
            Expression::Boolean(value) => value.to_string(),
            Expression::Null => "()".to_owned(),
            Expression::Variable(name) => name.clone(),
            Expression::Unary("-", operand) => format!("(-{})", self.value(operand)?),
            Expression::Unary("~", operand) => format!("(-1 ^ {})", self.value(operand)?),
            Expression::Unary(_, operand) => format!("!{}", self.condition(operand)?),
            Expression::Binary(operator @ ("or" | "and"), left, right) => {
                let operator = if *operator == "or" { "||" } else { "&&" };
                let (left, right) = (self.condition(left)?, self.condition(right)?);
                format!("({left} {operator} {right})")
            }
            Expression::Binary(operator, left, right) => {
                let operator = match *operator {
                    "=" => "==",
                    "<>" => "!=",
                    "#" => "^",
                    other => other,
                };
                format!("({} {operator} {})", self.value(left)?, self.value(right)?)
            }
            Expression::IsNull(operand) => format!("({} == ())", self.value(operand)?),
            Expression::Call(name, arguments) => self.call(name, arguments)?,
            Expression::Case(branches, otherwise) => {
                let mut out = String::new();
                for (when, then) in branches {
                    let (when, then) = (self.condition(when)?, self.value(then)?);
                    out.push_str(&format!("if {when} {{ {then} }} else "));
                }
                let otherwise = match otherwise {
                    Some(otherwise) => self.value(otherwise)?,
                    None => "()".to_owned(),
                };
                format!("({out}{{ {otherwise} }})")
            }
        })
    }

    fn call(&self, name: &str, arguments: &[Expression]) -> Result<String, String> {
        let written: Vec<String> = arguments
            .iter()
            .map(|argument| self.value(argument))
            .collect::<Result<_, _>>()?;
        let float = |text: &String| format!("to_float({text})");
        Ok(match (name, written.as_slice()) {
            ("abs", [x]) => format!("abs({x})"),
            ("double", [x]) => float(x),
            ("int", [x]) => format!("to_int(round({}))", float(x)),
            ("exp", [x]) => format!("exp({})", float(x)),
            ("ln", [x]) => format!("ln({})", float(x)),
            ("sqrt", [x]) => format!("sqrt({})", float(x)),
            ("pi", []) => "PI()".to_owned(),
            ("mod", [x, y]) => format!("({x} % {y})"),
            ("pow" | "power", [x, y]) => format!("({} ** {})", float(x), float(y)),
            ("greatest", [first, rest @ ..]) => nested("max", first, rest),
            ("least", [first, rest @ ..]) => nested("min", first, rest),
            ("random", [from, to]) => format!("random({from}, {to})"),
            ("random_exponential", [from, to, parameter]) => {
                exponential(from, to, &float(parameter))
            }
            ("random_gaussian" | "random_zipfian", [_, _, _]) => {
                return Err(format!(
                    "{name} has a counterpart only in a \\set of its own, with constant bounds, before the first statement"
                ));
            }
            ("hash" | "hash_fnv1a" | "hash_murmur2" | "permute" | "debug", _) => {
                return Err(format!("the function {name} has no counterpart"));
            }
            (
                "abs" | "double" | "int" | "exp" | "ln" | "sqrt" | "pi" | "mod" | "pow" | "power"
                | "greatest" | "least" | "random" | "random_exponential" | "random_gaussian"
                | "random_zipfian",
                arguments,
            ) => {
                return Err(format!(
                    "{name} does not take {} arguments",
                    arguments.len()
                ));
            }
            _ => return Err(format!("pgbench has no function {name}")),
        })
    }
}

fn nested(function: &str, first: &str, rest: &[String]) -> String {
    rest.iter().fold(first.to_owned(), |inner, next| {
        format!("{function}({inner}, {next})")
    })
}

/// As pgbench draws it (`getExponentialRand`).
fn exponential(from: &str, to: &str, parameter: &str) -> String {
    let cut = format!("exp(-{parameter})");
    let unit = format!("(-ln({cut} + (1.0 - {cut}) * (1.0 - random())) / {parameter})");
    format!("({from} + to_int(to_float({to} - {from} + 1) * {unit}))")
}
