//! What did a load come to? Its numbers for the terminal, and where the time of its transactions went.

use super::{stages, style};
use crate::{
    record::{
        Histogram, LoadLog, Micros,
        load::{ClientTally, LoadServer, Parts},
    },
    text::{Side, align_columns, format_duration, list, plural, thousands},
};
use std::time::Duration;

/// Fewer sessions than these, seen in the middle of a statement, tell nothing of shares.
const FEWEST_SEEN: u64 = 20;

/// The most statements whose planning is told.
const MOST_PLANNED: usize = 3;

/// The most statements that are shown.
const MOST_STATEMENTS: usize = 5;

/// The load in lines: what there was of it, how long it took, where the time went.
pub fn summary(load: &LoadLog) -> Vec<String> {
    let mut lines = vec![head(load)];
    lines.extend(schedule(load));
    lines.extend(latencies(load));
    lines.extend(stages::lines(load));
    for tally in load.clients.iter().filter(|tally| tally.transactions() > 0) {
        lines.push(time(tally));
    }
    let server = load.server.as_ref();
    lines.extend(server.and_then(|server| in_server(load, server)));
    lines.extend(planning(load));
    lines.extend(connections(load));
    if let Some(server) = &load.server {
        lines.extend(of_server(server));
    }
    lines
}

/// The statements on which the server spent most time, as a table.
pub fn statements(load: &LoadLog) -> Vec<String> {
    let statements = load.server.iter().flat_map(|server| &server.statements);
    let rows = statements.take(MOST_STATEMENTS).map(|one| {
        let calls = u32::try_from(one.calls.max(1)).unwrap_or(u32::MAX);
        vec![
            shown(one.exec),
            thousands(one.calls),
            format_duration(one.exec.duration() / calls),
            thousands(one.rows),
            thousands(one.read),
            one.sql.split_whitespace().collect::<Vec<_>>().join(" "),
        ]
    });
    let head = ["server time", "calls", "mean", "rows", "reads", "statement"];
    let mut lines = table(&head, rows.collect());
    for line in &mut lines {
        *line = line.chars().take(110).collect();
    }
    lines
}

/// What hooks logged, client by client.
pub fn logged(load: &LoadLog) -> Vec<String> {
    let clients = load.clients.iter();
    let clients = clients.filter(|tally| !tally.logged.is_empty());
    let lines = clients.flat_map(|tally| {
        let lines = plural(tally.logged.count, "line");
        let head = format!("\"{}\" logged {lines}:", tally.client);
        let first = tally.logged.first.iter();
        let first = first.map(|line| format!("  {}", shown_line(line)));
        let left = tally.logged.count - tally.logged.first.len() as u64;
        let rest = (left > 0).then(|| format!("  … and {} more", thousands(left)));
        [head].into_iter().chain(first).chain(rest)
    });
    lines.collect()
}

fn shown_line(line: &str) -> String {
    let line = line.lines().next().unwrap_or_default();
    style::shown(line).chars().take(200).collect()
}

fn head(load: &LoadLog) -> String {
    let done: u64 = load.clients.iter().map(|tally| tally.latency.count()).sum();
    let failed: u64 = load.clients.iter().map(|tally| tally.failed.count()).sum();
    let retries: u64 = load.clients.iter().map(|tally| tally.retries).sum();
    let mut head = format!(
        "{} in {} by {}: {}",
        plural(done, "transaction"),
        shown(load.measured),
        plural(u64::from(load.users), "user"),
        per_second(done, load.measured)
    );
    if failed > 0 {
        head.push_str(&format!(", {} failed", thousands(failed)));
    }
    if retries > 0 {
        head.push_str(&format!(", {} tried again", thousands(retries)));
    }
    if done > 0 {
        let each = load.cpu.duration() / u32::try_from(done).unwrap_or(u32::MAX);
        head.push_str(&format!("; pgauge took {} each", format_duration(each)));
    }
    head
}

fn schedule(load: &LoadLog) -> Option<String> {
    let schedule = load.schedule.as_ref()?;
    let lag = &schedule.lag;
    let mut line = format!(
        "schedule lag: p50 {}, p99 {}, max {}",
        shown(lag.at(0.5)),
        shown(lag.at(0.99)),
        shown(lag.max())
    );
    if schedule.is_saturated() {
        line.push_str(&format!(
            "; saturated: {} of {} never began",
            thousands(schedule.behind()),
            thousands(schedule.offered)
        ));
    }
    Some(line)
}

fn latencies(load: &LoadLog) -> Vec<String> {
    let mut rows = Vec::new();
    for tally in &load.clients {
        let failed = tally.failed.count();
        rows.push(row(&tally.client, &tally.latency, load.measured, failed));
        for step in &tally.steps {
            let errors = step.errors.values().sum();
            let name = format!("{}.{}", tally.client, step.step);
            rows.push(row(&name, &step.latency, load.measured, errors));
        }
    }
    let head = [
        "latency",
        "count",
        "per second",
        "p50",
        "p90",
        "p95",
        "p99",
        "p99.9",
        "max",
        "errors",
    ];
    table(&head, rows)
}

fn row(name: &str, latency: &Histogram, over: Micros, errors: u64) -> Vec<String> {
    let count = latency.count();
    let percentiles = [(0.5, 2), (0.9, 10), (0.95, 20), (0.99, 100), (0.999, 1000)];
    let percentiles = percentiles.map(|(quantile, needed)| match count >= needed {
        true => shown(latency.at(quantile)),
        false => "-".to_owned(),
    });
    let rate = per_second(count, over);
    let first = [name.to_owned(), thousands(count), rate];
    first
        .into_iter()
        .chain(percentiles)
        .chain([shown(latency.max()), thousands(errors)])
        .collect()
}

/// Where the time of a client's transactions went, the largest part first.
fn time(tally: &ClientTally) -> String {
    let Parts {
        lag,
        pool_wait,
        connect,
        prepare,
        first_row,
        rows,
        between_tries,
        total,
    } = tally.parts;
    let mut parts = [
        ("behind the schedule", lag),
        ("waiting for the pool", pool_wait),
        ("connecting", connect),
        ("preparing", prepare),
        ("to the first row", first_row),
        ("to the last row", rows),
        ("between tries", between_tries),
        ("unattributed", tally.parts.unattributed()),
    ];
    parts.sort_by_key(|(_, nanos)| std::cmp::Reverse(*nanos));
    let share = |nanos: u64| nanos as f64 / total.max(1) as f64;
    let told: Vec<String> = parts
        .iter()
        .filter(|(_, nanos)| share(*nanos) >= 0.005)
        .map(|(name, nanos)| format!("{} {name}", percent(share(*nanos))))
        .collect();
    let mean = Duration::from_nanos(total / tally.transactions().max(1));
    let largest = parts.first().map_or("", |(name, _)| name);
    format!(
        "time of \"{}\": {} on average, most of it {largest}: {}",
        tally.client,
        format_duration(mean),
        list(&told, "and")
    )
}

/// What a transaction's time in the server went into: what sessions were seen doing in the middle of a statement, scaled to
/// the time that the clients spent waiting for answers. Looks, not measurements.
fn in_server(load: &LoadLog, server: &LoadServer) -> Option<String> {
    let waits = &server.waits;
    let parts = load.clients.iter().map(|tally| tally.parts);
    let spent: u64 = parts.map(|parts| parts.first_row + parts.rows).sum();
    let transactions: u64 = load.clients.iter().map(ClientTally::transactions).sum();
    if waits.active < FEWEST_SEEN || spent == 0 {
        return None;
    }
    let mean = spent as f64 / transactions.max(1) as f64;
    let share = |count: u64| count as f64 / waits.active as f64;
    let mut kinds: Vec<(String, u64)> = Vec::new();
    for (event, count) in &waits.waiting {
        let kind = event.split(':').next().unwrap_or_default();
        match kinds.iter_mut().find(|(known, _)| known == kind) {
            Some((_, sum)) => *sum += count,
            None => kinds.push((kind.to_owned(), *count)),
        }
    }
    let waiting: u64 = kinds.iter().map(|(_, count)| count).sum();
    kinds.push(("no wait".to_owned(), waits.active.saturating_sub(waiting)));
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let told: Vec<String> = kinds
        .iter()
        .filter(|(_, count)| share(*count) >= 0.01)
        .map(|(kind, count)| {
            let scaled = Duration::from_nanos((share(*count) * mean) as u64);
            let percent = percent(share(*count));
            format!("{} {kind} ({percent})", format_duration(scaled))
        })
        .collect();
    Some(format!(
        "in the server: {} a transaction, by {} about {}",
        format_duration(Duration::from_nanos(mean as u64)),
        plural(waits.looks, "look"),
        list(&told, "and")
    ))
}

/// How long the server plans: as it counted itself, else as EXPLAIN told of each statement.
fn planning(load: &LoadLog) -> Option<String> {
    let statements = load.server.iter().flat_map(|server| &server.statements);
    let counted: Duration = statements.map(|one| one.plan.duration()).sum();
    let transactions: u64 = load.clients.iter().map(ClientTally::transactions).sum();
    if !counted.is_zero() {
        let each = counted.div_f64(transactions.max(1) as f64);
        let each = format_duration(each);
        return Some(format!(
            "planning: {each} a transaction, as pg_stat_statements counted"
        ));
    }
    let told = load.clients.iter().flat_map(|tally| {
        let steps = tally.steps.iter();
        steps.filter_map(|step| {
            let name = format!("{}.{}", tally.client, step.step);
            Some((step.planning?, name))
        })
    });
    let mut told: Vec<(Micros, String)> = told.collect();
    told.sort_by_key(|(span, _)| std::cmp::Reverse(*span));
    let told: Vec<String> = told
        .iter()
        .take(MOST_PLANNED)
        .map(|(span, name)| format!("\"{name}\" {}", shown(*span)))
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "planning, by EXPLAIN: {} (a prepared statement is planned a few times per connection)",
            list(&told, "and")
        )
    })
}

fn connections(load: &LoadLog) -> Option<String> {
    let connections = &load.connections;
    let refused: u64 = connections.refused.values().map(|tally| tally.count).sum();
    let mut told = Vec::new();
    if !connections.wait.is_empty() {
        told.push(format!(
            "waited p50 {}, p99 {}, max {}",
            shown(connections.wait.at(0.5)),
            shown(connections.wait.at(0.99)),
            shown(connections.wait.max())
        ));
    }
    if !connections.connect.is_empty() {
        told.push(format!(
            "{} made in {} each",
            thousands(connections.connect.count()),
            shown(connections.connect.at(0.5))
        ));
    }
    if refused > 0 {
        told.push(format!("{} refused", thousands(refused)));
    }
    if connections.lost > 0 {
        told.push(format!("{} lost", thousands(connections.lost)));
    }
    (!told.is_empty()).then(|| format!("connections: {}", list(&told, "and")))
}

fn of_server(server: &LoadServer) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(buffers) = &server.buffers {
        let pages = buffers.hit + buffers.read;
        if pages > 0 {
            let share = buffers.hit as f64 / pages as f64;
            told.push(format!("{} of the pages in memory", percent(share)));
        }
        if buffers.temp_files > 0 {
            told.push(format!(
                "{} with {}",
                plural(buffers.temp_files, "temporary file"),
                bytes(buffers.temp_bytes)
            ));
        }
        if buffers.deadlocks > 0 {
            told.push(plural(buffers.deadlocks, "deadlock"));
        }
    }
    if let Some(wal) = &server.wal {
        told.push(format!("{} of WAL", bytes(wal.bytes)));
    }
    if let Some(checkpoints) = &server.checkpoints {
        let count = checkpoints.timed + checkpoints.requested;
        if count > 0 {
            let written = plural(checkpoints.written, "page");
            told.push(format!("{} of {written}", plural(count, "checkpoint")));
        }
    }
    if server.waits.idle_in_transaction > 0 {
        told.push(format!(
            "idle in transaction in {} of all looks",
            percent(
                server.waits.idle_in_transaction as f64
                    / (server.waits.idle_in_transaction + server.waits.active + server.waits.idle)
                        .max(1) as f64
            )
        ));
    }
    let mut lines = Vec::new();
    if !told.is_empty() {
        lines.push(format!("server: {}", list(&told, "and")));
    }
    lines.extend(server.missing.iter().map(|why| format!("not known: {why}")));
    lines
}

/// `12,345/s`, with a digit after the point where it is small.
pub fn per_second(count: u64, over: Micros) -> String {
    if over.0 == 0 {
        return "-".to_owned();
    }
    let rate = count as f64 * 1e6 / over.0 as f64;
    match rate >= 100.0 {
        true => format!("{}/s", thousands(rate.round() as u64)),
        false => format!("{rate:.1}/s"),
    }
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent >= 10.0 => format!("{percent:.0}%"),
        percent => format!("{percent:.1}%"),
    }
}

fn bytes(count: u64) -> String {
    let units = [(1_u64 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")];
    let fitting = units.into_iter().find(|(unit, _)| count >= *unit);
    match fitting {
        Some((unit, name)) => format!("{:.1} {name}", count as f64 / unit as f64),
        None => format!("{count} B"),
    }
}

pub(super) fn table(head: &[&str], mut rows: Vec<Vec<String>>) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    rows.insert(0, head.iter().map(|word| (*word).to_owned()).collect());
    let mut sides = vec![Side::Right; head.len()];
    sides[0] = Side::Left;
    if head
        .last()
        .is_some_and(|last| ["statement", stages::CURVE].contains(last))
    {
        sides[head.len() - 1] = Side::Left;
    }
    align_columns(&rows, &sides)
}

pub(super) fn shown(span: Micros) -> String {
    format_duration(span.duration())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::load::{StepTally, WaitFacts};

    fn histogram(micros: impl Iterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        for micros in micros {
            histogram.record_micros(Micros(micros));
        }
        histogram
    }

    #[test]
    fn a_load_is_told_in_a_few_lines_and_the_largest_part_is_named() {
        let latency = histogram((1..=2000).map(|n| 100 + n));
        let tally = ClientTally {
            client: "shopper".to_owned(),
            steps: vec![StepTally {
                step: "pick".to_owned(),
                latency: latency.clone(),
                ..StepTally::default()
            }],
            parts: Parts {
                pool_wait: 1_600_000_000,
                first_row: 400_000_000,
                total: 2_200_000_000,
                ..Parts::default()
            },
            latency,
            ..ClientTally::default()
        };
        let load = LoadLog {
            measured: Micros(2_000_000),
            users: 8,
            cpu: Micros(14_000),
            clients: vec![tally],
            server: Some(LoadServer {
                waits: WaitFacts {
                    looks: 10,
                    active: 80,
                    waiting: [("Lock:transactionid".to_owned(), 60)].into(),
                    ..WaitFacts::default()
                },
                ..LoadServer::default()
            }),
            ..LoadLog::default()
        };
        insta::assert_snapshot!(summary(&load).join("\n"));
    }
}
