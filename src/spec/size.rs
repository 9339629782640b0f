//! How much may a few lines of YAML ask for? Variants times orders times sessions times steps, and shared lists that
//! use each other, multiply; what no machine could hold is refused before it is made.

use super::{
    LoadedScenario, Scenario,
    client::Step,
    tree::{Part, TEXT_OF_A_VALUE, Tree},
};
use crate::{
    source::{Diagnostic, Place},
    text::thousands,
};
use serde_json::Value as Json;

/// The most values that all variants of a file may come to, each laid over the whole scenario.
pub const MAX_VARIANT_VALUES: u64 = 500_000;

/// The most steps that all cases of a file may come to: the steps of each script times its sessions, in every variant
/// and every order.
pub const MAX_STEPS: u64 = 500_000;

/// Every so many bytes of SQL count as one step more.
pub const TEXT_OF_A_STEP: u64 = 128;

/// The most items that a seed may come to, shared lists unfolded.
pub const MAX_SEED_ITEMS: u64 = 10_000;

/// The deepest chain of shared lists of seed items that use each other.
pub const MAX_CHAIN: usize = 64;

/// Whether the variants of a document can all be made.
pub(super) fn variants(document: &Json, tree: &Tree) -> Result<(), Diagnostic> {
    let Json::Object(keys) = document else {
        return Ok(());
    };
    let Some(Json::Object(overlays)) = keys.get("variants") else {
        return Ok(());
    };
    let base: u64 = keys
        .iter()
        .filter(|(key, _)| *key != "variants")
        .map(|(_, value)| 1 + values(value))
        .sum();
    let own: u64 = overlays.values().map(values).sum();
    let count = base.saturating_mul(overlays.len() as u64) + own;
    if count <= MAX_VARIANT_VALUES {
        return Ok(());
    }
    let primary = format!(
        "the variants come to {} values, and at most {} are read",
        thousands(count),
        thousands(MAX_VARIANT_VALUES)
    );
    Err(Diagnostic::error("too-many-values", primary)
        .at(tree.locate_pointer("/variants", Part::Key))
        .detail("each variant is the whole scenario with the variant laid over it")
        .hint("write several scenario files"))
}

/// The values of a document, each key another one, and a long text several.
pub(super) fn values(value: &Json) -> u64 {
    match value {
        Json::Array(items) => 1 + items.iter().map(values).sum::<u64>(),
        Json::Object(keys) => 1 + keys.values().map(|value| 1 + values(value)).sum::<u64>(),
        Json::String(text) => 1 + text.len() as u64 / TEXT_OF_A_VALUE,
        Json::Null | Json::Bool(_) | Json::Number(_) => 1,
    }
}

/// Whether the cases of a file can all be planned.
pub(super) fn cases(loaded: &LoadedScenario) -> Result<(), Diagnostic> {
    let mut count: u64 = 0;
    for (variant, scenario) in &loaded.variants {
        let orders = scenario.cases_of_orders() as u64;
        count = count.saturating_add(orders.saturating_mul(steps(scenario)));
        if count > MAX_STEPS {
            let primary = format!(
                "the cases of this file come to more than {} steps",
                thousands(MAX_STEPS)
            );
            let block = match scenario.cases_of_orders() {
                0 | 1 => "/clients",
                _ => "/orders",
            };
            return Err(Diagnostic::error("too-many-values", primary)
                .at(loaded.key_place(variant.as_deref(), block))
                .detail("counted are the steps of each script times its sessions, in every variant and order; long SQL as several")
                .hint("give clients a lower \"count\", or write several scenario files"));
        }
    }
    Ok(())
}

/// The steps of all sessions of a scenario.
fn steps(scenario: &Scenario) -> u64 {
    let clients = scenario.clients.values();
    let of_each = clients.map(|client| {
        let sessions = u64::from(client.count.unwrap_or(1));
        let script = client.steps.iter().map(weight).fold(0, u64::saturating_add);
        sessions.saturating_mul(script)
    });
    of_each.fold(0, u64::saturating_add)
}

/// As how many steps one counts: each session has its text, and that is looked at in every case.
fn weight(step: &Step) -> u64 {
    match step {
        Step::Control(_) => 1,
        Step::Statement(step) => 1 + step.sql.len() as u64 / TEXT_OF_A_STEP,
    }
}

/// Whether a seed of so many items can be carried out; `place` is where it stands.
pub(super) fn seed(items: u64, place: impl FnOnce() -> Place) -> Result<(), Diagnostic> {
    if items <= MAX_SEED_ITEMS {
        return Ok(());
    }
    let primary = format!(
        "the seed comes to more than {} items",
        thousands(MAX_SEED_ITEMS)
    );
    Err(Diagnostic::error("too-many-values", primary)
        .at(place())
        .detail("the items of shared lists count as often as the lists are used")
        .hint("put the statements into an SQL file, and name it with \"file\""))
}

/// Whether a list may be used by a chain of so many files.
pub(super) fn chain(files: usize, named_at: &Place) -> Result<(), Diagnostic> {
    if files <= MAX_CHAIN {
        return Ok(());
    }
    let primary = format!("shared lists use each other more than {MAX_CHAIN} deep");
    Err(Diagnostic::error("too-deep", primary).at(named_at.clone()))
}
