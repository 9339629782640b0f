//! How did a load go, stage by stage? A table with the throughput as a curve, and its knee in words.

use super::load::{per_second, shown, table};
use crate::{
    measure::stages::{StageFigures, knee, stages},
    record::{Histogram, LoadLog},
    text::{plural, thousands},
};

/// So many characters are the highest bar.
const WIDTH: f64 = 16.0;

/// The head of the column that is a picture.
pub(super) const CURVE: &str = "throughput";

/// A column: its head, and what it says of a stage.
type Column = (&'static str, fn(&StageFigures) -> String);

/// The stages in lines; none where there is one.
pub fn lines(load: &LoadLog) -> Vec<String> {
    let stages = stages(load);
    if stages.len() < 2 {
        return Vec::new();
    }
    let most = stages.iter().map(StageFigures::rate).fold(0.0, f64::max);
    let columns = columns(&stages);
    let rows = stages.iter().map(|stage| {
        let cells = columns.iter().map(|(_, cell)| cell(stage));
        cells.chain([bar(stage.rate(), most)]).collect()
    });
    let heads = columns.iter().map(|(head, _)| *head);
    let heads: Vec<&str> = heads.chain([CURVE]).collect();
    let mut lines = table(&heads, rows.collect());
    lines.extend(knee(&stages).map(at_knee));
    lines.extend(stages.iter().filter_map(recovered));
    lines
}

/// The columns in which any stage has something to say.
fn columns(stages: &[StageFigures]) -> Vec<Column> {
    let mut columns: Vec<Column> = vec![
        ("users", |stage| thousands(u64::from(stage.users))),
        ("for", |stage| shown(stage.span)),
        ("per second", |stage| {
            per_second(stage.latency.count(), stage.span)
        }),
        ("p50", |stage| quantile(&stage.latency, 0.5, 2)),
        ("p99", |stage| quantile(&stage.latency, 0.99, 100)),
    ];
    if stages.iter().any(|stage| !stage.wait.is_empty()) {
        columns.push(("wait p50", |stage| quantile(&stage.wait, 0.5, 2)));
        columns.push(("wait p99", |stage| quantile(&stage.wait, 0.99, 100)));
    }
    if stages.iter().any(|stage| stage.failed > 0) {
        columns.push(("failed", |stage| thousands(stage.failed)));
    }
    if stages.iter().any(|stage| stage.refused > 0) {
        columns.push(("refused", |stage| thousands(stage.refused)));
    }
    if stages.iter().any(|stage| stage.looks.is_some()) {
        columns.push(("sessions", |stage| {
            let looks = stage.looks;
            looks.map_or_else(dash, |looks| thousands(looks.most_sessions))
        }));
        columns.push(("idle in transaction", |stage| {
            let idle = stage.idle_in_transaction();
            idle.map_or_else(dash, |idle| format!("{idle:.1}"))
        }));
    }
    columns
}

/// A percentile of enough samples.
fn quantile(of: &Histogram, quantile: f64, needed: u64) -> String {
    match of.count() >= needed {
        true => shown(of.at(quantile)),
        false => dash(),
    }
}

fn dash() -> String {
    "-".to_owned()
}

/// `████████`, the highest rate as long as it goes.
fn bar(rate: f64, most: f64) -> String {
    let full = if most > 0.0 { rate / most * WIDTH } else { 0.0 };
    match (full.round() as usize, rate > 0.0) {
        (0, true) => "▏".to_owned(),
        (count, _) => "█".repeat(count),
    }
}

fn at_knee(stage: &StageFigures) -> String {
    format!(
        "the knee is at {}: {} with p50 {}; more users brought more latency than throughput",
        plural(u64::from(stage.users), "user"),
        per_second(stage.latency.count(), stage.span),
        shown(stage.latency.at(0.5))
    )
}

fn recovered(stage: &StageFigures) -> Option<String> {
    let after = stage.recovered?;
    Some(format!(
        "back at {}, the stage before was felt for {}",
        plural(u64::from(stage.users), "user"),
        shown(after)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{
        Micros,
        load::{Crowding, Interval, IntervalTally, StageLooks},
    };

    #[test]
    fn a_crowd_is_told_as_a_curve_with_its_knee() {
        let mut looks = Vec::new();
        let mut intervals = Vec::new();
        let curve = [
            (10, 1000, 2, 0),
            (50, 1500, 30, 0),
            (500, 400, 900, 310),
            (10, 900, 2, 4),
        ];
        for (stage, (users, count, millis, refused)) in (0_u32..).zip(curve) {
            let mut latency = Histogram::default();
            for _ in 0..count {
                latency.record_micros(Micros(millis * 1000));
            }
            let from = Micros(u64::from(stage) * 1_000_000);
            intervals.push(Interval {
                stage,
                users,
                from,
                length: Micros(1_000_000),
                clients: vec![IntervalTally {
                    latency: latency.clone(),
                    failed: refused,
                    ..IntervalTally::default()
                }],
                crowding: Crowding {
                    wait: latency,
                    refused,
                    felt_until: (refused > 0).then_some(Micros(from.0 + 120_000)),
                },
            });
            looks.push(StageLooks {
                stage,
                looks: 5,
                most_sessions: u64::from(users.min(97)),
                idle_in_transaction: u64::from(users) / 8,
            });
        }
        let load = LoadLog {
            intervals,
            looks,
            ..LoadLog::default()
        };
        insta::assert_snapshot!(lines(&load).join("\n"));
    }
}
