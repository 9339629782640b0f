//! Did the planner do what it was told? Hints in a comment, as the extension pg_hint_plan reads them, and settings that
//! forbid a way, each held against the plan that came of it.
//!
//! Nothing is asked of the extension: what counts is the plan. So hints are found ignored where it is not loaded at all.

use crate::{
    record::PlanNode,
    sql::{WrittenHint, written_hints},
    text::{plural, thousands},
};
use std::collections::{BTreeMap, BTreeSet};

/// Something that the planner was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// As it was written: `IndexScan(o orders_user)`, `enable_seqscan = off`.
    pub text: String,
    /// Whether it is about a setting.
    pub is_setting: bool,
    /// What the plan does instead; none where it does what it was told.
    pub instead: Option<String>,
}

/// The hints of a statement and of the settings under which it was planned. A hint whose word is not known is left out:
/// whether it was obeyed cannot be seen in a plan. `without` has the plans that come of leaving out one hint, by its text.
pub fn hints(
    sql: &str,
    settings: &BTreeMap<String, String>,
    root: &PlanNode,
    without: &BTreeMap<String, PlanNode>,
) -> Vec<Hint> {
    let named = written_hints(sql).into_iter().filter_map(|hint| {
        let instead = instead_of_hint(&hint, root, without.get(&hint.text()))?;
        Some(Hint {
            text: hint.text(),
            is_setting: false,
            instead,
        })
    });
    let is_off = |setting: &str| settings.get(setting).is_some_and(|value| value == "off");
    let off = FORBIDDEN.iter().filter(|(setting, _)| is_off(setting));
    let forbidden = off.map(|(setting, kind)| Hint {
        text: format!("{setting} = off"),
        is_setting: true,
        instead: first_of(kind, root),
    });
    named.chain(forbidden).collect()
}

fn first_of(kind: &str, root: &PlanNode) -> Option<String> {
    let found = root.nodes().find(|node| node.kind == kind);
    found.map(PlanNode::title)
}

/// Settings that forbid a kind of node.
const FORBIDDEN: [(&str, &str); 11] = [
    ("enable_bitmapscan", "Bitmap Heap Scan"),
    ("enable_gathermerge", "Gather Merge"),
    ("enable_hashjoin", "Hash Join"),
    ("enable_incremental_sort", "Incremental Sort"),
    ("enable_indexonlyscan", "Index Only Scan"),
    ("enable_indexscan", "Index Scan"),
    ("enable_material", "Materialize"),
    ("enable_memoize", "Memoize"),
    ("enable_mergejoin", "Merge Join"),
    ("enable_nestloop", "Nested Loop"),
    ("enable_seqscan", "Seq Scan"),
];

/// Hints about the way a table is read, with the kinds of nodes that do so.
const SCANS: [(&str, &[&str]); 5] = [
    ("seqscan", &["Seq Scan"]),
    ("indexscan", &["Index Scan"]),
    ("indexonlyscan", &["Index Only Scan"]),
    ("bitmapscan", &["Bitmap Heap Scan"]),
    ("tidscan", &["Tid Scan", "Tid Range Scan"]),
];

/// Hints about the way tables are joined.
const JOINS: [(&str, &str); 3] = [
    ("nestloop", "Nested Loop"),
    ("hashjoin", "Hash Join"),
    ("mergejoin", "Merge Join"),
];

/// Names and parentheses; names are meant as they stand, whatever their case, as pg_hint_plan has it.
fn words(arguments: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = arguments.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, further) = match first {
            '(' | ')' => (first.to_string(), &rest[1..]),
            '"' => {
                let inner = &rest[1..];
                let end = inner.find('"').unwrap_or(inner.len());
                let further = inner.get(end + 1..).unwrap_or_default();
                (inner[..end].to_owned(), further)
            }
            _ => {
                let ends = |c: char| c.is_whitespace() || c == '(' || c == ')';
                let end = rest.find(ends).unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        words.push(word);
        rest = further.trim_start();
    }
    words
}

/// What the plan has otherwise, or none where the hint is obeyed; nothing where it is not known.
fn instead_of_hint(
    hint: &WrittenHint<'_>,
    root: &PlanNode,
    without: Option<&PlanNode>,
) -> Option<Option<String>> {
    let word = hint.word.to_ascii_lowercase();
    let (wanted, bare) = match word.strip_prefix("no") {
        Some(bare) => (false, bare),
        None => (true, word.as_str()),
    };
    let of = words(hint.arguments);
    let known = SCANS.iter().any(|(name, _)| bare.starts_with(name))
        || JOINS.iter().any(|(name, _)| *name == bare)
        || ["leading", "memoize", "parallel", "rows"].contains(&bare);
    let tables: Vec<&String> = match bare {
        "leading" | "memoize" => of.iter().filter(|word| !is_parenthesis(word)).collect(),
        _ if JOINS.iter().any(|(name, _)| *name == bare) => of.iter().collect(),
        "rows" => of.iter().take(of.len().saturating_sub(1)).collect(),
        _ => of.iter().take(1).collect(),
    };
    let unread = tables
        .iter()
        .find(|table| !root.nodes().any(|node| reads(node, table)));
    if let Some(unread) = unread.filter(|_| known) {
        return Some(Some(format!("no \"{unread}\"")));
    }
    if let Some((_, kinds)) = SCANS.iter().find(|(name, _)| *name == bare) {
        return instead_of_scan(wanted, kinds, &of, true, root);
    }
    let by_pattern = bare.strip_suffix("regexp").unwrap_or_default();
    if let Some((_, kinds)) = SCANS.iter().find(|(name, _)| *name == by_pattern) {
        return instead_of_scan(wanted, kinds, &of, false, root);
    }
    match bare {
        "leading" => instead_of_order(&of, root),
        "memoize" => {
            let join = smallest_with(root, &of)?;
            let remembers = join.children.iter().any(|node| node.kind == "Memoize");
            let title = match remembers {
                true => "Memoize".to_owned(),
                false => format!("{} without Memoize", join.title()),
            };
            Some((remembers != wanted).then_some(title))
        }
        "parallel" => instead_of_workers(&of, root),
        "rows" if wanted => instead_of_rows(&of, root, without),
        "set" => {
            let [setting, value, ..] = &of[..] else {
                return None;
            };
            let (_, kind) = FORBIDDEN.iter().find(|(name, _)| name == setting)?;
            let is_off = ["off", "false", "no", "0"].contains(&value.as_str());
            is_off.then(|| first_of(kind, root))
        }
        _ => {
            let (_, kind) = JOINS.iter().find(|(name, _)| *name == bare)?;
            let join = smallest_with(root, &of)?;
            Some(((join.kind == *kind) != wanted).then(|| join.title()))
        }
    }
}

fn is_parenthesis(word: &str) -> bool {
    word == "(" || word == ")"
}

/// `names_indexes` tells whether what follows the table are names, not patterns of names.
fn instead_of_scan(
    wanted: bool,
    kinds: &[&str],
    of: &[String],
    names_indexes: bool,
    root: &PlanNode,
) -> Option<Option<String>> {
    let (table, indexes) = of.split_first()?;
    let mut scans = root.nodes().filter(|node| reads(node, table));
    let like = |node: &&PlanNode| {
        let used = indexes_of(node);
        kinds.contains(&node.kind.as_str())
            && (!names_indexes
                || indexes.is_empty()
                || used
                    .iter()
                    .all(|used| indexes.iter().any(|index| index == used)))
    };
    let other = match wanted {
        true => scans.find(|node| !like(node)),
        false => scans.find(like),
    };
    Some(other.map(|node| match &indexes_of(node)[..] {
        [] => node.title(),
        _ if node.shape.index.is_some() => node.title(),
        used => format!("{} by {}", node.title(), used.join(", ")),
    }))
}

/// The indexes that a scan reads, those of the bitmap below it included.
fn indexes_of(scan: &PlanNode) -> Vec<&str> {
    let is_own = scan.kind != "Bitmap Heap Scan";
    let nodes = scan.nodes().filter(|node| {
        std::ptr::eq::<PlanNode>(*node, scan) || (!is_own && node.kind == "Bitmap Index Scan")
    });
    nodes
        .filter_map(|node| node.shape.index.as_deref())
        .collect()
}

/// The workers that read a table; how many a hint without `hard` leads to is the planner's to say.
fn instead_of_workers(of: &[String], root: &PlanNode) -> Option<Option<String>> {
    let [table, workers, how @ ..] = of else {
        return None;
    };
    let workers: u64 = workers.parse().ok()?;
    let is_hard = how.first().is_some_and(|how| how == "hard");
    if workers > 0 && !is_hard {
        return None;
    }
    let gathers = root.nodes().filter(|node| {
        node.kind.starts_with("Gather") && node.nodes().any(|node| reads(node, table))
    });
    let planned = gathers.map(|node| node.shape.workers_planned).max();
    let planned = planned.unwrap_or_default();
    Some((planned != workers).then(|| crate::text::plural(planned, "worker")))
}

/// A corrected estimate of a join, as pg_hint_plan 1.5 has it (`RowsHintParse`, `adjust_rows`): `#n` is taken as it is, and
/// `+n`, `-n` and `*n` change what is expected without the hint; the result is rounded, and at least a row. It holds for the
/// join of just these tables; where the plan has no such join, nothing can be seen.
fn instead_of_rows(
    of: &[String],
    root: &PlanNode,
    without: Option<&PlanNode>,
) -> Option<Option<String>> {
    let (correction, tables) = of.split_last()?;
    if tables.len() < 2 {
        return Some(Some("no join of fewer than two tables".to_owned()));
    }
    let (sign, number) = correction.split_at_checked(1)?;
    let Ok(number) = number.parse::<f64>() else {
        return Some(Some(format!("no estimate by \"{correction}\"")));
    };
    let actual = expected_rows(root, tables)?;
    let original = || expected_rows(without?, tables);
    let meant = match sign {
        "#" => number,
        "+" => original()? + number,
        "-" => original()? - number,
        "*" => original()? * number,
        _ => return Some(Some(format!("no estimate by \"{correction}\""))),
    };
    let meant = meant.round_ties_even().max(1.0);
    let obeyed = (actual - meant).abs() <= 0.5 + meant * 1e-6;
    Some((!obeyed).then(|| {
        let rows = plural(actual as u64, "row");
        format!("{rows} where {} are meant", thousands(meant as u64))
    }))
}

/// How many rows are expected of the join of just these tables; none where there is no such join, or where the node tells
/// of a part of its rows only: those of one worker, or of one row of another table.
fn expected_rows(root: &PlanNode, tables: &[String]) -> Option<f64> {
    let join = smallest_with(root, tables)?;
    let scans = || join.nodes().filter(|node| is_read(node));
    if !scans().all(|node| tables.iter().any(|table| reads(node, table))) {
        return None;
    }
    let mut node = root;
    let mut gathered = None;
    while !std::ptr::eq(node, join) {
        let mut children = node.children.iter();
        let next = children.find(|child| child.nodes().any(|node| std::ptr::eq(node, join)))?;
        let is_again = next.shape.role.as_deref() == Some("Inner") && node.kind == "Nested Loop";
        if is_again {
            return None;
        }
        if node.kind.starts_with("Gather") {
            gathered = Some(node);
        } else if gathered.is_some() && !node.kind.ends_with("Sort") {
            return None;
        }
        node = next;
    }
    Some(gathered.unwrap_or(join).estimate.rows)
}

/// A join as an order of tables: `((o i) u)`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Joined {
    Table(String),
    Pair(Box<[Joined; 2]>),
}

impl Joined {
    fn tables(&self) -> BTreeSet<&str> {
        match self {
            Self::Table(name) => BTreeSet::from([name.as_str()]),
            Self::Pair(sides) => sides.iter().flat_map(Self::tables).collect(),
        }
    }

    /// What a hint says within its parentheses, from `words` on.
    fn read(words: &mut std::slice::Iter<'_, String>) -> Option<Self> {
        let word = words.next()?;
        if word != "(" {
            return (word != ")").then(|| Self::Table(word.clone()));
        }
        let sides = [Self::read(words)?, Self::read(words)?];
        (words.next()? == ")").then(|| Self::Pair(Box::new(sides)))
    }

    /// What a plan does; none where it joins nothing.
    fn of(node: &PlanNode) -> Option<Self> {
        if node.kind == "Subquery Scan"
            || node.children.is_empty()
            || node.kind.starts_with("Bitmap")
        {
            let shape = &node.shape;
            let name = shape.alias.as_ref().or(shape.relation.as_ref())?;
            return Some(Self::Table(name.clone()));
        }
        let inputs = node.children.iter().filter(|child| {
            let role = child.shape.role.as_deref().unwrap_or_default();
            role != "InitPlan" && role != "SubPlan"
        });
        let mut sides = inputs.filter_map(Self::of);
        let first = sides.next()?;
        match sides.next() {
            Some(second) => Some(Self::Pair(Box::new([first, second]))),
            None => Some(first),
        }
    }

    fn pairs(&self) -> Vec<&[Joined; 2]> {
        match self {
            Self::Table(_) => Vec::new(),
            Self::Pair(sides) => {
                let below = sides.iter().flat_map(Self::pairs);
                below.chain([sides.as_ref()]).collect()
            }
        }
    }
}

impl std::fmt::Display for Joined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Table(name) => f.write_str(name),
            Self::Pair(sides) => write!(f, "({} {})", sides[0], sides[1]),
        }
    }
}

/// A list says which tables are joined first, pairs also which is the outer one.
fn instead_of_order(of: &[String], root: &PlanNode) -> Option<Option<String>> {
    // The parts of a table are no joins.
    let in_parts = root.nodes().any(|node| node.kind.ends_with("Append"));
    let plan = Joined::of(root).filter(|_| !in_parts)?;
    let joined = plan.pairs();
    let tables = |sides: &[Joined; 2]| -> BTreeSet<String> {
        let all = sides.iter().flat_map(Joined::tables);
        all.map(str::to_owned).collect()
    };
    let obeyed = match of.first().map(String::as_str) {
        Some("(") => {
            let wanted = Joined::read(&mut of.iter())?;
            wanted.pairs().iter().all(|sides| {
                joined.iter().any(|found| {
                    sides
                        .iter()
                        .zip(found.iter())
                        .all(|(one, other)| one.tables() == other.tables())
                })
            })
        }
        _ => (2..=of.len()).all(|count| {
            let first: BTreeSet<String> = of[..count].iter().cloned().collect();
            joined.iter().any(|found| tables(found) == first)
        }),
    };
    Some((!obeyed).then(|| plan.to_string()))
}

/// Whether a node reads what a statement calls so; parts of a table are numbered.
fn reads(node: &PlanNode, table: &str) -> bool {
    let shape = &node.shape;
    let name = shape.alias.as_deref().or(shape.relation.as_deref());
    let is_part = |rest: &str| {
        let number = rest.strip_prefix('_').unwrap_or_default();
        rest.is_empty() || !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    };
    is_read(node) && name.is_some_and(|name| name.strip_prefix(table).is_some_and(is_part))
}

/// Whether a node reads what has a name in the statement; an index that a bitmap is made of has none.
fn is_read(node: &PlanNode) -> bool {
    node.kind.ends_with("Scan") && node.kind != "Bitmap Index Scan"
}

/// The lowest join that has all of these tables below it.
fn smallest_with<'n>(root: &'n PlanNode, tables: &[String]) -> Option<&'n PlanNode> {
    let joins = root.nodes().filter(|node| {
        let below: Vec<&PlanNode> = node.nodes().collect();
        node.children.len() == 2
            && tables
                .iter()
                .all(|table| below.iter().any(|node| reads(node, table)))
    });
    joins.min_by_key(|node| node.nodes().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::testing::plans::{node, scan};

    fn told(sql: &str, root: &PlanNode) -> Vec<(String, Option<String>)> {
        let found = hints(sql, &BTreeMap::new(), root, &BTreeMap::new());
        found
            .into_iter()
            .map(|hint| (hint.text, hint.instead))
            .collect()
    }

    #[test]
    fn a_hint_is_held_against_the_plan() {
        let orders = scan("Index Scan", "orders", Some("orders_user"), 5.0, 1);
        let users = scan("Seq Scan", "users", None, 100.0, 1);
        let root = node("Hash Join", 5.0, 1, vec![orders, users]);
        let sql = "/*+ IndexScan(orders orders_user) Leading((orders users)) SeqScan(orders) HashJoin(orders users) \
                   NoHashJoin(orders users) Rows(orders users #10) Rows(orders users *2) */ SELECT 1";
        let orders = Some("Index Scan using orders_user on orders".to_owned());
        assert_eq!(
            told(sql, &root),
            [
                ("IndexScan(orders orders_user)".to_owned(), None),
                ("Leading((orders users))".to_owned(), None),
                ("SeqScan(orders)".to_owned(), orders),
                ("HashJoin(orders users)".to_owned(), None),
                (
                    "NoHashJoin(orders users)".to_owned(),
                    Some("Hash Join".to_owned())
                ),
                (
                    "Rows(orders users #10)".to_owned(),
                    Some("5 rows where 10 are meant".to_owned())
                ),
            ]
        );
        assert_eq!(told("/* IndexScan(orders) */ SELECT 1", &root), []);
    }

    #[test]
    fn a_hint_for_a_table_of_another_name_is_ignored() {
        let mut orders = scan("Seq Scan", "orders", None, 5.0, 1);
        orders.shape.alias = Some("o".into());
        let nothing = |name: &str| Some(format!("no \"{name}\""));
        assert_eq!(
            told(
                "/*+ SeqScan(o) SeqScan(orders) SeqScan(O) NoIndexScan(\"o\") HashJoin(o u) */ SELECT 1",
                &orders
            ),
            [
                ("SeqScan(o)".to_owned(), None),
                ("SeqScan(orders)".to_owned(), nothing("orders")),
                ("SeqScan(O)".to_owned(), nothing("O")),
                ("NoIndexScan(\"o\")".to_owned(), None),
                ("HashJoin(o u)".to_owned(), nothing("u")),
            ]
        );
        // What a hint says of a table holds for its parts.
        let part = scan("Seq Scan", "orders_2", None, 5.0, 1);
        assert_eq!(
            told("/*+ SeqScan(orders) */ SELECT 1", &part),
            [("SeqScan(orders)".to_owned(), None)]
        );
    }

    #[test]
    fn the_order_of_joins_the_index_of_a_bitmap_workers_and_memory_are_looked_at() {
        let index = scan("Bitmap Index Scan", "orders", Some("orders_day"), 5.0, 1);
        let index = PlanNode {
            shape: crate::record::NodeShape {
                relation: None,
                ..index.shape
            },
            ..index
        };
        let mut orders = scan("Bitmap Heap Scan", "orders", None, 5.0, 1);
        orders.children = vec![index];
        let users = scan("Index Scan", "users", Some("users_pkey"), 1.0, 1);
        let users = node("Memoize", 1.0, 1, vec![users]);
        let lines = node(
            "Hash",
            9.0,
            1,
            vec![scan("Seq Scan", "lines", None, 9.0, 1)],
        );
        let inner = node("Nested Loop", 5.0, 1, vec![orders, users]);
        let mut root = node(
            "Gather",
            5.0,
            1,
            vec![node("Hash Join", 5.0, 1, vec![inner, lines])],
        );
        root.shape.workers_planned = 2;
        let order = || Some("((orders users) lines)".to_owned());
        let expected = [
            ("Leading(((orders users) lines))", None),
            ("Leading((lines (orders users)))", order()),
            ("Leading(users orders lines)", None),
            ("Leading(lines orders users)", order()),
            ("BitmapScan(orders orders_day)", None),
            (
                "BitmapScan(orders orders_user)",
                Some("Bitmap Heap Scan on orders by orders_day".to_owned()),
            ),
            ("BitmapScanRegexp(orders orders_d.*)", None),
            ("Memoize(orders users)", None),
            ("NoMemoize(orders users)", Some("Memoize".to_owned())),
            ("Parallel(orders 2 hard)", None),
            ("Parallel(orders 3 hard)", Some("2 workers".to_owned())),
            ("Set(enable_nestloop off)", Some("Nested Loop".to_owned())),
            ("Set(enable_mergejoin off)", None),
        ];
        let all: Vec<&str> = expected.iter().map(|(hint, _)| *hint).collect();
        let sql = format!("/*+ {} */ SELECT 1", all.join(" "));
        let expected = expected.map(|(hint, instead)| (hint.to_owned(), instead));
        assert_eq!(told(&sql, &root), expected);
    }

    /// A join of orders and users that is expected to give so many rows.
    fn joined(rows: f64) -> PlanNode {
        let orders = scan("Seq Scan", "orders", None, 100.0, 1);
        let users = scan("Index Scan", "users", Some("users_pkey"), 1.0, 1);
        node("Nested Loop", rows, 1, vec![orders, users])
    }

    #[test]
    fn an_estimate_is_corrected_by_what_it_is_without_the_hint() {
        let without = joined(250.0);
        // The hint, what is expected with it, and what the plan has otherwise.
        for (hint, rows, instead) in [
            ("#10", 10.0, None),
            ("#10.6", 11.0, None),
            ("#0", 1.0, None),
            ("#10", 250.0, Some("250 rows where 10 are meant")),
            ("+10", 260.0, None),
            ("+10", 250.0, Some("250 rows where 260 are meant")),
            ("-10", 240.0, None),
            ("-300", 1.0, None),
            ("-10", 250.0, Some("250 rows where 240 are meant")),
            ("*10", 2500.0, None),
            ("*0.01", 2.0, None),
            ("*1e1", 250.0, Some("250 rows where 2,500 are meant")),
            ("10", 250.0, Some("no estimate by \"10\"")),
            ("#ten", 250.0, Some("no estimate by \"#ten\"")),
        ] {
            let text = format!("Rows(users orders {hint})");
            let without = BTreeMap::from([(text.clone(), without.clone())]);
            let sql = format!("/*+ {text} */ SELECT 1");
            let found = hints(&sql, &BTreeMap::new(), &joined(rows), &without);
            let told: Vec<Option<&str>> =
                found.iter().map(|hint| hint.instead.as_deref()).collect();
            assert_eq!(told, [instead], "{hint} and {rows}");
        }
    }

    #[test]
    fn an_estimate_is_looked_at_where_the_plan_tells_it_whole() {
        let lines = || scan("Seq Scan", "lines", None, 9.0, 1);
        let told = |hint: &str, root: &PlanNode| told(&format!("/*+ {hint} */ SELECT 1"), root);
        // Two of three tables, of which the plan joins another two first.
        let root = node("Hash Join", 5.0, 1, vec![joined(10.0), lines()]);
        assert_eq!(told("Rows(orders lines #7)", &root), []);
        assert_eq!(told("Rows(orders users #10)", &root).len(), 1);
        // Without the plan that there is without the hint, nothing can be said of a difference.
        assert_eq!(told("Rows(orders users +7)", &root), []);
        // The rows of one worker, and those of all.
        let gathered = node("Gather", 24.0, 1, vec![joined(10.0)]);
        assert_eq!(
            told("Rows(orders users #24)", &gathered),
            [("Rows(orders users #24)".to_owned(), None)]
        );
        let counted = node(
            "Gather",
            2.0,
            1,
            vec![node("Aggregate", 1.0, 1, vec![joined(10.0)])],
        );
        assert_eq!(told("Rows(orders users #10)", &counted), []);
        assert_eq!(
            told("Rows(orders #10)", &root)[0].1.as_deref(),
            Some("no join of fewer than two tables")
        );
    }

    #[test]
    fn a_way_that_a_setting_forbids_may_be_taken_all_the_same() {
        let root = scan("Seq Scan", "users", None, 100.0, 1);
        let settings = BTreeMap::from([
            ("enable_seqscan".to_owned(), "off".to_owned()),
            ("enable_nestloop".to_owned(), "off".to_owned()),
            ("enable_hashjoin".to_owned(), "on".to_owned()),
        ]);
        let found = hints("SELECT 1", &settings, &root, &BTreeMap::new());
        let told: Vec<(&str, bool)> = found
            .iter()
            .map(|hint| (hint.text.as_str(), hint.instead.is_some()))
            .collect();
        assert_eq!(
            told,
            [
                ("enable_nestloop = off", false),
                ("enable_seqscan = off", true)
            ]
        );
    }
}
