//! Plans in a review: a table for each query.

use super::{
    ComparedPlan,
    line::{HEADS, cells, sign, title},
};

/// Two plans of each query, laid over each other.
pub fn markdown(compared: &[ComparedPlan<'_>]) -> String {
    compared.iter().map(one).collect()
}

fn one(plan: &ComparedPlan<'_>) -> String {
    let mut out = format!("### {}: {}\n\n", plain(plan.diff.query), plan.summary());
    out.push_str(&format!(
        "{} → {}\n\n",
        plain(&plan.before),
        plain(&plan.after)
    ));
    if let Some(root) = &plan.diff.root {
        out.push_str(&format!(
            "| | node | {} |\n|---|---|---:|---:|---:|---:|\n",
            HEADS.join(" | ")
        ));
        for (depth, node) in root.lines() {
            let indent = "&nbsp;&nbsp;".repeat(depth);
            let cells = cells(node).map(|cell| plain(&cell)).join(" | ");
            let sign = sign(node.change());
            out.push_str(&format!(
                "| {sign} | {indent}{} | {cells} |\n",
                plain(&title(node))
            ));
        }
        out.push('\n');
    }
    let why = plan.why();
    if !why.is_empty() {
        out.push_str("What the planner goes by and that is not as it was:\n\n");
        out.extend(why.iter().map(|reason| format!("- {}\n", plain(reason))));
        out.push('\n');
    }
    out
}

/// Text that is neither markup nor the end of a cell.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '#' => {
                out.push('\\');
                out.push(character);
            }
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}
