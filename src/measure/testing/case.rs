//! A case from a scenario's YAML.

use crate::{
    schedule::{Case, PlanOptions, plan},
    source::SourceFile,
    spec::load_unchecked,
};
use std::sync::Arc;

/// The only case of a scenario, read and planned as a run does, though its names need not lead anywhere.
pub(crate) fn case(yaml: &str) -> Case {
    case_with(yaml, &PlanOptions::default())
}

/// The only case of a scenario, planned with these options.
pub(crate) fn case_with(yaml: &str, options: &PlanOptions) -> Case {
    let file = SourceFile::new("scenarios/case.yaml", yaml);
    let loaded = load_unchecked(file).unwrap_or_else(|wrong| panic!("{wrong}"));
    let mut plan = plan(&[Arc::new(loaded)], options).unwrap_or_else(|wrong| panic!("{wrong}"));
    Arc::into_inner(plan.cases.remove(0)).unwrap()
}
