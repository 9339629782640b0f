//! Plans on a terminal.

use super::{
    ComparedPlan,
    line::{HEADS, cells, sign, title},
};
use crate::{
    measure::plans::{self, DiffNode, NodeChange},
    record::{CapturedPlan, PlanOutcome},
    report::style::{Paint, shown},
    source::Color,
    text::{Side, align_columns, format_duration, list, plural},
};

/// Two plans of each query, laid over each other.
pub fn text(compared: &[ComparedPlan<'_>], color: Color) -> String {
    compared.iter().map(|plan| one(plan, color)).collect()
}

fn one(plan: &ComparedPlan<'_>, color: Color) -> String {
    let head = format!("{}: {}", shown(plan.diff.query), plan.summary());
    let mut out = format!("{}\n", Paint::Bold.on(&head, color));
    let from_to = format!("  {} → {}", shown(&plan.before), shown(&plan.after));
    out.push_str(&format!("{}\n", Paint::Dim.on(&from_to, color)));
    match &plan.diff.root {
        Some(root) => out.push_str(&tree(root, color)),
        None => {
            for (when, captured) in [("before", plan.diff.before), ("after", plan.diff.after)] {
                out.push_str(&format!("  {when}: {}\n", without_tree(captured)));
            }
        }
    }
    let why = plan.why();
    if !why.is_empty() {
        out.push_str("  what the planner goes by and that is not as it was:\n");
        out.extend(why.iter().map(|reason| format!("    {}\n", shown(reason))));
    }
    out.push('\n');
    out
}

fn tree(root: &DiffNode<'_>, color: Color) -> String {
    let lines = root.lines();
    let mut table = vec![row(String::new(), HEADS.map(str::to_owned))];
    for (depth, node) in &lines {
        let indent = "  ".repeat(*depth);
        let head = format!("{} {indent}{}", sign(node.change()), shown(&title(node)));
        table.push(row(head, cells(node)));
    }
    let sides = [
        Side::Left,
        Side::Right,
        Side::Right,
        Side::Right,
        Side::Right,
    ];
    let aligned = align_columns(&table, &sides);
    let paints = lines.iter().map(|(_, node)| paint(node.change()));
    let paints = std::iter::once(Paint::Dim).chain(paints);
    aligned
        .iter()
        .zip(paints)
        .map(|(line, paint)| format!("  {}\n", paint.on(line, color)))
        .collect()
}

fn row(head: String, cells: [String; 4]) -> Vec<String> {
    std::iter::once(head).chain(cells).collect()
}

fn paint(change: NodeChange) -> Paint {
    match change {
        NodeChange::Same => Paint::Plain,
        NodeChange::Changed => Paint::Yellow,
        NodeChange::Added => Paint::Green,
        NodeChange::Removed => Paint::Red,
    }
}

fn without_tree(captured: &CapturedPlan) -> String {
    match &captured.outcome {
        PlanOutcome::Measured(plan) => plan.explained.root.title(),
        PlanOutcome::NoPlan => "the server makes no plan for it".to_owned(),
        PlanOutcome::Refused { error } => format!("refused: {}", shown(&error.message)),
    }
}

/// One captured plan, with what it took.
pub fn shown_plan(captured: &CapturedPlan, color: Color) -> String {
    let mut out = format!("{}\n", Paint::Bold.on(&shown(&captured.query), color));
    let Some(plan) = captured.measured() else {
        out.push_str(&format!("  {}\n\n", without_tree(captured)));
        return out;
    };
    let explained = &plan.explained;
    let times = [
        ("planning", explained.planning),
        ("execution", explained.execution),
    ];
    let times: Vec<String> = times
        .iter()
        .filter_map(|(what, time)| Some(format!("{what} {}", format_duration((*time)?.duration()))))
        .collect();
    let steady = match plan.steady {
        true => "the last two agree",
        false => "no two in a row agree",
    };
    let executions = plural(u64::from(plan.executions), "execution");
    let facts = format!("  {}; {executions}, {steady}", list(&times, "and"));
    out.push_str(&format!("{}\n", Paint::Dim.on(&facts, color)));
    for line in plans::tree(&explained.root, &[]).lines() {
        out.push_str(&format!(
            "  {}\n",
            shown(line.strip_prefix("   ").unwrap_or(line))
        ));
    }
    for trigger in &explained.triggers {
        let calls = plural(trigger.calls, "call");
        out.push_str(&format!("  trigger {}: {calls}\n", shown(&trigger.name)));
    }
    out.push('\n');
    out
}
