//! What would have helped, proven on a copy of the database.

use super::{
    context::{Context, segment},
    finding::Finding,
    sender::{name, place},
};
use crate::{
    record::{ProvenIndex, ProvenRewrite, RewriteForm, StatementOf, WriteCost},
    text::{format_duration, plural, quantity::ByteSize, thousands},
};

/// A note for each index that helped, and for each statement that did what many had done.
pub(super) fn judge(context: &Context<'_>) -> Vec<Finding> {
    let indexes = context.log.advice.iter();
    let rewrites = context.log.rewrites.iter();
    indexes
        .map(|index| note(index, context))
        .chain(rewrites.filter_map(|rewrite| rewritten(rewrite, context)))
        .collect()
}

fn rewritten(proven: &ProvenRewrite, context: &Context<'_>) -> Option<Finding> {
    let (best, others) = proven.instead.split_first()?;
    let by = match best.form {
        RewriteForm::Join => "a join",
        RewriteForm::Array => "a list of all values",
    };
    let primary = format!(
        "{by} needs {} instead of {} for what {} asks, and reads {} instead of {}",
        plural(best.after.round_trips, "round trip"),
        thousands(proven.before.round_trips),
        name(&proven.sender),
        plural(best.after.buffers, "buffer"),
        thousands(proven.before.buffers)
    );
    let time = |span: crate::record::Micros| format_duration(span.duration());
    let rows = match proven.rows {
        0 => "neither gives a row".to_owned(),
        1 => "the row is the same".to_owned(),
        rows => format!("all {} are the same", plural(rows, "row")),
    };
    let detail = format!(
        "{} instead of {}, without a network between; {rows}",
        time(best.after.time),
        time(proven.before.time)
    );
    let finding = Finding::note("proven-rewrite", primary)
        .at(place(&proven.sender, context))
        .detail(detail)
        .events(proven.sender.event)
        .hint(format!("{};", best.sql));
    Some(others.iter().fold(finding, |finding, other| {
        let trips = plural(other.after.round_trips, "round trip");
        let buffers = plural(other.after.buffers, "buffer");
        let took = time(other.after.time);
        finding.hint(format!(
            "or, with {trips}, {buffers} and {took}: {};",
            other.sql
        ))
    }))
}

fn note(index: &ProvenIndex, context: &Context<'_>) -> Finding {
    let (before, after) = (index.before, index.after);
    let (who, stands, event) = match &index.of {
        StatementOf::Query(name) => {
            let stands = context.place(format!("/queries/{}", segment(name)));
            (format!("query \"{name}\""), Some(stands), None)
        }
        StatementOf::Sent(sender) => (name(sender), place(sender, context), sender.event),
    };
    let primary = format!(
        "an index makes {who} read {} instead of {}",
        plural(after.buffers, "buffer"),
        thousands(before.buffers)
    );
    let time = |span: crate::record::Micros| format_duration(span.duration());
    let mut facts = vec![
        format!(
            "execution {} instead of {}",
            time(after.execution),
            time(before.execution)
        ),
        format!("the index takes {}", ByteSize(index.bytes)),
    ];
    facts.extend(index.write.map(written));
    if let StatementOf::Sent(sender) = &index.of {
        let times = plural(sender.times, "time");
        facts.push(match sender.by_hook {
            true => format!("sent {times}: {}", index.asked.trim()),
            false => format!("sent {times}"),
        });
    }
    Finding::note("proven-index", primary)
        .at(stands)
        .events(event)
        .detail(facts.join("\n"))
        .hint(format!("{};", index.sql))
}

fn written(cost: WriteCost) -> String {
    format!(
        "an UPDATE of {} writes {} to the log instead of {}, and touches {} instead of {}",
        plural(cost.rows, "row"),
        plural(cost.wal_after, "byte"),
        thousands(cost.wal_before),
        plural(cost.buffers_after, "page"),
        thousands(cost.buffers_before)
    )
}
