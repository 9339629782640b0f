//! Did a commit take back instead what was to stay? The server answers COMMIT with ROLLBACK where an earlier error
//! has broken the transaction. It fails nothing, and a tester should know of it.

use super::{context::Context, finding::Finding};
use crate::{record::Reply, schedule::StepWork, spec::client::Control};

/// The notes on commits that were answered with a rollback; one for each step.
pub(super) fn judge(context: &Context<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for run in &context.trace.runs {
        let Some(step) = context.step(run.client, run.step) else {
            continue;
        };
        let answer = context.trace.own_reply(run).and_then(Reply::last);
        let taken_back = answer.is_some_and(|result| result.command == "ROLLBACK");
        if !matches!(step.work, StepWork::Control(Control::Commit)) || !taken_back {
            continue;
        }
        let name = format!("{}.{}", run.client, run.step);
        let primary = format!(
            "step \"{name}\" was answered with ROLLBACK: the transaction had failed before"
        );
        let note = Finding::note("rolled-back", primary)
            .at(context.place(&step.path))
            .hint("if that is meant, say rollback; if not, the client has to begin again")
            .events(run.completed.map(|(moment, _)| moment.seq));
        if !findings.iter().any(|known| known.primary == note.primary) {
            findings.push(note);
        }
    }
    findings
}
