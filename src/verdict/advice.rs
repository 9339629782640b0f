//! What would have helped, proven on a copy of the database.

use super::{
    context::{Context, segment},
    expect::n_plus_one::sender,
    finding::Finding,
};
use crate::{
    record::{ProvenIndex, ProvenRewrite, RewriteForm, WriteCost},
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
        sender(&proven.client, proven.step.as_deref()),
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
    let place = proven
        .step
        .as_deref()
        .and_then(|step| context.step(&proven.client, step));
    let finding = Finding::note("proven-rewrite", primary)
        .at(place.map(|plan| context.place(&plan.path)))
        .detail(detail)
        .events([proven.event])
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
    let primary = format!(
        "an index makes query \"{}\" read {} instead of {}",
        index.query,
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
    Finding::note("proven-index", primary)
        .at(context.place(format!("/queries/{}", segment(&index.query))))
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
