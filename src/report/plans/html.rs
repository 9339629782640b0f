//! Plans on a page of their own: one file, nothing loaded from elsewhere.

use super::{
    ComparedPlan,
    line::{HEADS, cells, title},
};
use crate::{measure::plans::NodeChange, report::clean::for_html};

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
        for_html(plan.diff.query),
        plan.summary(),
        for_html(&plan.before),
        for_html(&plan.after)
    );
    if let Some(root) = &plan.diff.root {
        let heads: String = HEADS.iter().map(|head| format!("<th>{head}")).collect();
        out.push_str(&format!(
            "<div class=\"wide\"><table>\n<tr><th>node{heads}\n"
        ));
        for (depth, node) in root.lines() {
            let cells: String = cells(node)
                .iter()
                .map(|cell| format!("<td>{}", for_html(cell)))
                .collect();
            out.push_str(&format!(
                "<tr class=\"{}\"><td style=\"--depth: {depth}\">{}{cells}\n",
                class(node.change()),
                for_html(&title(node)),
            ));
        }
        out.push_str("</table></div>\n");
    }
    let why = plan.why();
    if !why.is_empty() {
        let items: String = why
            .iter()
            .map(|reason| format!("<li>{}\n", for_html(reason)))
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
