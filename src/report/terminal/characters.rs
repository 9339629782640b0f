//! Which characters can this terminal show? Where the locale is not UTF-8, everything is told in ASCII.

use std::{borrow::Cow, sync::OnceLock};

/// The characters that may be written to standard output and standard error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Characters {
    /// All.
    #[default]
    Unicode,
    /// Those of every terminal since 1963.
    Ascii,
}

/// Standard output and standard error belong to the whole program, and so does what they can show.
static CHOSEN: OnceLock<Characters> = OnceLock::new();

impl Characters {
    /// What a locale can show, from the values of LC_ALL, LC_CTYPE and LANG, of which the first that says something
    /// counts. Where none does, as in most containers, the log is read elsewhere, and elsewhere is UTF-8.
    pub fn of_locale<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let locale = values.into_iter().find(|value| !value.is_empty());
        let utf8 = |locale: &str| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        };
        match locale {
            Some(locale) if !utf8(locale) => Self::Ascii,
            Some(_) | None => Self::Unicode,
        }
    }

    /// Makes this the choice for the rest of the program; the first choice counts.
    pub fn choose(self) {
        // A second choice is made by nobody but tests, which do not look.
        let _ = CHOSEN.set(self);
    }

    /// What was chosen.
    pub fn chosen() -> Self {
        CHOSEN.get().copied().unwrap_or_default()
    }

    /// The text in these characters: signs that have an ASCII form in that, others as `\u{1f600}`.
    pub fn spell(self, text: &str) -> Cow<'_, str> {
        if self == Self::Unicode || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                ascii if ascii.is_ascii() => out.push(ascii),
                '…' => out.push_str("..."),
                '→' => out.push_str("->"),
                '–' | '—' | '‐' | '−' => out.push('-'),
                '‘' | '’' => out.push('\''),
                '“' | '”' => out.push('"'),
                '×' => out.push('x'),
                '·' => out.push('*'),
                'µ' | 'μ' => out.push('u'),
                '\u{a0}' => out.push(' '),
                other => out.extend(other.escape_unicode()),
            }
        }
        Cow::Owned(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_of_the_locale_that_says_something_counts() {
        let of = Characters::of_locale;
        assert_eq!(of(["", "", "de_DE.UTF-8"]), Characters::Unicode);
        assert_eq!(of(["C.utf8", "POSIX", ""]), Characters::Unicode);
        assert_eq!(of(["C", "en_US.UTF-8", ""]), Characters::Ascii);
        assert_eq!(of(["", "", "de_DE.ISO-8859-1"]), Characters::Ascii);
        assert_eq!(of(["", "", ""]), Characters::Unicode);
    }

    #[test]
    fn signs_are_spelled_and_data_is_not_lost() {
        let text = "a … b → 3 × „жук“ 😀";
        assert_eq!(Characters::Unicode.spell(text), text);
        assert_eq!(
            Characters::Ascii.spell(text),
            "a ... b -> 3 x \\u{201e}\\u{436}\\u{443}\\u{43a}\" \\u{1f600}"
        );
    }
}
