//! What a step, an entry of an order or an expectation says of a result: does it contradict itself?

use super::Checker;
use crate::{
    source::Diagnostic,
    spec::{
        client::Statement,
        expect::{Between, Bound},
        value::Literal,
    },
    sql::{self, StatementKind},
    text::{list, plural},
};

/// Where something is said of a result.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// In a step, or in an expectation of one.
    AtStep,
    /// Under "then".
    InOrder,
    /// Beside a statement of "expect".
    Alone,
}

/// What one statement comes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ResultOf {
    /// Rows that it returns.
    Read,
    /// Rows that it changes, and returns none.
    Change,
}

/// None where the words of the SQL do not tell.
fn result_of(text: &str) -> Option<ResultOf> {
    if sql::split(text).statements.len() != 1 {
        return None;
    }
    match sql::kind(text) {
        StatementKind::Read | StatementKind::LockingRead => Some(ResultOf::Read),
        StatementKind::Write => {
            let returning = text.to_lowercase().contains("returning");
            (!returning).then_some(ResultOf::Change)
        }
        StatementKind::Transaction(_) | StatementKind::Ddl | StatementKind::Other => None,
    }
}

impl Checker<'_> {
    /// What a step says of its result.
    pub(super) fn outcome(&self, step: &Statement, path: &str) {
        if let Some(state) = &step.error {
            self.condition(state, &format!("{path}/error"));
        }
        let said = [
            ("rows", step.rows.is_some()),
            ("row_count", step.row_count.is_some()),
            ("affected", step.affected.is_some()),
            ("save", !step.save.is_empty()),
        ];
        if step.error.is_some() {
            self.beside_an_error(&said, path);
        }
        if let Some(rows) = &step.rows {
            self.rows(rows, &format!("{path}/rows"));
            if let Some(count) = step.row_count.filter(|count| *count != rows.len() as u64) {
                let primary = format!(
                    "{} expected, and \"row_count\" is {count}",
                    plural(rows.len() as u64, "row")
                );
                self.push(
                    Diagnostic::error("contradiction", primary)
                        .at(self.place(&format!("{path}/row_count")))
                        .related(self.key_place(&format!("{path}/rows")), "the rows"),
                );
            }
        } else if step.ordered.is_some() {
            self.ordered_without_rows(path);
        }
        self.fits_the_statement(step, path);
    }

    /// `affected` of a SELECT, `rows` of an UPDATE.
    fn fits_the_statement(&self, step: &Statement, path: &str) {
        let said = [
            ("rows", step.rows.is_some()),
            ("row_count", step.row_count.is_some()),
            ("affected", step.affected.is_some()),
        ];
        self.fits(&step.sql, &said, Stands::AtStep, path);
        if !step.save.is_empty() && result_of(&step.sql) == Some(ResultOf::Change) {
            let place = self.key_place(&format!("{path}/save"));
            let primary = "this statement returns no rows whose columns could be saved";
            let diagnostic = Diagnostic::error("contradiction", primary).at(place);
            self.push(diagnostic.hint("add RETURNING"));
        }
    }

    /// What is said of returned or changed rows must be of a statement that returns or changes any: of another one it
    /// would always hold, or never.
    pub(super) fn fits(&self, text: &str, said: &[(&str, bool)], stands: Stands, path: &str) {
        match result_of(text) {
            Some(ResultOf::Read) if said.contains(&("affected", true)) => {
                let place = self.key_place(&format!("{path}/affected"));
                let primary = "this statement changes no rows, it returns them";
                let diagnostic = Diagnostic::error("contradiction", primary).at(place.clone());
                self.push(match stands {
                    Stands::InOrder => diagnostic.hint("say which rows it returns with \"rows\""),
                    Stands::AtStep | Stands::Alone => {
                        diagnostic.suggest(place, "row_count", "count the rows that it returns")
                    }
                });
            }
            Some(ResultOf::Change) => {
                let of_rows = said
                    .iter()
                    .filter(|(key, said)| *said && *key != "affected");
                for (key, _) in of_rows {
                    let place = self.key_place(&format!("{path}/{key}"));
                    let primary = "this statement returns no rows, it changes them";
                    let diagnostic = Diagnostic::error("contradiction", primary).at(place);
                    self.push(diagnostic.hint(match stands {
                        Stands::AtStep | Stands::InOrder => {
                            "say how many with \"affected\", or add RETURNING"
                        }
                        Stands::Alone => "ask with a SELECT, or add RETURNING",
                    }));
                }
            }
            Some(ResultOf::Read) | None => {}
        }
    }

    /// A statement that ends with an error has no result.
    pub(super) fn beside_an_error(&self, said: &[(&str, bool)], path: &str) {
        let beside = said.iter().filter(|(_, said)| *said).map(|(key, _)| *key);
        let beside: Vec<&str> = beside.collect();
        if let Some(first) = beside.first() {
            let quoted: Vec<String> = beside.iter().map(|key| format!("\"{key}\"")).collect();
            let primary = format!(
                "a statement that ends with an error has no {}",
                list(&quoted, "or")
            );
            self.push(
                Diagnostic::error("contradiction", primary)
                    .at(self.key_place(&format!("{path}/{first}")))
                    .related(self.key_place(&format!("{path}/error")), "the error"),
            );
        }
    }

    pub(super) fn ordered_without_rows(&self, path: &str) {
        let place = self.key_place(&format!("{path}/ordered"));
        let diagnostic = Diagnostic::error("contradiction", "there are no \"rows\" to be ordered");
        self.push(diagnostic.at(place));
    }

    /// Rows have as many values as each other.
    pub(super) fn rows(&self, rows: &[Vec<Literal>], path: &str) {
        let Some(width) = rows.first().map(Vec::len) else {
            return;
        };
        let uneven = rows.iter().position(|row| row.len() != width);
        if let Some(index) = uneven {
            let primary = format!(
                "this row has {}, and the first one {width}",
                plural(rows[index].len() as u64, "value")
            );
            let diagnostic = Diagnostic::error("uneven-rows", primary);
            self.push(
                diagnostic
                    .at(self.place(&format!("{path}/{index}")))
                    .related(self.place(&format!("{path}/0")), "the first row"),
            );
        }
    }

    /// The first of `between` is not above the second.
    pub(super) fn bound<T: PartialOrd + std::fmt::Display>(
        &self,
        bound: Option<&Bound<T>>,
        path: &str,
    ) {
        if let Some(Bound::Between(Between {
            between: (least, most),
        })) = bound
            && least > most
        {
            let primary = format!("nothing lies between {least} and {most}");
            let place = self.place(&format!("{path}/between"));
            let diagnostic = Diagnostic::error("contradiction", primary).at(place);
            self.push(diagnostic.hint("the smaller one comes first"));
        }
    }
}
