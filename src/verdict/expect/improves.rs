//! `improves`: does a watched statement need less after the migration?

use super::never_migrated;
use crate::{
    spec::expect::ImprovesExpectation,
    verdict::{context::Context, finding::Finding},
};

/// The findings of this expectation.
pub fn judge(
    pointer: &str,
    _expected: &ImprovesExpectation,
    context: &Context<'_>,
) -> Vec<Finding> {
    vec![never_migrated(context, &format!("{pointer}/improves"))]
}
