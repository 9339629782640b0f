//! What does a spec file say? Its grammar:
//!
//! ```text
//! spec        := { setup SQL } [ teardown SQL ] session { session } { permutation }
//! session     := session NAME [ setup SQL ] step { step } [ teardown SQL ]
//! step        := step NAME SQL
//! permutation := permutation launch { launch }
//! launch      := NAME [ "(" marker { "," marker } ")" ]
//! marker      := "*" | NAME | NAME notices NUMBER
//! ```

use super::{
    lexer::{Keyword, Token, TokenKind, tokenize},
    link::link,
    spec::{Comment, Name, Session, Spec, Sql, Step},
};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

/// A spec that makes sense, and what is odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The spec.
    pub spec: Spec,
    /// Steps that no order launches, and the like.
    pub warnings: Diagnostics,
}

/// Reads a spec file.
///
/// # Errors
///
/// The first word that does not fit the grammar; or all names that do not: duplicate steps, launches of
/// unknown steps, markers that name a step of another permutation or of their own session.
pub fn parse(file: &SourceFile) -> Result<Parsed, Diagnostics> {
    let (tokens, comments) = tokenize(file)?;
    let mut parser = Parser {
        file,
        tokens: &tokens,
        at: 0,
    };
    let written = parser.spec(comments)?;
    link(written)
}

/// A spec whose orders name steps by text.
pub(super) struct Written {
    /// Everything but the orders.
    pub spec: Spec,
    /// The orders.
    pub permutations: Vec<WrittenPermutation>,
}

/// An order whose steps are named by text.
pub(super) struct WrittenPermutation {
    /// The launches.
    pub launches: Vec<WrittenLaunch>,
    /// The whole of it.
    pub span: Span,
}

/// A launch whose steps are named by text.
pub(super) struct WrittenLaunch {
    /// The step.
    pub name: Name,
    /// The markers.
    pub markers: Vec<WrittenMarker>,
    /// The name and the markers.
    pub span: Span,
}

/// A marker whose step is named by text.
pub(super) enum WrittenMarker {
    /// `*`
    Once,
    /// A step.
    After(Name),
    /// A number of notices of a step's session.
    AfterNotices(Name, u32),
}

struct Parser<'a> {
    file: &'a SourceFile,
    tokens: &'a [Token],
    at: usize,
}

impl Parser<'_> {
    fn spec(&mut self, comments: Vec<Comment>) -> Result<Written, Diagnostic> {
        let mut setups = Vec::new();
        while self.takes(Keyword::Setup) {
            setups.push(self.sql()?);
        }
        let teardown = self.optional_sql(Keyword::Teardown)?;
        let mut sessions = Vec::new();
        while self.takes(Keyword::Session) {
            sessions.push(self.session()?);
        }
        if sessions.is_empty() {
            let known = if setups.is_empty() && teardown.is_none() {
                "\"setup\", \"teardown\" or \"session\""
            } else {
                "\"session\""
            };
            return Err(self.expected(known));
        }
        let mut permutations = Vec::new();
        while self.takes(Keyword::Permutation) {
            permutations.push(self.permutation()?);
        }
        if self.at < self.tokens.len() {
            return Err(self.expected("\"permutation\" or the end of the file"));
        }
        let spec = Spec {
            file: self.file.clone(),
            setups,
            teardown,
            sessions,
            permutations: Vec::new(),
            comments,
        };
        Ok(Written { spec, permutations })
    }

    fn session(&mut self) -> Result<Session, Diagnostic> {
        let start = self.last_span().start;
        let name = self.name("a name for the session")?;
        let setup = self.optional_sql(Keyword::Setup)?;
        let mut steps = Vec::new();
        while self.takes(Keyword::Step) {
            steps.push(self.step()?);
        }
        if steps.is_empty() {
            return Err(self.expected("\"step\": a session has at least one"));
        }
        let teardown = self.optional_sql(Keyword::Teardown)?;
        if self.sees(Keyword::Setup) || self.sees(Keyword::Step) || self.sees(Keyword::Teardown) {
            return Err(self
                .expected("\"session\" or \"permutation\"")
                .hint("the parts of a session are at most one setup, its steps, at most one teardown, in this order"));
        }
        Ok(Session {
            name,
            setup,
            steps,
            teardown,
            span: Span::new(start, self.last_span().end),
        })
    }

    fn step(&mut self) -> Result<Step, Diagnostic> {
        let start = self.last_span().start;
        let name = self.name("a name for the step")?;
        let sql = self.sql()?;
        let span = Span::new(start, sql.span.end);
        Ok(Step { name, sql, span })
    }

    fn permutation(&mut self) -> Result<WrittenPermutation, Diagnostic> {
        let start = self.last_span().start;
        let mut launches = vec![self.launch()?];
        while matches!(self.peek(), Some(TokenKind::Name(_))) {
            launches.push(self.launch()?);
        }
        Ok(WrittenPermutation {
            launches,
            span: Span::new(start, self.last_span().end),
        })
    }

    fn launch(&mut self) -> Result<WrittenLaunch, Diagnostic> {
        let name = self.name("the name of a step to launch")?;
        let mut markers = Vec::new();
        if self.takes_sign('(') {
            loop {
                markers.push(self.marker()?);
                if !self.takes_sign(',') {
                    break;
                }
            }
            if !self.takes_sign(')') {
                return Err(self.expected("\",\" or \")\""));
            }
        }
        let span = Span::new(name.span.start, self.last_span().end);
        Ok(WrittenLaunch {
            name,
            markers,
            span,
        })
    }

    fn marker(&mut self) -> Result<WrittenMarker, Diagnostic> {
        if self.takes_sign('*') {
            return Ok(WrittenMarker::Once);
        }
        let name = self.name("\"*\" or the name of a step")?;
        if !self.takes(Keyword::Notices) {
            return Ok(WrittenMarker::After(name));
        }
        let Some(TokenKind::Number(count)) = self.peek() else {
            return Err(self.expected("a number of notices"));
        };
        let count = *count;
        self.at += 1;
        Ok(WrittenMarker::AfterNotices(name, count))
    }

    // ---- words ----

    fn peek(&self) -> Option<&TokenKind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn sees(&self, keyword: Keyword) -> bool {
        self.peek() == Some(&TokenKind::Keyword(keyword))
    }

    fn takes(&mut self, keyword: Keyword) -> bool {
        let sees = self.sees(keyword);
        self.at += usize::from(sees);
        sees
    }

    fn takes_sign(&mut self, sign: char) -> bool {
        let sees = self.peek() == Some(&TokenKind::Sign(sign));
        self.at += usize::from(sees);
        sees
    }

    fn name(&mut self, wanted: &str) -> Result<Name, Diagnostic> {
        let Some(TokenKind::Name(text)) = self.peek() else {
            return Err(self.expected(wanted));
        };
        let text = text.clone();
        self.at += 1;
        Ok(Name {
            text,
            span: self.last_span(),
        })
    }

    fn sql(&mut self) -> Result<Sql, Diagnostic> {
        let Some(TokenKind::Sql(text)) = self.peek() else {
            return Err(self.expected("SQL in braces"));
        };
        let text = text.clone();
        self.at += 1;
        Ok(Sql {
            text,
            span: self.last_span(),
        })
    }

    fn optional_sql(&mut self, keyword: Keyword) -> Result<Option<Sql>, Diagnostic> {
        if !self.takes(keyword) {
            return Ok(None);
        }
        self.sql().map(Some)
    }

    /// Where the last taken word stands.
    fn last_span(&self) -> Span {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(Span::new(0, 0), |token| token.span)
    }

    fn expected(&self, wanted: &str) -> Diagnostic {
        let Some(token) = self.tokens.get(self.at) else {
            let end = self.file.text().trim_end().len();
            return Diagnostic::error(
                "spec-syntax",
                format!("expected {wanted}, found the end of the file"),
            )
            .at(self.file.place(Span::new(end, end)));
        };
        let found = match &token.kind {
            TokenKind::Keyword(keyword) => format!("the keyword \"{}\"", keyword.word()),
            TokenKind::Name(name) => format!("the name \"{name}\""),
            TokenKind::Sql(_) => "SQL in braces".to_owned(),
            TokenKind::Number(number) => format!("the number {number}"),
            TokenKind::Sign(sign) => format!("\"{sign}\""),
        };
        let diagnostic =
            Diagnostic::error("spec-syntax", format!("expected {wanted}, found {found}"))
                .at(self.file.place(token.span));
        match &token.kind {
            TokenKind::Name(name) => match misspelt(name) {
                Some(keyword) => diagnostic.hint(format!(
                    "did you mean \"{}\"? keywords are lower-case",
                    keyword.word()
                )),
                None => diagnostic,
            },
            TokenKind::Keyword(keyword) if wanted.contains("name") => diagnostic.hint(format!(
                "a keyword can be a name in double quotes: \"{}\"",
                keyword.word()
            )),
            _ => diagnostic,
        }
    }
}

fn misspelt(name: &str) -> Option<Keyword> {
    let lower = name.to_ascii_lowercase();
    let words = Keyword::ALL.map(Keyword::word);
    let near = crate::text::nearest(&lower, words)?;
    Keyword::ALL
        .into_iter()
        .find(|keyword| keyword.word() == near)
}
