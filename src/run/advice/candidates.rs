//! Which indexes are worth a try? Read from the conditions of scans that read a whole table, or far more of it than they
//! give, and from the foreign keys that a write has checked.
//!
//! A guess is all that this is: whether one helps shows when it is built. So nothing is lost where a condition is not
//! understood.

use crate::{
    record::{Catalog, PlanNode, Table, TriggerUse},
    sql::{
        identifier::written,
        lexer::{TokenKind, tokens},
    },
};

/// Rows below which an index is not worth a try.
pub(super) const SMALL: f64 = 1000.0;

/// Rows of which a LIMIT takes the first ones, from which on it is worth a try to have them in order.
const MANY: f64 = 100.0;

/// Pages that an index scan reads besides those of its rows, at most.
const DESCENT: f64 = 20.0;

/// How many candidates of one query are tried at most.
const MOST: usize = 4;

/// An index to be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) schema: String,
    pub(super) table: String,
    /// As they stand in CREATE INDEX.
    pub(super) keys: Vec<String>,
    /// The first column, without what is around it.
    pub(super) column: String,
}

impl Candidate {
    /// The statement that builds it, under a name or one that the server gives.
    pub(super) fn sql(&self, name: &str) -> String {
        let table = match self.schema.as_str() {
            "public" => written(&self.table),
            schema => format!("{}.{}", written(schema), written(&self.table)),
        };
        let keys = self.keys.join(", ");
        match name {
            "" => format!("CREATE INDEX ON {table} ({keys})"),
            name => format!("CREATE INDEX {name} ON {table} ({keys})"),
        }
    }
}

impl Candidate {
    /// The schema and name of the table.
    pub(super) fn of(&self) -> (String, String) {
        (self.schema.clone(), self.table.clone())
    }

    /// A statement that writes the first rows of the table anew.
    pub(super) fn update(&self, rows: u64) -> String {
        let table = format!("{}.{}", written(&self.schema), written(&self.table));
        let column = written(&self.column);
        format!(
            "UPDATE {table} SET {column} = {column} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} LIMIT {rows}))"
        )
    }
}

/// The candidates of a plan, the most promising first.
pub(super) fn candidates(root: &PlanNode, catalog: &Catalog) -> Vec<Candidate> {
    let mut found = Vec::new();
    walk(root, &mut Vec::new(), catalog, &mut found);
    found.truncate(MOST);
    found
}

/// The candidates of the foreign keys that a write has checked: the rows that refer to a row that goes.
pub(super) fn of_triggers(triggers: &[TriggerUse], catalog: &Catalog) -> Vec<Candidate> {
    let mut found = Vec::new();
    for table in catalog.tables.iter().filter(|table| table.rows > SMALL) {
        let keys = table.foreign_keys.iter().filter(|key| {
            let mut triggers = triggers.iter();
            triggers.any(|trigger| trigger.name == key.name && trigger.calls > 0)
        });
        for key in keys {
            let candidate = Candidate {
                schema: table.schema.clone(),
                table: table.name.clone(),
                keys: key.columns.iter().map(|column| written(column)).collect(),
                column: key.columns.first().cloned().unwrap_or_default(),
            };
            let mut indexes = table.indexes.iter();
            if !indexes.any(|index| index.leads_with(&key.columns)) {
                found.push(candidate);
            }
        }
    }
    found.truncate(MOST);
    found
}

/// Whether a node reads a whole table, or far more of it than it gives, or more than a LIMIT above takes of it.
fn reads_much(node: &PlanNode, above: &[&PlanNode]) -> bool {
    let Some(actual) = &node.actual else {
        return node.kind == "Seq Scan";
    };
    let removed = actual.removed.get("Filter").copied().unwrap_or_default();
    let sorted = above.iter().any(|node| node.kind == "Limit")
        && above.iter().any(|node| node.kind.ends_with("Sort"));
    // An index that serves the conditions gives a row for each page, and some more on the way down.
    let rows = actual.rows * actual.loops as f64;
    let pages = actual.buffers.shared() as f64;
    match node.kind.as_str() {
        "Seq Scan" => true,
        "Index Scan" | "Index Only Scan" | "Bitmap Heap Scan" => {
            removed > SMALL || sorted && actual.rows > MANY || pages > DESCENT + 4.0 * rows
        }
        _ => false,
    }
}

/// Whether the conditions of a scan leave at most half of what it reads: for more an index is not the way, even where one
/// that is read from beginning to end would be smaller than the table.
fn is_selective(scan: &PlanNode) -> bool {
    scan.kind != "Seq Scan"
        || scan.actual.as_ref().is_none_or(|actual| {
            let removed = actual.removed.get("Filter").copied().unwrap_or_default();
            removed >= actual.rows
        })
}

fn walk<'a>(
    node: &'a PlanNode,
    above: &mut Vec<&'a PlanNode>,
    catalog: &Catalog,
    found: &mut Vec<Candidate>,
) {
    let table = node.shape.relation.as_deref();
    let table = table.filter(|_| reads_much(node, above));
    let table = table.and_then(|name| catalog.table(name));
    if let Some(table) = table.filter(|table| table.rows > SMALL) {
        for candidate in of_scan(node, above, table) {
            if !found.contains(&candidate) && !exists(&candidate, table) {
                found.push(candidate);
            }
        }
    }
    above.push(node);
    for child in &node.children {
        walk(child, above, catalog, found);
    }
    above.pop();
}

fn exists(candidate: &Candidate, table: &Table) -> bool {
    table.indexes.iter().any(|index| {
        index.valid && index.predicate.is_none() && index.keys.starts_with(&candidate.keys)
    })
}

fn of_scan(scan: &PlanNode, above: &[&PlanNode], table: &Table) -> Vec<Candidate> {
    let alias = scan
        .shape
        .alias
        .as_deref()
        .or(scan.shape.relation.as_deref());
    let conditions = ["Index Cond", "Recheck Cond", "Filter"]
        .iter()
        .filter_map(|name| scan.shape.conditions.get(*name));
    let mut own: Vec<Compared> = Vec::new();
    for one in conditions.flat_map(|condition| compared(condition, table, None)) {
        if !own.iter().any(|known| known.key == one.key) {
            own.push(one);
        }
    }
    if !is_selective(scan) {
        own.clear();
    }
    let equal: Vec<&Compared> = own.iter().filter(|one| one.equal).collect();
    let range = own.iter().find(|one| !one.equal);
    let mut all = Vec::new();
    let mut add = |keys: Vec<&Compared>, order: &[Ordered]| {
        let ordered = order.first().map(|key| &key.column);
        let first = keys.first().map(|key| &key.column).or(ordered);
        if let Some(first) = first {
            let mut texts: Vec<String> = keys.iter().map(|key| key.key.clone()).collect();
            let further = order.iter().filter(|key| !texts.contains(&key.key));
            let further: Vec<String> = further.map(|key| key.key.clone()).collect();
            texts.extend(further);
            all.push(Candidate {
                schema: table.schema.clone(),
                table: table.name.clone(),
                keys: texts,
                column: first.clone(),
            });
        }
    };
    let order = order_above(above, table);
    if !order.is_empty() {
        add(equal.clone(), &order);
    }
    add(equal.iter().copied().chain(range).collect(), &[]);
    let joins = above.iter().flat_map(|node| {
        ["Hash Cond", "Merge Cond", "Join Filter"]
            .iter()
            .filter_map(|name| node.shape.conditions.get(*name))
    });
    let joined: Vec<Compared> = joins
        .flat_map(|condition| compared(condition, table, alias))
        .filter(|one| one.equal)
        .collect();
    for one in &joined {
        add(vec![one], &[]);
    }
    all
}

/// A key of a sort.
struct Ordered {
    key: String,
    column: String,
}

/// What a Sort above wants, where a LIMIT stands over it: an index in that order spares the sort.
fn order_above(above: &[&PlanNode], table: &Table) -> Vec<Ordered> {
    let passes = ["Gather", "Gather Merge", "Result", "Subquery Scan"];
    let mut nodes = above
        .iter()
        .rev()
        .filter(|node| !passes.contains(&node.kind.as_str()));
    let (Some(sort), Some(limit)) = (nodes.next(), nodes.next()) else {
        return Vec::new();
    };
    if !sort.kind.ends_with("Sort") || limit.kind != "Limit" {
        return Vec::new();
    }
    let keys = sort.shape.keys.iter().map(|key| {
        let (name, rest) = key.split_once(' ').unwrap_or((key, ""));
        let name = name.rsplit('.').next().unwrap_or(name).trim_matches('"');
        table.column(name)?;
        Some(Ordered {
            key: format!("{} {rest}", written(name)).trim_end().to_owned(),
            column: name.to_owned(),
        })
    });
    keys.collect::<Option<Vec<Ordered>>>().unwrap_or_default()
}

/// A column that a condition compares with something.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Compared {
    /// As it stands in CREATE INDEX: the column, or a function of it.
    key: String,
    column: String,
    equal: bool,
}

/// Functions whose result depends on their argument alone.
const FUNCTIONS: [&str; 3] = ["lower", "upper", "md5"];

/// The columns of a table that a condition compares; with `alias`, those that are named with it. A condition with OR needs
/// more than one index.
fn compared(condition: &str, table: &Table, alias: Option<&str>) -> Vec<Compared> {
    let words: Vec<(TokenKind, &str)> = tokens(condition)
        .into_iter()
        .filter(|token| token.is_significant())
        .map(|token| (token.kind, &condition[token.range]))
        .collect();
    let text = |at: usize| words.get(at).map_or("", |(_, text)| *text);
    if words
        .iter()
        .any(|(_, word)| word.eq_ignore_ascii_case("or"))
    {
        return Vec::new();
    }
    let mut found: Vec<Compared> = Vec::new();
    for (at, (kind, word)) in words.iter().enumerate() {
        if !matches!(kind, TokenKind::Identifier | TokenKind::QuotedIdentifier) {
            continue;
        }
        let name = word.trim_matches('"');
        let Some(column) = table.column(name) else {
            continue;
        };
        let qualified = at >= 2 && text(at - 1) == ".";
        if alias.is_some_and(|alias| !qualified || text(at - 2).trim_matches('"') != alias) {
            continue;
        }
        let start = if qualified { at - 2 } else { at };
        let mut open = start;
        while open > 0 && text(open - 1) == "(" {
            open -= 1;
        }
        let function = (open > 0 && open < start).then(|| text(open - 1));
        let function = function.filter(|function| FUNCTIONS.contains(function));
        let mut next = at + 1;
        let member = member_of_document(&text, at);
        if member.is_some() {
            next += 2;
            if text(next) == "::" {
                next += 2;
            }
        }
        while text(next) == ")" {
            next += 1;
        }
        if text(next) == "::" {
            // A varchar compared as text has the same order.
            if !(column.type_name.starts_with("character varying") && text(next + 1) == "text") {
                continue;
            }
            next += 2;
            while text(next) == ")" {
                next += 1;
            }
        }
        let is_switch = column.type_name == "boolean";
        let mut pattern = false;
        let equal = match text(next) {
            "=" => true,
            "" if is_switch => true,
            word if word.eq_ignore_ascii_case("and") && is_switch => true,
            word if word.eq_ignore_ascii_case("is") => text(next + 1).eq_ignore_ascii_case("null"),
            "~~" if begins_with_letters(text(next + 1)) => {
                pattern = true;
                false
            }
            "<" | ">" | "<=" | ">=" => false,
            // The other side of a join.
            _ if alias.is_some() && start >= 1 && text(start - 1) == "=" => true,
            _ => continue,
        };
        if !equal && !pattern && !["<", ">", "<=", ">="].contains(&text(next)) {
            continue;
        }
        let key = match (function, member) {
            (_, Some(member)) => format!("({} ->> {member})", written(name)),
            (Some(function), None) => format!("{function}({})", written(name)),
            (None, None) => written(name),
        };
        let key = match pattern {
            true => format!("{key} text_pattern_ops"),
            false => key,
        };
        if !found.iter().any(|known| known.key == key) {
            found.push(Compared {
                key,
                column: name.to_owned(),
                equal,
            });
        }
    }
    found
}

/// The member of a JSON document that stands behind a column: `data ->> 'kind'`.
fn member_of_document<'a>(text: &dyn Fn(usize) -> &'a str, at: usize) -> Option<&'a str> {
    let member = text(at + 2);
    (text(at + 1) == "->>" && member.starts_with('\'')).then_some(member)
}

/// Whether a pattern of LIKE begins with letters and ends with a wildcard, so that it is a range of texts.
fn begins_with_letters(pattern: &str) -> bool {
    let inner = pattern.trim_matches('\'');
    let start = inner.split(['%', '_']).next().unwrap_or_default();
    pattern.starts_with('\'') && !start.is_empty() && start.len() < inner.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{NodeShape, TableColumn};

    fn orders() -> Table {
        let column = |name: &str, type_name: &str| TableColumn {
            name: name.into(),
            type_name: type_name.into(),
            ..TableColumn::default()
        };
        Table {
            schema: "public".into(),
            name: "orders".into(),
            rows: 100_000.0,
            columns: vec![
                column("id", "bigint"),
                column("user_id", "bigint"),
                column("email", "character varying(80)"),
                column("placed_at", "timestamp with time zone"),
                column("done", "boolean"),
                column("data", "jsonb"),
            ],
            ..Table::default()
        }
    }

    fn scan(filter: &str) -> PlanNode {
        let mut node = PlanNode {
            kind: "Seq Scan".into(),
            shape: NodeShape {
                relation: Some("orders".into()),
                alias: Some("o".into()),
                ..NodeShape::default()
            },
            ..PlanNode::default()
        };
        if !filter.is_empty() {
            node.shape.conditions.insert("Filter".into(), filter.into());
        }
        node
    }

    fn tried(root: &PlanNode) -> Vec<String> {
        let catalog = Catalog {
            tables: vec![orders()],
        };
        let candidates = candidates(root, &catalog);
        candidates
            .iter()
            .map(|candidate| candidate.sql(""))
            .collect()
    }

    #[test]
    fn conditions_become_keys_equal_ones_first() {
        assert_eq!(
            tried(&scan(
                "((placed_at >= '2024-01-01'::date) AND (user_id = 42))"
            )),
            ["CREATE INDEX ON orders (user_id, placed_at)"]
        );
        assert_eq!(
            tried(&scan("(lower((email)::text) = 'a'::text)")),
            ["CREATE INDEX ON orders (lower(email))"]
        );
        assert_eq!(tried(&scan("((user_id = 1) OR (id = 2))")), [""; 0]);
        assert_eq!(
            tried(&scan("((placed_at)::date = '2024-01-01'::date)")),
            [""; 0]
        );
    }

    #[test]
    fn members_of_documents_patterns_switches_and_nothing_are_keys_too() {
        for (condition, keys) in [
            (
                "((data ->> 'kind'::text) = 'order'::text)",
                "((data ->> 'kind'))",
            ),
            ("((email)::text ~~ 'ab%'::text)", "(email text_pattern_ops)"),
            ("(NOT done)", "(done)"),
            ("(done AND (user_id = 7))", "(done, user_id)"),
            ("(placed_at IS NULL)", "(placed_at)"),
        ] {
            let sql = format!("CREATE INDEX ON orders {keys}");
            assert_eq!(tried(&scan(condition)), [sql], "{condition}");
        }
        for condition in ["((email)::text ~~ '%ab'::text)", "(placed_at IS NOT NULL)"] {
            assert_eq!(tried(&scan(condition)), [""; 0], "{condition}");
        }
    }

    #[test]
    fn an_order_with_a_limit_is_worth_a_try_too() {
        let sort = PlanNode {
            kind: "Sort".into(),
            shape: NodeShape {
                keys: vec!["placed_at DESC".into()],
                ..NodeShape::default()
            },
            children: vec![scan("(user_id = 42)")],
            ..PlanNode::default()
        };
        let limit = PlanNode {
            kind: "Limit".into(),
            children: vec![sort],
            ..PlanNode::default()
        };
        assert_eq!(
            tried(&limit),
            [
                "CREATE INDEX ON orders (user_id, placed_at DESC)",
                "CREATE INDEX ON orders (user_id)"
            ]
        );
    }

    #[test]
    fn the_column_of_a_join_is_worth_a_try() {
        let mut join = PlanNode {
            kind: "Hash Join".into(),
            children: vec![scan("")],
            ..PlanNode::default()
        };
        let conditions = &mut join.shape.conditions;
        conditions.insert("Hash Cond".into(), "(o.user_id = u.id)".into());
        assert_eq!(tried(&join), ["CREATE INDEX ON orders (user_id)"]);
        let conditions = &mut join.shape.conditions;
        conditions.insert("Hash Cond".into(), "(u.id = o.user_id)".into());
        assert_eq!(tried(&join), ["CREATE INDEX ON orders (user_id)"]);
    }
}
