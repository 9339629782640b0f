//! How long does the server plan the statements of a load? Where its own statistics do not count that, as a rule, each
//! statement is explained a few times when the load is over, without being executed.

use super::{
    link::{Answer, AnswerEnd, ArgumentBuffer, Dialer, Link, LoadStatement, Rows},
    script::Traffic,
};
use crate::{
    record::{LoadLog, Micros, ServerError, Value},
    sql::{self, StatementKind},
};
use serde_json::Value as Json;
use std::sync::Arc;

/// How often each statement is planned; the median is told, since the first time fills the session's caches.
const ROUNDS: usize = 3;

/// Adds to each step how long its statement is planned. What cannot be explained is left out.
pub(super) async fn tell<D: Dialer>(traffic: &Traffic, dialers: &[D], log: &mut LoadLog) {
    for (script, tally) in traffic.scripts.iter().zip(&mut log.clients) {
        let Ok(mut link) = dialers[script.kind].dial().await else {
            continue;
        };
        for (step, tally) in script.steps.iter().zip(&mut tally.steps) {
            let parameters = step.arguments.len();
            let planned = spans(&mut link, &step.statement.sql, parameters).await;
            // A connection that is gone tells nothing of the other statements either.
            let Ok(spans) = planned else { break };
            tally.planning = spans;
        }
    }
}

/// The median span of planning one statement; none where it is not planned.
async fn spans<L: Link>(
    link: &mut L,
    text: &str,
    parameters: usize,
) -> Result<Option<Micros>, ServerError> {
    match sql::kind(text) {
        StatementKind::Read | StatementKind::LockingRead | StatementKind::Write => {}
        StatementKind::Transaction(_) | StatementKind::Ddl | StatementKind::Other => {
            return Ok(None);
        }
    }
    let text = text.trim().trim_end_matches(';');
    let values = vec!["NULL"; parameters].join(", ");
    let values = if parameters == 0 {
        values
    } else {
        format!("({values})")
    };
    let mut spans = Vec::new();
    for _ in 0..ROUNDS {
        // Without values the plan is that for any values, which is the one that is looked for.
        let prepare =
            format!("SET plan_cache_mode = force_generic_plan; PREPARE pgauge_plan AS {text}");
        let prepared = said(link, &prepare).await?.is_some();
        let explain =
            format!("EXPLAIN (SUMMARY, COSTS OFF, FORMAT JSON) EXECUTE pgauge_plan{values}");
        let explained = match prepared {
            true => said(link, &explain).await?,
            false => None,
        };
        spans.extend(explained.as_ref().and_then(planning));
        if prepared {
            said(link, "DEALLOCATE pgauge_plan").await?;
        }
    }
    spans.sort_unstable();
    Ok(spans.get(spans.len() / 2).copied())
}

/// The answer to a text; none where the server refused it. Its `$1` are the server's to read: as NULL they would make
/// another plan, and often one that needs no planning at all.
async fn said<L: Link>(link: &mut L, text: &str) -> Result<Option<Answer>, ServerError> {
    let statement = LoadStatement {
        rows: Rows::Kept,
        ..LoadStatement::plain(text)
    };
    link.push(&statement, &ArgumentBuffer::default());
    let mut answers = Vec::new();
    link.exchange(&mut answers).await?;
    let answer = answers.pop();
    Ok(answer.filter(|answer| answer.end == AnswerEnd::Done))
}

/// What a plan in JSON says of its planning.
fn planning(answer: &Answer) -> Option<Micros> {
    let result = answer.result.as_ref().map(Arc::as_ref)?;
    let text = result.rows.first()?.first().and_then(Value::to_text)?;
    let plan: Json = serde_json::from_str(&text).ok()?;
    let millis = plan.get(0)?.get("Planning Time")?.as_f64()?;
    Some(Micros((millis * 1000.0).round() as u64))
}
