//! What may stand in XML, HTML and Markdown? Text of any origin, without what no parser reads and what would be markup.

/// The text without terminal escapes and with everything that XML 1.0 forbids written as `\u{1}`
/// (production `Char`); `]]>` is broken up, since it would end a CDATA section.
pub fn for_xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some(escape) = terminal_escape(rest) {
            rest = &rest[escape..];
            continue;
        }
        rest = &rest[character.len_utf8()..];
        match character {
            '\r' if rest.starts_with('\n') => {}
            '>' if out.ends_with("]]") => out.push_str(" >"),
            '\t' | '\n' => out.push(character),
            '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..
                if character != '\u{7f}' =>
            {
                out.push(character);
            }
            forbidden => out.extend(forbidden.escape_unicode()),
        }
    }
    out
}

/// The same on one line, for attributes, where readers turn line breaks into spaces anyhow.
pub fn for_attribute(text: &str) -> String {
    let clean = for_xml(text);
    let lines: Vec<&str> = clean.split(['\n', '\t']).map(str::trim_end).collect();
    lines.join(" ")
}

/// The text on a page of HTML, between tags or in an attribute.
pub fn for_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

/// The text in Markdown: neither markup nor the end of a cell.
pub fn for_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '#' => {
                out.push('\\');
                out.push(character);
            }
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

/// The length of the colour or cursor sequence (`ESC [ … letter`) that the text begins with.
fn terminal_escape(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|c: char| !matches!(c, '0'..='9' | ';' | '?'))?;
    parameters[end..]
        .starts_with(|c: char| c.is_ascii_alphabetic())
        .then_some("\u{1b}[".len() + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forbidden_characters_are_written_out_and_colours_dropped() {
        assert_eq!(
            for_xml("a\0b\u{1}\u{1b}[1;31mred\u{1b}[0m\u{1b}"),
            "a\\u{0}b\\u{1}red\\u{1b}"
        );
        assert_eq!(for_xml("a ]]> b ]]]]>>"), "a ]] > b ]]]] >>");
        assert_eq!(
            for_xml("one\r\ntwo\tthree\u{fffe}"),
            "one\ntwo\tthree\\u{fffe}"
        );
        assert_eq!(for_attribute("one \n  two"), "one   two");
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_from_cdata(text in any::<String>()) {
            let clean = for_xml(&text);
            prop_assert!(!clean.contains("]]>"));
            let xml = format!("<a><![CDATA[{clean}]]></a>");
            let mut reader = quick_xml::Reader::from_str(&xml);
            let mut read = String::new();
            loop {
                match reader.read_event().unwrap() {
                    quick_xml::events::Event::CData(data) => read.push_str(&String::from_utf8_lossy(&data)),
                    quick_xml::events::Event::Eof => break,
                    _ => {}
                }
            }
            prop_assert_eq!(read, clean);
        }
    }
}
