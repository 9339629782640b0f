//! How are plans told? One after the other, or two laid over each other: as text, Markdown, or a page of HTML.

mod html;
mod line;
mod markdown;
mod text;

pub use html::page;
pub use markdown::markdown;
pub use text::{shown_plan, text};

use crate::measure::plans::{PlanDiff, Reason};

/// Two plans of a query and what is known about why they differ.
#[derive(Debug, Clone)]
pub struct ComparedPlan<'a> {
    /// The case and the point that the first plan is of.
    pub before: String,
    /// The case and the point that the second plan is of.
    pub after: String,
    /// The plans laid over each other.
    pub diff: PlanDiff<'a>,
    /// What the planner goes by and that is not as it was.
    pub reasons: Vec<Reason>,
}

impl ComparedPlan<'_> {
    /// Whether the plans have another shape.
    pub fn changed(&self) -> bool {
        !self
            .diff
            .root
            .as_ref()
            .is_some_and(|root| root.same_shape())
    }

    /// What is said of why: a plan of the same shape needs no reason.
    fn why(&self) -> Vec<String> {
        if self.reasons.is_empty() && self.changed() {
            return vec![
                "nothing that the planner goes by is known to be different: samples of ANALYZE differ each time"
                    .to_owned(),
            ];
        }
        self.reasons.iter().map(ToString::to_string).collect()
    }

    /// What became of the query, in few words.
    fn summary(&self) -> &'static str {
        match (&self.diff.root, self.changed()) {
            (None, _) => "no plan to compare",
            (Some(_), true) => "another plan",
            (Some(_), false) => "the same plan",
        }
    }
}
