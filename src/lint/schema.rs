//! What do the rules over a schema look at? The catalog, what its data tell, and what statements did that were run.

use crate::record::{
    Catalog, CopiedColumns, Dependency, PlanNode, PlanSnapshot, Table, TableColumn, TableKind,
};

/// What is known of a database.
#[derive(Debug, Clone, Default)]
pub struct Schema<'a> {
    /// Tables, columns, indexes.
    pub catalog: Option<&'a Catalog>,
    /// Columns that others determine, found in the rows.
    pub dependencies: &'a [Dependency],
    /// Columns that repeat those of other tables, found in the rows.
    pub copies: &'a [CopiedColumns],
    /// Scans that read a whole table for a few rows.
    pub scans: Vec<FilteredScan>,
    /// Whether the counters of index use tell of a real load.
    pub under_load: bool,
}

/// A statement that reads a whole table for a few rows.
#[derive(Debug, Clone, PartialEq)]
pub struct FilteredScan {
    /// Whose statement it is: `query "of_user"`.
    pub who: String,
    /// How often it was sent, where it stands, and what else there is to say of it; none of a watched query.
    pub sent: Option<String>,
    /// The table.
    pub table: String,
    /// The condition, as the server tells it.
    pub condition: String,
    /// Rows that it gave, over all loops.
    pub kept: f64,
    /// Rows that it read, over all loops.
    pub read: f64,
    /// How often it read the table.
    pub loops: u64,
}

/// What a case must have for a rule to have something to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Tables are enough.
    Tables,
    /// Statements that were run: watched queries, or what clients and hooks sent.
    Statements,
    /// Clients that use the indexes.
    Clients,
}

/// What a rule needs.
pub fn needs(code: &str) -> Needs {
    match code {
        "unindexed-filter" => Needs::Statements,
        "unused-index" => Needs::Clients,
        _ => Needs::Tables,
    }
}

/// Rows below which reading a whole table is the quick way.
const SMALL: f64 = 1000.0;

/// The share of rows above which an index would not help.
const MOST_ROWS: f64 = 0.1;

impl<'a> Schema<'a> {
    /// The tables that have rows of their own or stand for their partitions; partitions themselves are left out, since
    /// what is wrong with their columns and keys is wrong with the whole.
    pub fn tables(&self) -> impl Iterator<Item = &'a Table> + use<'a> {
        self.with_partitions()
            .filter(|table| table.parent.is_none())
    }

    /// All tables, partitions too: each has indexes of its own, and may have what the whole does not.
    pub fn with_partitions(&self) -> impl Iterator<Item = &'a Table> + use<'a> {
        let tables = self.catalog.map_or(&[][..], |catalog| &catalog.tables);
        tables.iter()
    }

    /// All columns of tables and partitioned tables.
    pub fn columns(&self) -> impl Iterator<Item = (&'a Table, &'a TableColumn)> + use<'a> {
        let tables = self.tables();
        let tables = tables.filter(|table| table.kind != TableKind::MaterializedView);
        tables.flat_map(|table| table.columns.iter().map(move |column| (table, column)))
    }
}

/// The scans of a snapshot that read a whole table for a few rows, small tables left out.
pub fn filtered_scans(snapshot: &PlanSnapshot) -> Vec<FilteredScan> {
    let mut scans = Vec::new();
    for captured in &snapshot.plans {
        let Some(plan) = captured.measured() else {
            continue;
        };
        for node in plan.explained.root.nodes() {
            let who = format!("query \"{}\"", captured.query);
            let scan = filtered_scan(&who, node, &snapshot.catalog);
            scans.extend(scan);
        }
    }
    scans
}

/// The scan of a table from beginning to end for a few rows, if a node is one; small tables left out.
pub fn filtered_scan(who: &str, node: &PlanNode, catalog: &Catalog) -> Option<FilteredScan> {
    let table = node
        .shape
        .relation
        .as_ref()
        .filter(|_| node.kind == "Seq Scan")?;
    let actual = node.actual.as_ref()?;
    let rows = catalog.table(table).map_or(0.0, |table| table.rows);
    let loops = actual.loops as f64;
    let kept = actual.rows * loops;
    let removed = actual.removed.get("Filter").copied().unwrap_or_default() * loops;
    let filter = node.shape.conditions.get("Filter").cloned();
    let again = actual.loops > 1 && !node.shape.parallel;
    let few = kept <= MOST_ROWS * (kept + removed) && filter.is_some();
    // A table that was filled meanwhile is not analyzed yet.
    let each = match node.shape.parallel {
        true => kept + removed,
        false => (kept + removed) / loops.max(1.0),
    };
    (rows.max(each) > SMALL && (few || again)).then(|| FilteredScan {
        who: who.to_owned(),
        sent: None,
        table: table.clone(),
        condition: filter.unwrap_or_default(),
        kept,
        read: kept + removed,
        loops: actual.loops,
    })
}
