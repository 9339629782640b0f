//! A case from a scenario's YAML.

use crate::{
    schedule::{Case, PlanOptions, plan},
    source::SourceFile,
    spec::load_unchecked,
};
use std::sync::Arc;

/// The only case of a scenario, read and planned as a run does, though its names need not lead anywhere.
pub(crate) fn case(yaml: &str) -> Case {
    let file = SourceFile::new("scenarios/case.yaml", yaml);
    let loaded = load_unchecked(file).unwrap_or_else(|wrong| panic!("{wrong}"));
    let mut plan = plan(&[Arc::new(loaded)], &PlanOptions::default())
        .unwrap_or_else(|wrong| panic!("{wrong}"));
    Arc::into_inner(plan.cases.remove(0)).unwrap()
}
