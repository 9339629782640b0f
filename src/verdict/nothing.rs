//! Would a green mean anything? A case in which nothing was expected passes whatever happens. What is said of a step that the
//! order leaves out is not expected, nor what hooks around a script would say where an order goes through it step by step.

use super::{context::Context, finding::Finding};
use crate::{
    schedule::{ClientPlan, HookPlan, LaunchPlan, StepWork},
    spec::client::{Statement, Step},
};

/// The finding of a case in which nothing was expected.
pub(super) fn judge(context: &Context<'_>) -> Option<Finding> {
    if something_was_expected(context) {
        return None;
    }
    let primary = "nothing was expected, so that nothing could fail";
    let hint =
        "add \"expect\", or say at a step what it returns: rows, row_count, affected or error";
    Some(
        Finding::vacuous("nothing-expected", primary)
            .at(context.place("/name"))
            .hint(hint),
    )
}

fn something_was_expected(context: &Context<'_>) -> bool {
    let case = context.case;
    let order = case.order.as_deref().unwrap_or_default();
    let own_hooks = case.before.iter().chain(&case.after);
    !case.expect.is_empty()
        || order.iter().any(says_something)
        || own_hooks.into_iter().any(may_fail)
        || case
            .clients
            .iter()
            .enumerate()
            .any(|(client, plan)| expects_something(context, client, plan))
        || case.queries.iter().any(|query| query.budget.is_some())
        || case
            .migration
            .as_ref()
            .is_some_and(|plan| !plan.down.is_empty() || !case.queries.is_empty())
}

fn says_something(launch: &LaunchPlan) -> bool {
    launch.options.says_something()
}

fn may_fail(hook: &HookPlan) -> bool {
    hook.hook.may_fail()
}

fn expects_something(context: &Context<'_>, client: usize, plan: &ClientPlan) -> bool {
    let case = context.case;
    let order = case.order.as_deref();
    let is_taken = |step: usize| {
        let launches = |order: &[LaunchPlan]| {
            order
                .iter()
                .any(|launch| (launch.client, launch.step) == (client, step))
        };
        order.is_none_or(launches)
    };
    let hooks = plan.steps.iter().enumerate();
    let hooks = hooks.filter_map(|(number, step)| is_taken(number).then_some(step));
    let hooks = hooks.flat_map(|step| match &step.work {
        StepWork::Control(_) => [None, None],
        StepWork::Statement(statement) => [statement.before.as_ref(), statement.after.as_ref()],
    });
    let is_stepped = order.is_some() || case.explore.is_some();
    let own = match is_stepped && plan.retry.is_none() {
        true => [None, None],
        false => [plan.before.as_ref(), plan.after.as_ref()],
    };
    let says = |statement: &Statement| {
        statement.rows.is_some()
            || statement.row_count.is_some()
            || statement.affected.is_some()
            || statement.error.is_some()
    };
    let author = context.case.scenario.clients.get(&plan.id.script);
    let steps = author.iter().flat_map(|client| &client.steps);
    let mut steps = steps
        .enumerate()
        .filter_map(|(number, step)| is_taken(number).then_some(step));
    hooks.chain(own).flatten().any(may_fail)
        || steps.any(|step| match step {
            Step::Control(_) => false,
            Step::Statement(statement) => says(statement),
        })
}
