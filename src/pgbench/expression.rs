//! What does an expression of `\set` and `\if` say? The grammar of pgbench (`src/bin/pgbench/exprparse.y`), by precedence:
//! `OR`, `AND`, `NOT`, `IS`, comparisons, `| # & << >>`, `+ -`, `* / %`, unary minus and `~`.

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Null,
    Variable(String),
    /// `-` and `~` and `NOT`, by the word of pgbench.
    Unary(&'static str, Box<Self>),
    /// An operator between two, by the word of pgbench.
    Binary(&'static str, Box<Self>, Box<Self>),
    /// `IS NULL`.
    IsNull(Box<Self>),
    /// A function by its name in lower case.
    Call(String, Vec<Self>),
    /// `CASE WHEN … THEN … ELSE … END`.
    Case(Vec<(Self, Self)>, Option<Box<Self>>),
}

/// Reads an expression.
///
/// # Errors
///
/// What is wrong with it, in words.
pub(super) fn parse(text: &str) -> Result<Expression, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens, at: 0 };
    let expression = parser.binary(0)?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err(format!("\"{}\" does not belong here", token.text())),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Integer(i64),
    Number(f64),
    Variable(String),
    Word(String),
    Sign(&'static str),
}

impl Token {
    fn text(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Variable(name) => format!(":{name}"),
            Self::Word(word) => word.clone(),
            Self::Sign(sign) => (*sign).to_owned(),
        }
    }
}

/// The longest first.
const SIGNS: [&str; 20] = [
    "<<", ">>", "<=", ">=", "<>", "!=", "+", "-", "*", "/", "%", "=", "<", ">", "|", "&", "#", "~",
    "(", ")",
];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = |from: &str| -> usize {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            from.find(|c| !is_word(c)).unwrap_or(from.len())
        };
        let length = match first {
            ':' => {
                let length = word(&rest[1..]);
                tokens.push(Token::Variable(rest[1..=length].to_owned()));
                length + 1
            }
            '0'..='9' | '.' => {
                let length = number_length(rest);
                tokens.push(number(&rest[..length])?);
                length
            }
            ',' => {
                tokens.push(Token::Sign(","));
                1
            }
            c if c.is_alphabetic() || c == '_' => {
                let length = word(rest);
                tokens.push(Token::Word(rest[..length].to_ascii_lowercase()));
                length
            }
            other => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                let sign = sign.ok_or_else(|| format!("\"{other}\" is no operator"))?;
                tokens.push(Token::Sign(sign));
                sign.len()
            }
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let exponent = matches!(byte, b'e' | b'E');
        let signed = exponent && matches!(bytes.get(at + 1), Some(b'+' | b'-'));
        match byte {
            b'0'..=b'9' | b'.' => at += 1,
            _ if signed => at += 2,
            _ if exponent => at += 1,
            _ => break,
        }
    }
    at
}

fn number(text: &str) -> Result<Token, String> {
    let wrong = |_| format!("\"{text}\" is no number");
    match text.contains(['.', 'e', 'E']) {
        true => text.parse().map(Token::Number).map_err(|_| wrong(())),
        false => text.parse().map(Token::Integer).map_err(|_| wrong(())),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

/// Operators between two, the loosest first; `NOT` and `IS` stand between the second and the third.
const LEVELS: [&[&str]; 6] = [
    &["or"],
    &["and"],
    &["=", "<>", "!=", "<", "<=", ">", ">="],
    &["|", "#", "&", "<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

/// From this level on `NOT` binds less tightly than everything.
const COMPARISONS: usize = 2;

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// Takes the next token if it is this sign or word.
    fn take(&mut self, text: &str) -> bool {
        let found = match self.peek() {
            Some(Token::Sign(sign)) => *sign == text,
            Some(Token::Word(word)) => word == text,
            _ => false,
        };
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, text: &str) -> Result<(), String> {
        match self.take(text) {
            true => Ok(()),
            false => Err(match self.peek() {
                Some(token) => format!("expected \"{text}\", not \"{}\"", token.text()),
                None => format!("\"{text}\" is missing at its end"),
            }),
        }
    }

    fn binary(&mut self, level: usize) -> Result<Expression, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        if level == COMPARISONS && self.take("not") {
            let operand = self.binary(level)?;
            return Ok(Expression::Unary("not", Box::new(operand)));
        }
        let mut left = self.binary(level + 1)?;
        loop {
            if let Some(operator) = operators.iter().find(|operator| self.take(operator)) {
                let right = self.binary(level + 1)?;
                left = Expression::Binary(operator, Box::new(left), Box::new(right));
            } else if level == COMPARISONS && self.take("is") {
                left = self.is(left)?;
            } else if level == COMPARISONS && self.take("isnull") {
                left = Expression::IsNull(Box::new(left));
            } else if level == COMPARISONS && self.take("notnull") {
                left = not(Expression::IsNull(Box::new(left)));
            } else {
                return Ok(left);
            }
        }
    }

    fn is(&mut self, left: Expression) -> Result<Expression, String> {
        let negated = self.take("not");
        let is = if self.take("null") {
            Expression::IsNull(Box::new(left))
        } else if self.take("true") {
            Expression::Binary("=", Box::new(left), Box::new(Expression::Boolean(true)))
        } else if self.take("false") {
            Expression::Binary("=", Box::new(left), Box::new(Expression::Boolean(false)))
        } else {
            return Err("IS needs NULL, TRUE or FALSE".to_owned());
        };
        Ok(if negated { not(is) } else { is })
    }

    fn unary(&mut self) -> Result<Expression, String> {
        if self.take("-") {
            return Ok(match self.unary()? {
                Expression::Integer(number) => Expression::Integer(number.wrapping_neg()),
                Expression::Number(number) => Expression::Number(-number),
                other => Expression::Unary("-", Box::new(other)),
            });
        }
        if self.take("+") {
            return self.unary();
        }
        if self.take("~") {
            return Ok(Expression::Unary("~", Box::new(self.unary()?)));
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Expression, String> {
        let token = self.peek().cloned();
        self.at += 1;
        match token {
            None => Err("an expression is missing at its end".to_owned()),
            Some(Token::Integer(number)) => Ok(Expression::Integer(number)),
            Some(Token::Number(number)) => Ok(Expression::Number(number)),
            Some(Token::Variable(name)) if !name.is_empty() => Ok(Expression::Variable(name)),
            Some(Token::Sign("(")) => {
                let inner = self.binary(0)?;
                self.need(")")?;
                Ok(inner)
            }
            Some(Token::Word(word)) => self.word(word),
            Some(other) => Err(format!("\"{}\" does not belong here", other.text())),
        }
    }

    fn word(&mut self, word: String) -> Result<Expression, String> {
        match word.as_str() {
            "true" => Ok(Expression::Boolean(true)),
            "false" => Ok(Expression::Boolean(false)),
            "null" => Ok(Expression::Null),
            "case" => self.case(),
            _ => {
                self.need("(")?;
                let mut arguments = Vec::new();
                if !self.take(")") {
                    arguments.push(self.binary(0)?);
                    while self.take(",") {
                        arguments.push(self.binary(0)?);
                    }
                    self.need(")")?;
                }
                Ok(Expression::Call(word, arguments))
            }
        }
    }

    fn case(&mut self) -> Result<Expression, String> {
        let mut branches = Vec::new();
        while self.take("when") {
            let condition = self.binary(0)?;
            self.need("then")?;
            branches.push((condition, self.binary(0)?));
        }
        let otherwise = match self.take("else") {
            true => Some(Box::new(self.binary(0)?)),
            false => None,
        };
        self.need("end")?;
        match branches.is_empty() {
            true => Err("CASE needs a WHEN".to_owned()),
            false => Ok(Expression::Case(branches, otherwise)),
        }
    }
}

fn not(expression: Expression) -> Expression {
    Expression::Unary("not", Box::new(expression))
}

impl Expression {
    /// Its value, where it depends on nothing that is known only while it runs.
    pub(super) fn constant(&self) -> Option<Self> {
        match self {
            Self::Integer(_) | Self::Number(_) | Self::Boolean(_) | Self::Null => {
                Some(self.clone())
            }
            Self::Unary("-", operand) => match operand.constant()? {
                Self::Integer(number) => Some(Self::Integer(number.checked_neg()?)),
                Self::Number(number) => Some(Self::Number(-number)),
                _ => None,
            },
            Self::Binary(operator, left, right) => {
                arithmetic(operator, &left.constant()?, &right.constant()?)
            }
            _ => None,
        }
    }

    /// The same with the values of the variables that are known.
    pub(super) fn with(self, known: &impl Fn(&str) -> Option<Self>) -> Self {
        let boxed = |inner: Box<Self>| Box::new(inner.with(known));
        match self {
            Self::Variable(name) => known(&name).unwrap_or(Self::Variable(name)),
            Self::Unary(operator, operand) => Self::Unary(operator, boxed(operand)),
            Self::Binary(operator, left, right) => {
                Self::Binary(operator, boxed(left), boxed(right))
            }
            Self::IsNull(operand) => Self::IsNull(boxed(operand)),
            Self::Call(name, arguments) => {
                let arguments = arguments.into_iter().map(|one| one.with(known));
                Self::Call(name, arguments.collect())
            }
            Self::Case(branches, otherwise) => Self::Case(
                branches
                    .into_iter()
                    .map(|(when, then)| (when.with(known), then.with(known)))
                    .collect(),
                otherwise.map(boxed),
            ),
            other => other,
        }
    }

    /// Every variable in it.
    pub(super) fn variables(&self, found: &mut Vec<String>) {
        match self {
            Self::Variable(name) => found.push(name.clone()),
            Self::Unary(_, operand) | Self::IsNull(operand) => operand.variables(found),
            Self::Binary(_, left, right) => {
                left.variables(found);
                right.variables(found);
            }
            Self::Call(_, arguments) => {
                for argument in arguments {
                    argument.variables(found);
                }
            }
            Self::Case(branches, otherwise) => {
                for (when, then) in branches {
                    when.variables(found);
                    then.variables(found);
                }
                if let Some(otherwise) = otherwise {
                    otherwise.variables(found);
                }
            }
            Self::Integer(_) | Self::Number(_) | Self::Boolean(_) | Self::Null => {}
        }
    }
}

fn arithmetic(operator: &str, left: &Expression, right: &Expression) -> Option<Expression> {
    use Expression::{Integer, Number};
    let float = |expression: &Expression| match expression {
        Integer(number) => Some(*number as f64),
        Number(number) => Some(*number),
        _ => None,
    };
    match (left, right) {
        (Integer(left), Integer(right)) => {
            let result = match operator {
                "+" => left.checked_add(*right),
                "-" => left.checked_sub(*right),
                "*" => left.checked_mul(*right),
                "/" => left.checked_div(*right),
                "%" => left.checked_rem(*right),
                _ => None,
            };
            result.map(Integer)
        }
        _ => {
            let (left, right) = (float(left)?, float(right)?);
            let result = match operator {
                "+" => left + right,
                "-" => left - right,
                "*" => left * right,
                "/" if right != 0.0 => left / right,
                _ => return None,
            };
            Some(Number(result))
        }
    }
}
