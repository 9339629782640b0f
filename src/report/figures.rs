//! Where did the time of a case go? The numbers that a report shows, as they are kept in the results file.

use super::migration::MigrationFigures;
use crate::{
    record::Micros,
    text::{Side, align_columns, format_duration, thousands},
};
use serde::{Deserialize, Serialize};

/// The numbers of one case.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// How long steps, passes and queries took.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latencies: Vec<LatencyFigure>,
    /// Where the time of the clients went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<TimeFigure>,
    /// What clients and queries felt of a migration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<MigrationFigures>,
}

impl Figures {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How long something took. Percentiles are left out where there are too few samples for them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyFigure {
    /// What: `alice.credit`, `alice` for whole passes, or a query.
    pub of: String,
    /// How many samples.
    pub samples: u64,
    /// The median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<Micros>,
    /// The 95th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95: Option<Micros>,
    /// The 99th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<Micros>,
    /// The longest.
    pub max: Micros,
}

/// Where the time of one client went; the parts add up to `total`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TimeFigure {
    /// The client.
    pub client: String,
    /// Asking the pool for a session.
    pub pool_wait: Micros,
    /// Waiting for locks.
    pub lock_wait: Micros,
    /// From sending to the first row, without lock waits.
    pub to_first_row: Micros,
    /// From the first row to the last.
    pub rows: Micros,
    /// Between statements: hooks, pgauge itself, and in a forced order the other clients.
    pub between: Micros,
    /// All of it.
    pub total: Micros,
}

/// The latencies as a table, one line each; empty without any.
pub fn latency_table(figures: &Figures) -> Vec<String> {
    let row = |figure: &LatencyFigure| {
        let or_dash = |span: Option<Micros>| span.map_or_else(|| "-".to_owned(), shown);
        vec![
            figure.of.clone(),
            thousands(figure.samples),
            or_dash(figure.p50),
            or_dash(figure.p95),
            or_dash(figure.p99),
            shown(figure.max),
        ]
    };
    let head = ["latency", "samples", "p50", "p95", "p99", "max"];
    table(&head, figures.latencies.iter().map(row).collect())
}

/// Where the time went as a table, one line each; empty without any.
pub fn time_table(figures: &Figures) -> Vec<String> {
    let row = |figure: &TimeFigure| {
        let spans = [
            figure.total,
            figure.pool_wait,
            figure.lock_wait,
            figure.to_first_row,
            figure.rows,
            figure.between,
        ];
        std::iter::once(figure.client.clone())
            .chain(spans.into_iter().map(shown))
            .collect()
    };
    let head = [
        "time of",
        "in all",
        "pool",
        "locks",
        "first row",
        "rows",
        "between",
    ];
    table(&head, figures.times.iter().map(row).collect())
}

fn table(head: &[&str], mut rows: Vec<Vec<String>>) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    rows.insert(0, head.iter().map(|word| (*word).to_owned()).collect());
    let mut sides = vec![Side::Right; head.len()];
    sides[0] = Side::Left;
    align_columns(&rows, &sides)
}

fn shown(span: Micros) -> String {
    format_duration(span.duration())
}
