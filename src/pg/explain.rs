//! What does EXPLAIN say? The statement that is sent, and its JSON read into a plan.
//!
//! Keys that are not known are left alone: every version of PostgreSQL has some of its own.

use crate::record::{
    Actual, Buffers, Estimate, Explained, Micros, NodeShape, PlanNode, Reply, Space, TriggerUse,
    Value, Wal,
};
use crate::run::session::ExplainMode;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// The statement that explains another one.
pub(super) fn statement(sql: &str, mode: ExplainMode) -> String {
    let options = match mode {
        ExplainMode::Execute => "ANALYZE, BUFFERS, WAL, SETTINGS, FORMAT JSON",
        ExplainMode::PlanOnly => "SETTINGS, FORMAT JSON",
    };
    format!("EXPLAIN ({options}) {sql}")
}

/// How many characters stand before the statement itself, for positions in errors.
pub(super) fn offset(mode: ExplainMode) -> u32 {
    u32::try_from(statement("", mode).len()).unwrap_or(0)
}

/// Reads the answer to such a statement; none if it is none.
pub(super) fn read(reply: &Reply) -> Option<Explained> {
    match reply.rows().first()?.first()? {
        Value::Json(json) => explained(json),
        _ => None,
    }
}

fn explained(json: &Json) -> Option<Explained> {
    let top = json.as_array()?.first()?.as_object()?;
    let settings = top.get("Settings").and_then(Json::as_object);
    let settings = settings.into_iter().flatten();
    let triggers = top.get("Triggers").and_then(Json::as_array);
    Some(Explained {
        root: node(top.get("Plan")?.as_object()?),
        planning: millis(top, "Planning Time"),
        execution: millis(top, "Execution Time"),
        settings: settings
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
        triggers: triggers
            .into_iter()
            .flatten()
            .filter_map(Json::as_object)
            .map(trigger)
            .collect(),
        jit_functions: top
            .get("JIT")
            .and_then(Json::as_object)
            .map_or(0, |jit| count(jit, "Functions")),
    })
}

fn trigger(of: &Map<String, Json>) -> TriggerUse {
    // The trigger of a foreign key has a number in its name; the constraint has the name that people know.
    let name = string(of, "Constraint Name").or_else(|| string(of, "Trigger Name"));
    TriggerUse {
        name: name.unwrap_or_default(),
        relation: string(of, "Relation").unwrap_or_default(),
        time: millis(of, "Time").unwrap_or_default(),
        calls: count(of, "Calls"),
    }
}

fn node(of: &Map<String, Json>) -> PlanNode {
    let children = of.get("Plans").and_then(Json::as_array);
    let children = children.into_iter().flatten();
    PlanNode {
        kind: string(of, "Node Type").unwrap_or_default(),
        shape: shape(of),
        estimate: Estimate {
            startup_cost: number(of, "Startup Cost"),
            total_cost: number(of, "Total Cost"),
            rows: number(of, "Plan Rows"),
            width: count(of, "Plan Width"),
        },
        actual: (count(of, "Actual Loops") > 0).then(|| actual(of)),
        children: children.filter_map(Json::as_object).map(node).collect(),
    }
}

/// Keys whose value says which form of its kind a node is. The ordinary value is not worth a word.
const MODES: [(&str, &str); 8] = [
    ("Operation", ""),
    ("Strategy", "Plain"),
    ("Partial Mode", "Simple"),
    ("Join Type", "Inner"),
    ("Scan Direction", "Forward"),
    ("Command", ""),
    ("Conflict Resolution", ""),
    ("Custom Plan Provider", ""),
];

/// Keys that hold a condition or what takes the place of one.
const CONDITIONS: [&str; 12] = [
    "Index Cond",
    "Recheck Cond",
    "Filter",
    "Join Filter",
    "Hash Cond",
    "Merge Cond",
    "TID Cond",
    "Order By",
    "One-Time Filter",
    "Run Condition",
    "Cache Key",
    "Function Call",
];

/// Keys that hold what rows are ordered or grouped by.
const KEYS: [&str; 4] = [
    "Sort Key",
    "Presorted Key",
    "Group Key",
    "Conflict Arbiter Indexes",
];

fn shape(of: &Map<String, Json>) -> NodeShape {
    let relation = string(of, "Relation Name");
    let names = ["Alias", "CTE Name", "Function Name"];
    let alias = names.iter().find_map(|key| string(of, key));
    let modes = MODES.iter().filter_map(|(key, ordinary)| {
        let value = string(of, key)?;
        (value != *ordinary).then_some(value)
    });
    let conditions = CONDITIONS
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), text(of.get(*key)?))));
    let keys = KEYS.iter().filter_map(|key| of.get(*key)?.as_array());
    NodeShape {
        role: string(of, "Parent Relationship"),
        subplan: string(of, "Subplan Name"),
        alias: alias.filter(|alias| relation.as_ref() != Some(alias)),
        relation,
        index: string(of, "Index Name"),
        modes: modes.collect(),
        parallel: of.get("Parallel Aware").and_then(Json::as_bool) == Some(true),
        conditions: conditions.collect(),
        keys: keys.flatten().map(text).collect(),
        inner_unique: of.get("Inner Unique").and_then(Json::as_bool) == Some(true),
        workers_planned: count(of, "Workers Planned"),
    }
}

fn actual(of: &Map<String, Json>) -> Actual {
    let removed = of.iter().filter_map(|(key, value)| {
        let reason = key.strip_prefix("Rows Removed by ")?;
        let rows = value.as_f64().filter(|rows| *rows > 0.0)?;
        Some((reason.to_owned(), rows))
    });
    Actual {
        startup: millis(of, "Actual Startup Time").unwrap_or_default(),
        total: millis(of, "Actual Total Time").unwrap_or_default(),
        rows: number(of, "Actual Rows"),
        loops: count(of, "Actual Loops"),
        removed: removed.collect(),
        heap_fetches: count(of, "Heap Fetches"),
        space: space(of),
        workers_launched: count(of, "Workers Launched"),
        buffers: Buffers {
            hit: count(of, "Shared Hit Blocks"),
            read: count(of, "Shared Read Blocks"),
            dirtied: count(of, "Shared Dirtied Blocks"),
            local: count(of, "Local Hit Blocks") + count(of, "Local Read Blocks"),
            temp_read: count(of, "Temp Read Blocks"),
            temp_written: count(of, "Temp Written Blocks"),
        },
        wal: Wal {
            records: count(of, "WAL Records"),
            images: count(of, "WAL FPI"),
            bytes: count(of, "WAL Bytes"),
        },
    }
}

/// EXPLAIN tells sizes in kB.
fn space(of: &Map<String, Json>) -> Option<Space> {
    let kilobytes = |key| count(of, key) * 1024;
    if let Some(method) = string(of, "Sort Method") {
        let used = kilobytes("Sort Space Used");
        let on_disk = string(of, "Sort Space Type").as_deref() == Some("Disk");
        let (memory, disk) = if on_disk { (0, used) } else { (used, 0) };
        return Some(Space {
            method,
            memory,
            disk,
            batches: 0,
        });
    }
    let batches = ["Hash Batches", "HashAgg Batches"]
        .iter()
        .find(|key| of.contains_key(**key))
        .map(|key| count(of, key))?;
    Some(Space {
        method: String::new(),
        memory: kilobytes("Peak Memory Usage"),
        disk: kilobytes("Disk Usage"),
        batches,
    })
}

fn string(of: &Map<String, Json>, key: &str) -> Option<String> {
    Some(of.get(key)?.as_str()?.to_owned())
}

fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn number(of: &Map<String, Json>, key: &str) -> f64 {
    of.get(key).and_then(Json::as_f64).unwrap_or_default()
}

/// Counts are whole; PostgreSQL 18 writes some of them with a fraction of zero.
fn count(of: &Map<String, Json>, key: &str) -> u64 {
    let value = of.get(key);
    let whole = value.and_then(Json::as_u64);
    whole.unwrap_or_else(|| value.and_then(Json::as_f64).unwrap_or_default() as u64)
}

fn millis(of: &Map<String, Json>, key: &str) -> Option<Micros> {
    let millis = of.get(key)?.as_f64()?;
    Some(Micros((millis * 1000.0).round() as u64))
}

/// The settings that decide about plans and are not told by `EXPLAIN (SETTINGS)` unless they differ from the default.
pub(super) const SETTINGS: &str = "\
    SELECT name, coalesce(pg_catalog.current_setting(name, true), setting) FROM pg_catalog.pg_settings \
    WHERE category LIKE 'Query Tuning%' \
       OR name IN ('work_mem', 'hash_mem_multiplier', 'temp_buffers', 'default_statistics_target', 'search_path', \
                   'max_worker_processes', 'max_parallel_workers', 'max_parallel_workers_per_gather', 'jit', \
                   'parallel_leader_participation', 'plan_cache_mode', 'full_page_writes', 'block_size') \
    ORDER BY name";

/// Reads the answer to [`SETTINGS`].
pub(super) fn settings(reply: &Reply) -> BTreeMap<String, String> {
    let rows = reply.rows().iter();
    rows.filter_map(|row| match row.as_slice() {
        [name, value] => Some((name.to_string(), value.to_string())),
        _ => None,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_node_keeps_what_tells_it_from_others_and_what_happened() {
        let json = json!([{
            "Plan": {
                "Node Type": "Hash Join", "Join Type": "Left", "Parallel Aware": false,
                "Startup Cost": 1.5, "Total Cost": 20.25, "Plan Rows": 100, "Plan Width": 8,
                "Actual Startup Time": 0.5, "Actual Total Time": 2.25, "Actual Rows": 90.00, "Actual Loops": 1,
                "Hash Cond": "(o.user_id = u.id)", "Shared Hit Blocks": 10, "Shared Read Blocks": 2,
                "Plans": [
                    { "Node Type": "Seq Scan", "Parent Relationship": "Outer", "Relation Name": "orders", "Alias": "o",
                      "Plan Rows": 100, "Actual Rows": 100, "Actual Loops": 1, "Rows Removed by Filter": 7, "Filter": "x" },
                    { "Node Type": "Sort", "Parent Relationship": "Inner", "Sort Key": ["u.id"], "Plan Rows": 1,
                      "Sort Method": "external merge", "Sort Space Used": 24, "Sort Space Type": "Disk",
                      "Actual Rows": 1, "Actual Loops": 2 },
                    { "Node Type": "Result", "Plan Rows": 1, "Actual Rows": 0, "Actual Loops": 0 },
                ]
            },
            "Settings": { "work_mem": "64kB" }, "Planning Time": 0.125, "Execution Time": 2.5,
            "Triggers": [{ "Constraint Name": "fk", "Relation": "orders", "Time": 1.0, "Calls": 3 }],
        }]);
        let explained = explained(&json).unwrap();
        assert_eq!(explained.planning, Some(Micros(125)));
        assert_eq!(explained.settings["work_mem"], "64kB");
        assert_eq!(explained.triggers[0].calls, 3);
        let root = &explained.root;
        assert_eq!(root.shape.modes, ["Left"]);
        assert_eq!(root.actual.as_ref().unwrap().buffers.shared(), 12);
        let [scan, sort, never] = root.children.as_slice() else {
            panic!("{root:?}")
        };
        assert_eq!(scan.shape.alias.as_deref(), Some("o"));
        assert_eq!(scan.actual.as_ref().unwrap().removed["Filter"], 7.0);
        assert_eq!(sort.rows(), Some(2.0));
        let space = sort.actual.as_ref().unwrap().space.as_ref().unwrap();
        assert!(space.spilled());
        assert_eq!(space.disk, 24 * 1024);
        assert_eq!(never.actual, None);
    }
}
