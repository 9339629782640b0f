//! `rename`.

use super::super::{Found, Look, Rule, Severity, Statement, script::begins};

/// A table or column that is called something else.
pub const RULE: Rule = Rule {
    code: "rename",
    severity: Severity::Advisory,
    title: "A table or column gets another name",
    condition: "ALTER TABLE … RENAME of a table or column that the script did not make itself.",
    effect: "While the new program is rolled out the old one still runs, and every statement of it that says the old name \
fails.",
    bad: "ALTER TABLE orders RENAME COLUMN note TO remark;",
    good: "\
ALTER TABLE orders ADD COLUMN remark text;
-- write to both, fill the old rows, read the new one, and drop the old one with a later release",
    look: Look::Statement(look),
};

fn look(statement: &Statement<'_>) -> Option<Found> {
    let (table, rest) = statement.altered_table()?;
    let renames = begins(rest, "rename") && !begins(rest, "rename constraint");
    (renames && !statement.made_here(&table)).then(|| {
        Found::new(
            table.clone(),
            format!("programs that know the old name in {table} fail"),
        )
    })
}
