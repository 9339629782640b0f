//! How much of a text is told? As much as a person reads; the whole of it stands in the JSON.

use super::thousands;
use std::borrow::Cow;

/// The longest line that is told whole, in characters: a page of a terminal holds about three of them.
const LONGEST_LINE: usize = 2_000;

/// The most lines of one text.
const MOST_LINES: usize = 300;

/// The text if it has at most so many characters; of a longer one its beginning, how many are left out, and its end,
/// where the point of a sentence often is.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    // Bytes are quicker to count, and never fewer.
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let count = text.chars().count();
    if count <= most {
        return Cow::Borrowed(text);
    }
    let at = |nth: usize| {
        text.char_indices()
            .nth(nth)
            .map_or(text.len(), |(at, _)| at)
    };
    let end = most / 4;
    let (head, tail) = (at(most - end), at(count - end));
    let left_out = thousands((count - most) as u64);
    let (head, tail) = (&text[..head], &text[tail..]);
    Cow::Owned(format!("{head}… {left_out} characters …{tail}"))
}

/// The text with long lines shortened, and without lines beyond the most; each time it says how much is left out.
pub fn shortened_lines(text: &str) -> String {
    let count = text.lines().count();
    if text.len() <= LONGEST_LINE && count <= MOST_LINES {
        return text.to_owned();
    }
    let lines = text.lines().take(MOST_LINES);
    let mut lines: Vec<Cow<'_, str>> = lines.map(|line| shortened(line, LONGEST_LINE)).collect();
    if count > MOST_LINES {
        let left_out = thousands((count - MOST_LINES) as u64);
        lines.push(Cow::Owned(format!("… {left_out} more lines")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_reads_stays_as_it_is() {
        for text in ["", "a\nb\n", &"é".repeat(LONGEST_LINE)] {
            assert_eq!(shortened_lines(text), text);
        }
        assert_eq!(shortened("éé", 2), "éé");
    }

    #[test]
    fn of_a_long_text_the_ends_are_told_and_how_much_is_left_out() {
        assert_eq!(shortened("0123456789", 8), "012345… 2 characters …89");
        let text = format!("returned <{}>, expected <1>", "é".repeat(5_000_000));
        let told = shortened_lines(&text);
        assert!(told.starts_with("returned <ééé"), "{told}");
        assert!(told.contains("… 4,998,025 characters …"), "{told}");
        assert!(told.ends_with("ééé>, expected <1>"), "{told}");
        assert_eq!(told.lines().count(), 1);
    }

    #[test]
    fn of_many_lines_the_first_are_told() {
        let told = shortened_lines(&"x\n".repeat(MOST_LINES + 7_000));
        assert_eq!(told.lines().count(), MOST_LINES + 1);
        assert!(told.ends_with("\n… 7,000 more lines"));
    }
}
