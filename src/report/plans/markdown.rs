//! Plans in a review: a table for each query.

use super::{
    ComparedPlan,
    line::{HEADS, cells, sign, title},
};
use crate::report::clean::for_markdown;

/// Two plans of each query, laid over each other.
pub fn markdown(compared: &[ComparedPlan<'_>]) -> String {
    compared.iter().map(one).collect()
}

fn one(plan: &ComparedPlan<'_>) -> String {
    let mut out = format!(
        "### {}: {}\n\n",
        for_markdown(plan.diff.query),
        plan.summary()
    );
    out.push_str(&format!(
        "{} → {}\n\n",
        for_markdown(&plan.before),
        for_markdown(&plan.after)
    ));
    if let Some(root) = &plan.diff.root {
        out.push_str(&format!(
            "| | node | {} |\n|---|---|---:|---:|---:|---:|\n",
            HEADS.join(" | ")
        ));
        for (depth, node) in root.lines() {
            let indent = "&nbsp;&nbsp;".repeat(depth);
            let cells = cells(node).map(|cell| for_markdown(&cell)).join(" | ");
            let sign = sign(node.change());
            out.push_str(&format!(
                "| {sign} | {indent}{} | {cells} |\n",
                for_markdown(&title(node))
            ));
        }
        out.push('\n');
    }
    let why = plan.why();
    if !why.is_empty() {
        out.push_str("What the planner goes by and that is not as it was:\n\n");
        out.extend(
            why.iter()
                .map(|reason| format!("- {}\n", for_markdown(reason))),
        );
        out.push('\n');
    }
    out
}
