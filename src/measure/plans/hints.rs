//! Did the planner do what it was told? Hints in a comment, as the extension pg_hint_plan reads them, and settings that
//! forbid a way, each held against the plan that came of it.
//!
//! Nothing is asked of the extension: what counts is the plan. So hints are found ignored where it is not loaded at all.

use crate::{
    record::PlanNode,
    sql::lexer::{TokenKind, tokens},
};
use std::collections::BTreeMap;

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
/// whether it was obeyed cannot be seen in a plan.
pub fn hints(sql: &str, settings: &BTreeMap<String, String>, root: &PlanNode) -> Vec<Hint> {
    let named = in_comments(sql).into_iter().filter_map(|(word, of)| {
        let instead = instead_of_hint(&word, &of, root)?;
        Some(Hint {
            text: format!("{word}({})", of.join(" ")),
            is_setting: false,
            instead: instead.map(PlanNode::title),
        })
    });
    let is_off = |setting: &str| settings.get(setting).is_some_and(|value| value == "off");
    let off = FORBIDDEN.iter().filter(|(setting, _)| is_off(setting));
    let forbidden = off.map(|(setting, kind)| Hint {
        text: format!("{setting} = off"),
        is_setting: true,
        instead: root
            .nodes()
            .find(|node| node.kind == *kind)
            .map(PlanNode::title),
    });
    named.chain(forbidden).collect()
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

/// Words with their arguments, of comments that begin with `/*+`.
fn in_comments(sql: &str) -> Vec<(String, Vec<String>)> {
    let comments = tokens(sql)
        .into_iter()
        .filter(|token| token.kind == TokenKind::BlockComment)
        .filter_map(|token| sql[token.range].strip_prefix("/*+"));
    let mut found = Vec::new();
    for comment in comments {
        let mut rest = comment.trim_end_matches("*/");
        while let Some((word, behind)) = rest.split_once('(') {
            let Some((arguments, further)) = behind.split_once(')') else {
                break;
            };
            let arguments = arguments.split_whitespace().map(str::to_owned);
            found.push((word.trim().to_owned(), arguments.collect()));
            rest = further;
        }
    }
    found
}

/// The node that does it otherwise, or none where it is obeyed; nothing where the hint is not known.
fn instead_of_hint<'n>(
    word: &str,
    of: &[String],
    root: &'n PlanNode,
) -> Option<Option<&'n PlanNode>> {
    let word = word.to_ascii_lowercase();
    let (wanted, bare) = match word.strip_prefix("no") {
        Some(bare) if bare != "ne" => (false, bare),
        _ => (true, word.as_str()),
    };
    if let Some((_, kinds)) = SCANS.iter().find(|(name, _)| *name == bare) {
        let (table, indexes) = of.split_first()?;
        let mut scans = root.nodes().filter(|node| reads(node, table));
        let like = |node: &&PlanNode| {
            let index = node.shape.index.as_ref();
            kinds.contains(&node.kind.as_str())
                && (indexes.is_empty() || index.is_none_or(|index| indexes.contains(index)))
        };
        return Some(match wanted {
            true => scans.find(|node| !like(node)),
            false => scans.find(like),
        });
    }
    let (_, kind) = JOINS.iter().find(|(name, _)| *name == bare)?;
    let join = smallest_with(root, of)?;
    Some(((join.kind == *kind) != wanted).then_some(join))
}

fn reads(node: &PlanNode, table: &str) -> bool {
    let shape = &node.shape;
    let name = shape.alias.as_deref().or(shape.relation.as_deref());
    node.kind.ends_with("Scan") && name.is_some_and(|name| name.eq_ignore_ascii_case(table))
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
        let found = hints(sql, &BTreeMap::new(), root);
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
        let sql = "/*+ IndexScan(orders orders_user) SeqScan(orders) HashJoin(orders users) NoHashJoin(orders users) \
                   Leading((orders users)) */ SELECT 1";
        let orders = Some("Index Scan using orders_user on orders".to_owned());
        assert_eq!(
            told(sql, &root),
            [
                ("IndexScan(orders orders_user)".to_owned(), None),
                ("SeqScan(orders)".to_owned(), orders),
                ("HashJoin(orders users)".to_owned(), None),
                (
                    "NoHashJoin(orders users)".to_owned(),
                    Some("Hash Join".to_owned())
                ),
            ]
        );
        assert_eq!(told("/* IndexScan(orders) */ SELECT 1", &root), []);
    }

    #[test]
    fn a_way_that_a_setting_forbids_may_be_taken_all_the_same() {
        let root = scan("Seq Scan", "users", None, 100.0, 1);
        let settings = BTreeMap::from([
            ("enable_seqscan".to_owned(), "off".to_owned()),
            ("enable_nestloop".to_owned(), "off".to_owned()),
            ("enable_hashjoin".to_owned(), "on".to_owned()),
        ]);
        let found = hints("SELECT 1", &settings, &root);
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
