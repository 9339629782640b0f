//! What is there to tell of a migration? Headings, tables and lists that every form of the report shows alike.

use super::{
    bytes,
    figures::{
        CostFigure, FailureFigure, MigrationFigures, QueryFigure, RatioFigure, TrafficFigure,
    },
    lock_words, one_line, read_whole, strongest,
};
use crate::{
    record::{LockSight, Micros, StatementTrace, TableUse, TransactionScope},
    report::results::{CaseResult, Outcome},
    sql::condition_or_code,
    text::{format_duration, list, plural, shortened, thousands},
};

/// The longest statements and messages that are told.
const LONGEST: usize = 120;

/// The most waits that are told.
const MOST_WAITS: usize = 10;

/// A migration, told.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The case.
    pub title: String,
    /// What it came to.
    pub outcome: Outcome,
    /// One sentence: how many statements, how long.
    pub summary: String,
    /// One after the other.
    pub sections: Vec<Section>,
}

/// A part of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// A sentence under it; empty where none is needed.
    pub says: String,
    /// The heads of the table's columns, with the side to which their cells stand.
    pub heads: Vec<(&'static str, Stands)>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// To which side the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// A cell of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// How bad that is.
    pub tone: Tone,
}

/// How bad something is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing is to be said of it.
    #[default]
    Plain,
    /// As one wishes.
    Good,
    /// It costs something.
    Costly,
    /// It holds others up, or fails.
    Bad,
    /// A statement or a name, as it was written.
    Code,
}

impl Cell {
    fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }

    fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Tone::Plain)
    }

    fn code(sql: &str) -> Self {
        Self::new(shortened(&one_line(sql), LONGEST), Tone::Code)
    }
}

/// What a case's migration did; none where no statement of one was run.
pub fn told(case: &CaseResult) -> Option<Told> {
    let log = case.log.migration.as_deref()?;
    if log.statements.is_empty() {
        return None;
    }
    let none = MigrationFigures::default();
    let figures = case.figures.migration.as_ref().unwrap_or(&none);
    let took = Micros(log.statements.iter().map(|trace| trace.duration.0).sum());
    let mut sections: Vec<Section> = wrong(case).into_iter().collect();
    sections.push(statements(&log.statements));
    if let Some(traffic) = &figures.traffic {
        sections.push(phases(traffic));
        sections.extend(failures(traffic));
        sections.extend(waits(traffic));
    }
    sections.extend(queries(&figures.queries));
    sections.extend(findings(
        case,
        "What the rules claimed",
        &["claim-confirmed", "claim-refuted", "claim-open"],
    ));
    sections.extend(findings(
        case,
        "What else it changed",
        &["schema-diff", "settings-diff", "data-diff"],
    ));
    let statements = plural(log.statements.len() as u64, "statement");
    Some(Told {
        title: case.log.case.to_string(),
        outcome: case.outcome,
        summary: format!("{statements} in {}, on a quiet copy", span(took)),
        sections,
    })
}

fn statements(traces: &[StatementTrace]) -> Section {
    use Stands::{Left, Right};
    let scope = |trace: &StatementTrace| match trace.scope {
        TransactionScope::Own => "its own",
        TransactionScope::Shared => "shared",
        TransactionScope::Outside => "none",
    };
    let rows = traces.iter().map(|trace| {
        let rewrites: Vec<String> = trace.rewrites.iter().map(ToString::to_string).collect();
        let tone = |count: u64| if count > 0 { Tone::Costly } else { Tone::Plain };
        vec![
            Cell::code(&trace.sql),
            Cell::plain(span(trace.duration)),
            Cell::plain(scope(trace)),
            locks(trace),
            Cell::new(list(&rewrites, "and"), Tone::Costly),
            Cell::new(read_whole(trace), Tone::Costly),
            Cell::plain(bytes(i64::try_from(trace.costs.wal).unwrap_or(i64::MAX))),
            Cell::new(
                thousands(trace.costs.dead_rows),
                tone(trace.costs.dead_rows),
            ),
            Cell::plain(bytes(trace.costs.disk_peak.max(trace.costs.disk))),
            match trace.lock_timeout.0 {
                0 => Cell::plain("none"),
                _ => Cell::plain(span(trace.lock_timeout)),
            },
        ]
    });
    Section {
        title: "Statements",
        says: String::new(),
        heads: vec![
            ("statement", Left),
            ("took", Right),
            ("transaction", Left),
            ("locks, and what they block", Left),
            ("written anew", Left),
            ("read whole", Left),
            ("WAL", Right),
            ("dead rows", Right),
            ("disk, at most", Right),
            ("lock_timeout", Right),
        ],
        rows: rows.collect(),
    }
}

fn locks(trace: &StatementTrace) -> Cell {
    if let Some(error) = &trace.error {
        return Cell::new(format!("failed: {}", error.message), Tone::Bad);
    }
    let strongest = strongest(trace);
    let blocks = |what| {
        let mut blocks = strongest.iter().flat_map(|lock| lock.mode.blocks());
        blocks.any(|use_| use_ == what)
    };
    let tone = match (blocks(TableUse::Reads), blocks(TableUse::Writes)) {
        (true, _) => Tone::Bad,
        (false, true) => Tone::Costly,
        (false, false) => Tone::Plain,
    };
    let mut words: Vec<String> = strongest.into_iter().map(lock_words).collect();
    if let LockSight::Sampled { looks } = trace.seen
        && !words.is_empty()
    {
        words.push(format!("sampled in {}", plural(u64::from(looks), "look")));
    }
    Cell::new(words.join("; "), tone)
}

fn phases(traffic: &TrafficFigure) -> Section {
    use Stands::{Left, Right};
    let rows = traffic.phases.iter().map(|phase| {
        let rate = phase.rate();
        vec![
            Cell::plain(&phase.phase),
            Cell::plain(span(phase.duration)),
            Cell::plain(thousands(phase.count)),
            Cell::plain(rate.map_or_else(
                || "-".to_owned(),
                |rate| format!("{}/s", thousands(rate.round() as u64)),
            )),
            Cell::plain(match phase.longest.0 {
                0 => "-".to_owned(),
                _ => span(phase.longest),
            }),
        ]
    });
    let lost = match &traffic.throughput {
        None => "too little went on to tell how much throughput it cost".to_owned(),
        Some(left) if !left.is_different() => {
            "no difference in throughput is shown while it ran".to_owned()
        }
        Some(left) => {
            let percent = |left: f64| format!("{:.0}%", 100.0 * (1.0 - left).max(0.0));
            match left.value < 1.0 {
                true => format!(
                    "{} of the throughput was lost while it ran, between {} and {}",
                    percent(left.value),
                    percent(left.high),
                    percent(left.low)
                ),
                false => "the clients did more while it ran".to_owned(),
            }
        }
    };
    Section {
        title: "Clients before, during and after",
        says: format!(
            "Beside the clients it took {}; {lost}; {} failed since it began.",
            span(traffic.duration),
            plural(traffic.failures, &traffic.unit)
        ),
        heads: vec![
            ("phase", Left),
            ("length", Right),
            (
                match traffic.unit.as_str() {
                    "transaction" => "transactions",
                    _ => "statements",
                },
                Right,
            ),
            ("rate", Right),
            ("the longest", Right),
        ],
        rows: rows.collect(),
    }
}

fn failures(traffic: &TrafficFigure) -> Option<Section> {
    use Stands::{Left, Right};
    let row = |failed: &FailureFigure| {
        let code = match failed.code.as_str() {
            "" => "a broken connection".to_owned(),
            code => format!("{} ({code})", condition_or_code(code)),
        };
        let since = span(failed.since);
        let sql = failed.statement.as_deref().unwrap_or_default();
        let first = match failed.first.as_str() {
            "during" => format!("{since} into {}", shortened(&one_line(sql), LONGEST)),
            "between" => format!("{since} after {}", shortened(&one_line(sql), LONGEST)),
            _ => format!("{since} after the migration"),
        };
        vec![
            Cell::plain(name(&failed.client, failed.step.as_deref())),
            Cell::new(code, Tone::Bad),
            Cell::plain(thousands(failed.count)),
            Cell::plain(thousands(failed.before)),
            Cell::plain(first),
            Cell::plain(shortened(&failed.message, LONGEST)),
        ]
    };
    (!traffic.failed.is_empty()).then(|| Section {
        title: "Statements that failed for users",
        says: String::new(),
        heads: vec![
            ("step", Left),
            ("error", Left),
            ("since it began", Right),
            ("before", Right),
            ("first", Left),
            ("message", Left),
        ],
        rows: traffic.failed.iter().map(row).collect(),
    })
}

fn waits(traffic: &TrafficFigure) -> Option<Section> {
    use Stands::{Left, Right};
    let mut waits: Vec<_> = traffic.waits.iter().collect();
    waits.sort_by_key(|wait| std::cmp::Reverse(wait.waited));
    let rows = waits.into_iter().take(MOST_WAITS).map(|wait| {
        let lock = wait.lock.as_ref().map(|lock| match &lock.relation {
            Some(relation) => format!("{} on {relation}", lock.mode),
            None => format!("{}, {}", lock.mode, lock.kind),
        });
        vec![
            Cell::plain(name(&wait.client, wait.step.as_deref())),
            Cell::plain(lock.unwrap_or_default()),
            Cell::new(span(wait.waited), Tone::Costly),
        ]
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    (!rows.is_empty()).then(|| Section {
        title: "Who waited for it",
        says: format!(
            "{} were seen, at most {} at a time; the longest of each:",
            plural(traffic.wait_count, "wait"),
            thousands(traffic.queue)
        ),
        heads: vec![("who", Left), ("for", Left), ("waited", Right)],
        rows,
    })
}

fn queries(queries: &[QueryFigure]) -> Option<Section> {
    use Stands::{Left, Right};
    let time = |cost: &CostFigure| cost.time.map(span);
    let row = |query: &QueryFigure| {
        let both = |of: &dyn Fn(&CostFigure) -> Option<String>| {
            let [before, after] =
                [&query.before, &query.after].map(|cost| of(cost).unwrap_or_else(|| "-".into()));
            Cell::plain(match before == after {
                true => before,
                false => format!("{before} → {after}"),
            })
        };
        vec![
            Cell::new(&query.query, Tone::Code),
            both(&time),
            difference(query.times.as_ref()),
            both(&|cost| cost.buffers.map(thousands)),
            both(&|cost| {
                let wal = i64::try_from(cost.wal?).unwrap_or(i64::MAX);
                Some(bytes(wal))
            }),
        ]
    };
    (!queries.is_empty()).then(|| Section {
        title: "Queries before and after",
        says: String::new(),
        heads: vec![
            ("query", Left),
            ("time, median", Right),
            ("difference, with 99% confidence", Left),
            ("buffers", Right),
            ("WAL", Right),
        ],
        rows: queries.iter().map(row).collect(),
    })
}

fn difference(times: Option<&RatioFigure>) -> Cell {
    let Some(ratio) = times else {
        return Cell::plain("too few repetitions to tell");
    };
    let between = format!("{:.2}x to {:.2}x", ratio.low, ratio.high);
    match (ratio.is_different(), ratio.value > 1.0) {
        (false, _) => Cell::plain(format!("none shown ({between})")),
        (true, true) => Cell::new(
            format!("{:.2}x as long ({between})", ratio.value),
            Tone::Bad,
        ),
        (true, false) => Cell::new(
            format!("{:.2}x as long ({between})", ratio.value),
            Tone::Good,
        ),
    }
}

/// What is wrong with the case, the worst first.
fn wrong(case: &CaseResult) -> Option<Section> {
    let bad = case.bad_findings();
    let rows: Vec<Vec<Cell>> = bad
        .map(|finding| {
            vec![
                Cell::new(&finding.code, Tone::Bad),
                Cell::plain(&finding.primary),
                Cell::plain(finding.detail.clone().unwrap_or_default()),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| Section {
        title: "What did not hold",
        says: String::new(),
        heads: vec![
            ("code", Stands::Left),
            ("what", Stands::Left),
            ("facts", Stands::Left),
        ],
        rows,
    })
}

/// The notes with these codes.
fn findings(case: &CaseResult, title: &'static str, codes: &[&str]) -> Option<Section> {
    let found = case.findings.iter();
    let found = found.filter(|finding| codes.contains(&finding.code.as_str()));
    let rows: Vec<Vec<Cell>> = found
        .map(|finding| {
            let tone = match finding.code.as_str() {
                "claim-confirmed" => Tone::Costly,
                "claim-refuted" => Tone::Good,
                _ => Tone::Plain,
            };
            vec![
                Cell::new(&finding.primary, tone),
                Cell::plain(finding.detail.clone().unwrap_or_default()),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| Section {
        title,
        says: String::new(),
        heads: vec![("what", Stands::Left), ("facts", Stands::Left)],
        rows,
    })
}

fn name(client: &str, step: Option<&str>) -> String {
    match step {
        Some(step) => format!("{client}.{step}"),
        None => client.to_owned(),
    }
}

fn span(span: Micros) -> String {
    format_duration(span.duration())
}
