//! `compatible`: can two versions of an application live with the migration?

use super::never_migrated;
use crate::{
    spec::expect::CompatibleExpectation,
    verdict::{context::Context, finding::Finding},
};

/// The findings of this expectation.
pub fn judge(
    pointer: &str,
    _expected: &CompatibleExpectation,
    context: &Context<'_>,
) -> Vec<Finding> {
    vec![never_migrated(context, &format!("{pointer}/compatible"))]
}
