//! Why did a plan change, as far as it can be known? What the planner goes by and what is different in it: indexes,
//! statistics, sizes, settings, the server's version, the statement itself.
//!
//! A reason is a difference that the planner looks at. That it was this one is not proven by it.

use crate::record::{CapturedPlan, Catalog, ColumnStatistics, Index, PlanSnapshot, Table, Value};
use crate::text::thousands;
use std::{collections::BTreeSet, fmt};

/// Something that the planner goes by and that is not as it was.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// Another text was planned.
    Statement,
    /// Other values were planned for.
    Parameters {
        /// Those of the first plan.
        before: Vec<Value>,
        /// Those of the second plan.
        after: Vec<Value>,
    },
    /// There is a new index.
    IndexAdded {
        /// What built it.
        definition: String,
    },
    /// An index is gone.
    IndexDropped {
        /// What had built it.
        definition: String,
    },
    /// An index of this name is another one, or may be used no more.
    IndexChanged {
        /// What had built it.
        before: String,
        /// What built it.
        after: String,
    },
    /// A table is gone, or there is a new one.
    Table {
        /// The table.
        table: String,
        /// What happened to it.
        what: &'static str,
    },
    /// A column has another type.
    ColumnType {
        /// `orders.total`.
        column: String,
        /// The type it had.
        before: String,
        /// The type it has.
        after: String,
    },
    /// A table has another number of rows.
    Rows {
        /// The table.
        table: String,
        /// Its rows.
        before: f64,
        /// Its rows.
        after: f64,
    },
    /// The planner knows something else about a column.
    Statistics {
        /// `orders.user_id`.
        column: String,
        /// What: `different values`, `NULLs` …
        what: &'static str,
        /// As it was.
        before: String,
        /// As it is.
        after: String,
    },
    /// A setting is another one.
    Setting {
        /// Its name.
        name: String,
        /// As it was; none where the server had no such setting.
        before: Option<String>,
        /// As it is.
        after: Option<String>,
    },
    /// The server is of another version.
    Version {
        /// `server_version_num`.
        before: u32,
        /// `server_version_num`.
        after: u32,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statement => f.write_str("the statement is another one"),
            Self::Parameters { before, after } => {
                write!(f, "parameters: {} became {}", values(before), values(after))
            }
            Self::IndexAdded { definition } => write!(f, "index added: {definition}"),
            Self::IndexDropped { definition } => write!(f, "index dropped: {definition}"),
            Self::IndexChanged { before, after } => {
                write!(f, "index changed: {before} became {after}")
            }
            Self::Table { table, what } => write!(f, "table {table}: {what}"),
            Self::ColumnType {
                column,
                before,
                after,
            } => write!(f, "type of {column}: {before} became {after}"),
            Self::Rows {
                table,
                before,
                after,
            } => write!(
                f,
                "rows of {table}: {} became {}",
                rows(*before),
                rows(*after)
            ),
            Self::Statistics {
                column,
                what,
                before,
                after,
            } => write!(f, "statistics of {column}: {what} {before} became {after}"),
            Self::Setting {
                name,
                before,
                after,
            } => {
                let said =
                    |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".into());
                write!(f, "setting {name}: {} became {}", said(before), said(after))
            }
            Self::Version { before, after } => {
                write!(f, "PostgreSQL {} became {}", major(*before), major(*after))
            }
        }
    }
}

fn values(values: &[Value]) -> String {
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    format!("({})", values.join(", "))
}

fn rows(rows: f64) -> String {
    match rows < 0.0 {
        true => "unknown".to_owned(),
        false => thousands(rows.round() as u64),
    }
}

fn major(version_num: u32) -> String {
    format!("{}.{}", version_num / 10_000, version_num % 10_000)
}

/// Everything that the planner goes by and that differs between two captures of a query.
pub fn reasons(
    (before, plan_before): (&PlanSnapshot, &CapturedPlan),
    (after, plan_after): (&PlanSnapshot, &CapturedPlan),
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if plan_before.sql != plan_after.sql {
        reasons.push(Reason::Statement);
    }
    if plan_before.params != plan_after.params {
        reasons.push(Reason::Parameters {
            before: plan_before.params.clone(),
            after: plan_after.params.clone(),
        });
    }
    let tables: BTreeSet<&str> = [plan_before, plan_after]
        .into_iter()
        .filter_map(CapturedPlan::measured)
        .flat_map(|plan| plan.explained.root.nodes())
        .filter_map(|node| node.shape.relation.as_deref())
        .collect();
    for name in tables {
        of_table(name, &before.catalog, &after.catalog, &mut reasons);
    }
    let names: BTreeSet<&String> = before
        .settings
        .keys()
        .chain(after.settings.keys())
        .collect();
    for name in names {
        let (was, is) = (before.settings.get(name), after.settings.get(name));
        if was != is {
            reasons.push(Reason::Setting {
                name: name.clone(),
                before: was.cloned(),
                after: is.cloned(),
            });
        }
    }
    if before.version_num != after.version_num {
        reasons.push(Reason::Version {
            before: before.version_num,
            after: after.version_num,
        });
    }
    reasons
}

fn of_table(name: &str, before: &Catalog, after: &Catalog, reasons: &mut Vec<Reason>) {
    let table = |what| Reason::Table {
        table: name.to_owned(),
        what,
    };
    let (before, after) = match (before.table(name), after.table(name)) {
        (Some(before), Some(after)) => (before, after),
        (Some(_), None) => return reasons.push(table("it is gone")),
        (None, Some(_)) => return reasons.push(table("it is new")),
        (None, None) => return,
    };
    of_indexes(before, after, reasons);
    if before.rows != after.rows {
        reasons.push(Reason::Rows {
            table: name.to_owned(),
            before: before.rows,
            after: after.rows,
        });
    }
    for column in &after.columns {
        let Some(was) = before.column(&column.name) else {
            continue;
        };
        let title = format!("{name}.{}", column.name);
        if was.type_name != column.type_name {
            reasons.push(Reason::ColumnType {
                column: title.clone(),
                before: was.type_name.clone(),
                after: column.type_name.clone(),
            });
        }
        reasons.extend(of_statistics(&title, was.statistics, column.statistics));
    }
}

fn of_indexes(before: &Table, after: &Table, reasons: &mut Vec<Reason>) {
    let named = |table: &Table, name: &str| -> Option<Index> {
        let mut indexes = table.indexes.iter();
        indexes.find(|index| index.name == name).cloned()
    };
    for index in &before.indexes {
        match named(after, &index.name) {
            None => reasons.push(Reason::IndexDropped {
                definition: index.definition.clone(),
            }),
            Some(now) if now.definition != index.definition || now.valid != index.valid => {
                let said = |index: &Index| match index.valid {
                    true => index.definition.clone(),
                    false => format!("{} (invalid)", index.definition),
                };
                reasons.push(Reason::IndexChanged {
                    before: said(index),
                    after: said(&now),
                });
            }
            Some(_) => {}
        }
    }
    let new = after
        .indexes
        .iter()
        .filter(|index| named(before, &index.name).is_none());
    reasons.extend(new.map(|index| Reason::IndexAdded {
        definition: index.definition.clone(),
    }));
}

/// How far a share may move without a word; samples of ANALYZE differ by less.
const SHARE: f64 = 0.02;

/// How far a count may move without a word, as a share of itself.
const COUNT: f64 = 0.1;

fn of_statistics(
    column: &str,
    before: Option<ColumnStatistics>,
    after: Option<ColumnStatistics>,
) -> Vec<Reason> {
    let reason = |what, before: String, after: String| Reason::Statistics {
        column: column.to_owned(),
        what,
        before,
        after,
    };
    let (before, after) = match (before, after) {
        (Some(before), Some(after)) => (before, after),
        (None, None) => return Vec::new(),
        (None, Some(_)) => return vec![reason("analyzed", "never".into(), "now".into())],
        (Some(_), None) => return vec![reason("analyzed", "yes".into(), "no more".into())],
    };
    let mut reasons = Vec::new();
    if (before.distinct - after.distinct).abs() > COUNT * before.distinct.abs() {
        let said = |distinct: f64| match distinct < 0.0 {
            true => format!("{}% of the rows", (-distinct * 100.0).round()),
            false => thousands(distinct.round() as u64),
        };
        reasons.push(reason(
            "different values",
            said(before.distinct),
            said(after.distinct),
        ));
    }
    let percent = |share: f64| format!("{}%", (share * 1000.0).round() / 10.0);
    if (before.nulls - after.nulls).abs() > SHARE {
        reasons.push(reason("NULLs", percent(before.nulls), percent(after.nulls)));
    }
    let common = |statistics: ColumnStatistics| statistics.most_common.unwrap_or_default();
    if (common(before) - common(after)).abs() > SHARE {
        reasons.push(reason(
            "share of the most common value",
            percent(common(before)),
            percent(common(after)),
        ));
    }
    let order = |statistics: ColumnStatistics| statistics.correlation.unwrap_or_default();
    if (order(before) - order(after)).abs() > 5.0 * SHARE {
        let said = |order: f64| format!("{}", (order * 100.0).round() / 100.0);
        reasons.push(reason(
            "order on disk",
            said(order(before)),
            said(order(after)),
        ));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::testing::plans::{captured, scan, snapshot};
    use crate::record::TableColumn;

    fn said(before: &PlanSnapshot, after: &PlanSnapshot) -> Vec<String> {
        let reasons = reasons((before, &before.plans[0]), (after, &after.plans[0]));
        reasons.iter().map(ToString::to_string).collect()
    }

    fn orders(indexes: &[&str], rows: f64, distinct: f64) -> PlanSnapshot {
        let index = |name: &&str| Index {
            name: (*name).to_owned(),
            definition: format!("CREATE INDEX {name} ON orders (user_id)"),
            valid: true,
            ..Index::default()
        };
        let table = Table {
            name: "orders".into(),
            rows,
            columns: vec![TableColumn {
                name: "user_id".into(),
                statistics: Some(ColumnStatistics {
                    distinct,
                    ..ColumnStatistics::default()
                }),
                ..TableColumn::default()
            }],
            indexes: indexes.iter().map(index).collect(),
            ..Table::default()
        };
        let plan = captured("q", scan("Seq Scan", "orders", None, 1.0, 1));
        snapshot(vec![table], vec![plan])
    }

    #[test]
    fn a_dropped_index_other_sizes_and_other_statistics_are_reasons() {
        let before = orders(&["a"], 1000.0, 50.0);
        let mut after = orders(&["b"], 2000.0, -0.5);
        after.settings.insert("work_mem".into(), "64kB".into());
        after.version_num = 170_002;
        assert_eq!(
            said(&before, &after),
            [
                "index dropped: CREATE INDEX a ON orders (user_id)",
                "index added: CREATE INDEX b ON orders (user_id)",
                "rows of orders: 1,000 became 2,000",
                "statistics of orders.user_id: different values 50 became 50% of the rows",
                "setting work_mem: (none) became 64kB",
                "PostgreSQL 15.18 became 17.2",
            ]
        );
    }

    #[test]
    fn what_is_as_it_was_is_no_reason() {
        let one = orders(&["a"], 1000.0, 50.0);
        assert_eq!(said(&one, &orders(&["a"], 1000.0, 51.0)), [""; 0]);
    }
}
