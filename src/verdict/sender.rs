//! Who sent a statement, in words, and where that stands in the author's files.

use super::{context::Context, expect::n_plus_one, finding::FindingPlace};
use crate::{record::Sender, schedule::ClientPlan};

/// `step "page.list"`, `the hook of step "page.list"`, `a hook of the scenario`.
pub(super) fn name(sender: &Sender) -> String {
    match &sender.step {
        Some(step) if sender.by_hook => format!("the hook of step \"{}.{step}\"", sender.client),
        step => n_plus_one::sender(&sender.client, step.as_deref()),
    }
}

/// The step, or the client whose hook it was; the only hook of the scenario itself.
pub(super) fn place(sender: &Sender, context: &Context<'_>) -> Option<FindingPlace> {
    if let Some(step) = &sender.step {
        let plan = context.step(&sender.client, step)?;
        return Some(context.place(&plan.path));
    }
    if sender.client != ClientPlan::own_session().id {
        return Some(context.place(&context.client(&sender.client)?.path));
    }
    match (&context.case.before, &context.case.after) {
        (Some(_), None) => Some(context.place("/before")),
        (None, Some(_)) => Some(context.place("/after")),
        (Some(_), Some(_)) | (None, None) => None,
    }
}
