//! Plans on a page of their own: one file, nothing loaded from elsewhere.

use super::{
    ComparedPlan,
    line::{HEADS, cells, title},
};
use crate::measure::plans::NodeChange;

const STYLE: &str = include_str!("plans.css");

const LEGEND: &str = "<p class=\"legend\"><span class=\"changed\">done in another way</span> \
    <span class=\"added\">in the second plan only</span> <span class=\"removed\">in the first plan only</span></p>\n";

/// Two plans of each query, laid over each other.
pub fn page(compared: &[ComparedPlan<'_>]) -> String {
    let sections: String = compared.iter().map(section).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Plans</title>\n<style>\n{STYLE}</style>\n\
         <h1>Plans</h1>\n{LEGEND}{sections}</html>\n"
    )
}

fn section(plan: &ComparedPlan<'_>) -> String {
    let mut out = format!(
        "<section>\n<h2>{}: {}</h2>\n<p>{} → {}</p>\n",
        escaped(plan.diff.query),
        plan.summary(),
        escaped(&plan.before),
        escaped(&plan.after)
    );
    if let Some(root) = &plan.diff.root {
        let heads: String = HEADS.iter().map(|head| format!("<th>{head}")).collect();
        out.push_str(&format!(
            "<div class=\"wide\"><table>\n<tr><th>node{heads}\n"
        ));
        for (depth, node) in root.lines() {
            let cells: String = cells(node)
                .iter()
                .map(|cell| format!("<td>{}", escaped(cell)))
                .collect();
            out.push_str(&format!(
                "<tr class=\"{}\"><td style=\"--depth: {depth}\">{}{cells}\n",
                class(node.change()),
                escaped(&title(node)),
            ));
        }
        out.push_str("</table></div>\n");
    }
    let why = plan.why();
    if !why.is_empty() {
        let items: String = why
            .iter()
            .map(|reason| format!("<li>{}\n", escaped(reason)))
            .collect();
        out.push_str(&format!(
            "<p>What the planner goes by and that is not as it was:\n<ul>\n{items}</ul>\n"
        ));
    }
    out.push_str("</section>\n");
    out
}

fn class(change: NodeChange) -> &'static str {
    match change {
        NodeChange::Same => "same",
        NodeChange::Changed => "changed",
        NodeChange::Added => "added",
        NodeChange::Removed => "removed",
    }
}

/// The one gate for text of any origin.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}
