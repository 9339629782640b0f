//! What did clients ask that is worth trying again on a copy? One statement for each row of an earlier result, and the
//! reads, one of each fingerprint.

use super::{
    Repetitions,
    texts::Texts,
    trace::{Message, Trace},
};
use crate::{
    record::{Event, Lookups, Observed, ObservedRead, SentStatement},
    schedule::Case,
};
use std::collections::HashSet;

/// Looks through the events of a case.
pub fn observed(case: &Case, events: &[Event]) -> Observed {
    let trace = Trace::of_events(case, events);
    let texts = Texts::default();
    let lookups: Vec<Lookups> = Repetitions::lookups(&trace, &texts);
    let mut known = HashSet::new();
    let answered = trace.messages.iter().filter(|message| {
        let reply = message.reply();
        reply.is_some_and(|reply| reply.error.is_none())
    });
    let reads = answered.filter(|message| {
        let text = texts.read(message.sql);
        text.is_read() && known.insert((&message.client.script, text.fingerprint.id.clone()))
    });
    let reads = reads.map(|message| {
        let run = message.run.and_then(|run| trace.run(run));
        ObservedRead {
            client: message.client.clone(),
            step: run.map(|run| run.step.to_owned()),
            event: message.sent.seq,
            sent: as_sent(message),
        }
    });
    Observed {
        reads: reads.collect(),
        lookups,
    }
}

/// A message, apart from when and by whom.
pub(super) fn as_sent(message: &Message<'_>) -> SentStatement {
    SentStatement {
        sql: message.sql.to_owned(),
        params: message.params.to_vec(),
    }
}
