//! `migration`: what it did while it ran: locks, rewrites, time, and what it left.

use super::never_migrated;
use crate::{
    spec::expect::MigrationExpectation,
    verdict::{context::Context, finding::Finding},
};

/// The findings of this expectation.
pub fn judge(
    pointer: &str,
    _expected: &MigrationExpectation,
    context: &Context<'_>,
) -> Vec<Finding> {
    vec![never_migrated(context, &format!("{pointer}/migration"))]
}
