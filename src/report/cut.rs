//! How much of a text is told? As much as a person reads; the whole of it stands in the JSON.

use crate::source::Diagnostic;

/// The longest line that is told whole, in characters: a page of a terminal holds about three of them.
const LONGEST_LINE: usize = 2_000;

/// What is left of a longer one: its beginning, and its end, where the point of a sentence often is.
const BEGINNING: usize = 600;
const END: usize = 200;

/// The most lines of one text.
const MOST_LINES: usize = 300;

/// The text with long lines cut in their middle, and without lines beyond the most; each time it says how much is left
/// out.
pub fn cut(text: &str) -> String {
    let count = text.lines().count();
    if text.len() <= LONGEST_LINE && count <= MOST_LINES {
        return text.to_owned();
    }
    let mut lines: Vec<String> = text.lines().take(MOST_LINES).map(line).collect();
    if count > MOST_LINES {
        lines.push(format!("… {} more lines", count - MOST_LINES));
    }
    lines.join("\n")
}

fn line(line: &str) -> String {
    // Bytes are quicker to count, and never fewer.
    if line.len() <= LONGEST_LINE {
        return line.to_owned();
    }
    let count = line.chars().count();
    if count <= LONGEST_LINE {
        return line.to_owned();
    }
    let at = |nth: usize| {
        line.char_indices()
            .nth(nth)
            .map_or(line.len(), |(at, _)| at)
    };
    let (head, tail) = (at(BEGINNING), at(count - END));
    let left_out = count - BEGINNING - END;
    format!(
        "{}… {left_out} characters …{}",
        &line[..head],
        &line[tail..]
    )
}

/// The message with each of its texts cut.
pub fn cut_diagnostic(diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic {
        primary: cut(&diagnostic.primary),
        label: diagnostic.label.as_deref().map(cut),
        detail: diagnostic.detail.as_deref().map(cut),
        hints: diagnostic.hints.iter().map(|hint| cut(hint)).collect(),
        ..diagnostic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_reads_stays_as_it_is() {
        for text in ["", "a\nb\n", &"é".repeat(LONGEST_LINE)] {
            assert_eq!(cut(text), text);
        }
    }

    #[test]
    fn a_long_line_keeps_its_ends_and_says_what_is_left_out() {
        let text = format!("returned <{}>, expected <1>", "é".repeat(5_000_000));
        let told = cut(&text);
        assert!(told.starts_with("returned <ééé"), "{told}");
        assert!(told.ends_with("ééé>, expected <1>"), "{told}");
        assert!(
            told.contains(&format!("… {} characters …", text.chars().count() - 800)),
            "{told}"
        );
        assert_eq!(told.lines().count(), 1);
        assert!(told.chars().count() < LONGEST_LINE);
    }

    #[test]
    fn of_many_lines_the_first_are_told() {
        let told = cut(&"x\n".repeat(MOST_LINES + 7));
        assert_eq!(told.lines().count(), MOST_LINES + 1);
        assert!(told.ends_with("\n… 7 more lines"));
    }
}
