//! What would have helped, proven on a copy of the database.

use super::{
    context::{Context, segment},
    finding::Finding,
};
use crate::{
    record::{ProvenIndex, WriteCost},
    text::{format_duration, plural, quantity::ByteSize, thousands},
};

/// A note for each index that helped.
pub(super) fn judge(context: &Context<'_>) -> Vec<Finding> {
    let proven = context.log.advice.iter();
    proven.map(|index| note(index, context)).collect()
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
