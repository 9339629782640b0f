//! A case from a scenario's YAML.

use crate::{
    schedule::{Case, PlanOptions, plan},
    source::SourceFile,
    spec::load_file,
};
use std::sync::Arc;

/// The only case of a scenario, read and planned as a run does.
pub(crate) fn case(yaml: &str) -> Case {
    let file = SourceFile::new("scenarios/case.yaml", yaml);
    let loaded = load_file(file).unwrap_or_else(|wrong| panic!("{wrong}"));
    let mut plan = plan(&[Arc::new(loaded)], &PlanOptions::default())
        .unwrap_or_else(|wrong| panic!("{wrong}"));
    Arc::into_inner(plan.cases.remove(0)).unwrap()
}
