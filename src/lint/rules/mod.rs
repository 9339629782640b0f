//! The rules, one per file, in the order in which they are told.

mod concurrently_in_transaction;
mod constraint_validated_at_once;
mod drop_in_use;
mod duplicate_index;
mod identifier_overflow;
mod index_not_concurrent;
mod invalid_index;
mod missing_primary_key;
mod money_in_float;
mod no_lock_timeout;
mod not_null_at_once;
mod redundant_index;
mod rename;
mod repeated_columns;
mod text_for_everything;
mod timestamp_without_zone;
mod type_change;
mod unanalyzed_table;
mod unindexed_filter;
mod unindexed_foreign_key;
mod unique_constraint_at_once;
mod unused_index;
mod volatile_default;

use super::Rule;

/// All rules.
pub static RULES: &[&Rule] = &[
    &unindexed_foreign_key::RULE,
    &missing_primary_key::RULE,
    &duplicate_index::RULE,
    &redundant_index::RULE,
    &invalid_index::RULE,
    &unused_index::RULE,
    &unindexed_filter::RULE,
    &repeated_columns::RULE,
    &money_in_float::RULE,
    &timestamp_without_zone::RULE,
    &text_for_everything::RULE,
    &identifier_overflow::RULE,
    &unanalyzed_table::RULE,
    &index_not_concurrent::RULE,
    &concurrently_in_transaction::RULE,
    &constraint_validated_at_once::RULE,
    &unique_constraint_at_once::RULE,
    &not_null_at_once::RULE,
    &type_change::RULE,
    &volatile_default::RULE,
    &rename::RULE,
    &drop_in_use::RULE,
    &no_lock_timeout::RULE,
];

/// The rule with this code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.code == code)
}

/// The words of a name, in lower case: `totalPrice` and `total_price` are `total` and `price`.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for character in name.chars() {
        let humps = character.is_uppercase() && before.is_lowercase();
        if (!character.is_alphanumeric() || humps) && !words.last().is_some_and(String::is_empty) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(words_of("total_price"), ["total", "price"]);
        assert_eq!(words_of("totalPrice"), ["total", "price"]);
        assert_eq!(words_of("Is_paid2"), ["is", "paid2"]);
    }

    #[test]
    fn codes_are_unique_and_the_files_are_named_after_them() {
        let mut codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), RULES.len());
    }
}
