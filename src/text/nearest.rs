//! Which known word did the author mean?

/// The candidate closest to `word`, if one is close enough to be a typing mistake: at most one edit in every
/// three characters (Damerau–Levenshtein, letter case ignored). Of equally close ones the first is taken.
pub fn nearest<'a, S>(word: &str, candidates: impl IntoIterator<Item = &'a S>) -> Option<&'a str>
where
    S: AsRef<str> + ?Sized + 'a,
{
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&word, &candidate.as_ref().to_lowercase());
            (distance, candidate.as_ref())
        })
        // One edit away from a word of one character is every other character.
        .filter(|(distance, candidate)| {
            *distance <= allowed && *distance < candidate.chars().count()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The hint for an unknown word: `did you mean "debit"?` if a known word is near, else the known words in their
/// given order (`known are "debit" and "credit"`), or nothing if there are none.
pub fn did_you_mean<'a, S>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a S>,
) -> Option<String>
where
    S: AsRef<str> + ?Sized + 'a,
{
    let candidates: Vec<&str> = candidates.into_iter().map(AsRef::as_ref).collect();
    if let Some(found) = nearest(word, candidates.iter().copied()) {
        return Some(format!("did you mean \"{found}\"?"));
    }
    let quoted: Vec<String> = candidates
        .iter()
        .map(|word| format!("\"{word}\""))
        .collect();
    match quoted.len() {
        0 => None,
        1 => Some(format!("the only one known is {}", quoted[0])),
        _ => Some(format!("known are {}", super::list(&quoted, "and"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_finds_its_word() {
        assert_eq!(
            nearest("clinets", ["clients", "order", "expect"]),
            Some("clients")
        );
        assert_eq!(nearest("SQL", ["sql", "step"]), Some("sql"));
        assert_eq!(nearest("sqll", ["sql", "step"]), Some("sql"));
    }

    #[test]
    fn a_different_word_finds_nothing() {
        assert_eq!(nearest("tables", ["clients", "order"]), None);
        assert_eq!(nearest("a", ["b"]), None);
        assert_eq!(nearest("x", [] as [&str; 0]), None);
    }

    #[test]
    fn owned_candidates_work_too() {
        let known = vec!["debit".to_owned(), "credit".to_owned()];
        assert_eq!(nearest("debti", &known), Some("debit"));
    }

    #[test]
    fn the_hint_names_the_near_word_or_all_known_ones() {
        let known = ["debit", "credit"];
        assert_eq!(
            did_you_mean("debti", known).as_deref(),
            Some("did you mean \"debit\"?")
        );
        assert_eq!(
            did_you_mean("zzz", known).as_deref(),
            Some("known are \"debit\" and \"credit\"")
        );
        assert_eq!(did_you_mean("zzz", [] as [&str; 0]), None);
    }
}
