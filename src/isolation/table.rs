//! How does a table of results look in text? As libpq's `PQprint` draws it: `|` between columns, a line of
//! `-` and `+` under their names, `(N rows)` and an empty line at its end.
//!
//! Each value is padded to its column's width in bytes, also the last one. So a drawn table can be cut by
//! widths, whatever its values contain. What the drawing cannot tell: NULL from an empty value, and blanks
//! at that end of a value at which it is padded.

/// Column names and rows, all as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`; NULL is the empty text.
    pub rows: Vec<Vec<String>>,
}

/// Where two tables differ first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableDifference {
    /// The names of the columns.
    Columns,
    /// A value.
    Value {
        /// Which row, from 0.
        row: usize,
        /// Which column, from 0.
        column: usize,
    },
    /// One has rows behind the last row of the other.
    RowCount,
}

impl Table {
    /// Where this table first differs from another one; blanks at both ends of a value do not count, as
    /// text cannot show them.
    pub fn difference(&self, other: &Self) -> Option<TableDifference> {
        if !same_values(&self.columns, &other.columns) {
            return Some(TableDifference::Columns);
        }
        for (row, (ours, theirs)) in self.rows.iter().zip(&other.rows).enumerate() {
            let unequal = |(a, b): (&String, &String)| a.trim() != b.trim();
            if let Some(column) = ours.iter().zip(theirs).position(unequal) {
                return Some(TableDifference::Value { row, column });
            }
        }
        (self.rows.len() != other.rows.len()).then_some(TableDifference::RowCount)
    }

    /// Draws the table; nothing where it has no columns.
    pub fn draw(&self, out: &mut String) {
        if self.columns.is_empty() {
            return;
        }
        let sides: Vec<Side> = (0..self.columns.len())
            .map(|column| Side::of(self.column(column)))
            .collect();
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| {
                let longest = self.column(column).map(str::len).max().unwrap_or(0);
                longest.max(self.columns[column].len())
            })
            .collect();
        draw_row(&self.columns, &sides, &widths, out);
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        out.push_str(&rule.join("+"));
        out.push('\n');
        for row in &self.rows {
            draw_row(row, &sides, &widths, out);
        }
        let plural = if self.rows.len() == 1 { "" } else { "s" };
        out.push_str(&format!("({} row{plural})\n\n", self.rows.len()));
    }

    fn column(&self, column: usize) -> impl Iterator<Item = &str> {
        self.rows
            .iter()
            .filter_map(move |row| row.get(column).map(String::as_str))
    }

    /// Reads a table from the start of a text; with it, how many bytes it takes. None where no table
    /// stands there. Values are cut by the widths of the columns, without their padding.
    pub fn read(text: &str) -> Option<(Self, usize)> {
        let widths = drawn_widths(text)?;
        let mut reader = RowReader { text, at: 0 };
        let columns = reader.row(&widths)?;
        reader.line()?;
        let mut rows = Vec::new();
        while !reader.ends_after(rows.len()) {
            rows.push(reader.row(&widths)?);
        }
        let mut table = Self { columns, rows };
        table.remove_padding(&widths);
        Some((table, reader.at))
    }

    fn remove_padding(&mut self, widths: &[usize]) {
        for (column, width) in widths.iter().enumerate() {
            let stands_left = self.columns[column].ends_with(' ');
            let side = match Side::of(self.column(column).map(str::trim)) {
                // Only a blank at the end of a value makes a column of numbers stand left.
                Side::Right if stands_left => Side::Left,
                side => side,
            };
            let name = self.columns[column].trim().to_owned();
            self.columns[column] = name;
            for value in self.rows.iter_mut().filter_map(|row| row.get_mut(column)) {
                let kept = match side {
                    Side::Left => value.trim_end_matches(' '),
                    Side::Right => value.trim_start_matches(' '),
                };
                *value = kept.to_owned();
            }
            self.keep_width(column, *width, side);
        }
    }

    /// Where a column was drawn wider than what is left of its values, one of them had blanks at its padded
    /// end. Which one cannot be told; the first one gets them, so that the table is drawn as it was.
    fn keep_width(&mut self, column: usize, width: usize, side: Side) {
        let longest = self.column(column).map(str::len).max().unwrap_or(0);
        if longest.max(self.columns[column].len()) >= width {
            return;
        }
        let mut values = self.rows.iter_mut().filter_map(|row| row.get_mut(column));
        if let Some(value) = values.find(|value| !value.is_empty()) {
            let blanks = " ".repeat(width - value.len());
            *value = match side {
                Side::Left => format!("{value}{blanks}"),
                Side::Right => format!("{blanks}{value}"),
            };
        }
    }

    /// Reads a table whose lines were tampered with after drawing (blanks removed at the end of lines, the
    /// rule cut to one length), as some test suites do: line by line, values cut at `|`.
    pub fn read_loosely(text: &str) -> Option<(Self, usize)> {
        drawn_widths(text)?;
        let mut reader = RowReader { text, at: 0 };
        let cut = |line: &str| -> Vec<String> {
            line.split('|')
                .map(|value| value.trim().to_owned())
                .collect()
        };
        let columns = cut(reader.line()?);
        reader.line()?;
        let mut rows: Vec<Vec<String>> = Vec::new();
        loop {
            if reader.ends_after(rows.len()) {
                return Some((Self { columns, rows }, reader.at));
            }
            let row = cut(reader.line()?);
            if row.len() != columns.len() {
                return None;
            }
            rows.push(row);
        }
    }
}

fn same_values(ours: &[String], theirs: &[String]) -> bool {
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| a.trim() == b.trim())
}

/// On which side of its column a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

impl Side {
    /// The side of a column with these values: right where all that are not empty look like numbers, by the
    /// rule of `PQprint`: digits, `.`, `E`, `e`, blanks and `-` only, no `E` first, a digit last.
    fn of<'a>(mut values: impl Iterator<Item = &'a str>) -> Self {
        let like_number = |value: &str| {
            let belongs = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'E' | 'e' | ' ' | '-');
            value.chars().all(belongs)
                && !value.starts_with(['E', 'e'])
                && value.ends_with(|c: char| c.is_ascii_digit())
        };
        if values.all(|value| value.is_empty() || like_number(value)) {
            Self::Right
        } else {
            Self::Left
        }
    }
}

fn draw_row(values: &[String], sides: &[Side], widths: &[usize], out: &mut String) {
    for (column, (side, width)) in sides.iter().zip(widths).enumerate() {
        if column > 0 {
            out.push('|');
        }
        let value = values.get(column).map_or("", String::as_str);
        // Widths are in bytes, as C's printf counts them.
        let padding = " ".repeat(width.saturating_sub(value.len()));
        match side {
            Side::Left => out.push_str(&format!("{value}{padding}")),
            Side::Right => out.push_str(&format!("{padding}{value}")),
        }
    }
    out.push('\n');
}

/// The widths of the columns by the rule under their names, if the second line of a text is one.
fn drawn_widths(text: &str) -> Option<Vec<usize>> {
    let rule = text.lines().nth(1)?.trim_end();
    let is_rule = rule.starts_with('-') && rule.bytes().all(|byte| matches!(byte, b'-' | b'+'));
    is_rule.then(|| rule.split('+').map(str::len).collect())
}

struct RowReader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> RowReader<'a> {
    /// The values of a row that is as wide as its columns; none where it is not.
    fn row(&mut self, widths: &[usize]) -> Option<Vec<String>> {
        let mut at = self.at;
        let mut values = Vec::with_capacity(widths.len());
        for (column, width) in widths.iter().enumerate() {
            if column > 0 {
                at = self.skip(at, "|")?;
            }
            values.push(self.text.get(at..at + width)?.to_owned());
            at += width;
        }
        self.at = self.skip(at, "\n")?;
        Some(values)
    }

    fn skip(&self, at: usize, sign: &str) -> Option<usize> {
        self.text
            .get(at..)?
            .starts_with(sign)
            .then_some(at + sign.len())
    }

    /// The rest of the line, without its end.
    fn line(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let line = rest.lines().next()?;
        self.at += rest.find('\n').map_or(rest.len(), |end| end + 1);
        Some(line)
    }

    /// Whether the table ends here with this number of rows; if so, steps behind its end.
    fn ends_after(&mut self, rows: usize) -> bool {
        let plural = if rows == 1 { "" } else { "s" };
        let last = format!("({rows} row{plural})");
        let Some(rest) = self.text.get(self.at..) else {
            return false;
        };
        if rest.lines().next().map(str::trim_end) != Some(last.as_str()) {
            return false;
        }
        self.line();
        let rest = &self.text[self.at..];
        // The empty line belongs to the table, unless it was lost at the end of the file.
        self.at += usize::from(rest.starts_with('\n'));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(columns: &[&str], rows: &[&[&str]]) -> Table {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Table {
            columns: owned(columns),
            rows: rows.iter().map(|row| owned(row)).collect(),
        }
    }

    fn drawn(table: &Table) -> String {
        let mut out = String::new();
        table.draw(&mut out);
        out
    }

    #[test]
    fn numbers_stand_right_with_their_name_and_all_else_left() {
        let numbers = table(&["id", "note"], &[&["1", "x"], &["-20.5", ""]]);
        assert_eq!(
            drawn(&numbers),
            "   id|note\n-----+----\n    1|x   \n-20.5|    \n(2 rows)\n\n"
        );
        assert_eq!(drawn(&table(&["a"], &[&["t"]])), "a\n-\nt\n(1 row)\n\n");
        assert_eq!(
            drawn(&table(&["a"], &[&["1e"], &["22"]])),
            "a \n--\n1e\n22\n(2 rows)\n\n"
        );
        assert_eq!(drawn(&Table::default()), "");
    }

    #[test]
    fn values_with_line_breaks_bars_and_the_look_of_an_end_are_read_back() {
        let odd = table(
            &["a", "b"],
            &[
                &["one\ntwo", "x|y"],
                &["(1 row)", "é"],
                &["", "(2 rows)\n\n"],
            ],
        );
        let text = drawn(&odd);
        assert_eq!(Table::read(&text), Some((odd, text.len())));
    }

    #[test]
    fn an_indented_text_keeps_its_indentation() {
        let plan = table(&["QUERY PLAN"], &[&["Join"], &["  ->  Scan on a"]]);
        let text = drawn(&plan);
        assert_eq!(Table::read(&text), Some((plan, text.len())));
    }

    #[test]
    fn a_value_that_ends_in_blanks_is_drawn_again_as_it_was() {
        for odd in [
            table(&["t"], &[&["b"], &["a  "]]),
            table(&["t"], &[&["1 "]]),
        ] {
            let text = drawn(&odd);
            let (read, _) = Table::read(&text).unwrap();
            assert_eq!(drawn(&read), text);
            assert_eq!(read.difference(&odd), None);
        }
    }

    #[test]
    fn a_table_whose_lines_were_cut_short_is_read_line_by_line() {
        let text = "id|note\n------------\n 1|x\n 2|\n(2 rows)\n\nmore";
        assert_eq!(Table::read(text), None);
        let (read, length) = Table::read_loosely(text).unwrap();
        assert_eq!(read, table(&["id", "note"], &[&["1", "x"], &["2", ""]]));
        assert_eq!(&text[length..], "more");
    }

    #[test]
    fn the_first_difference_is_named_and_blanks_do_not_count() {
        let one = table(&["a", "b"], &[&["1", "2"], &["3", "4"]]);
        let mut other = table(&["a", "b"], &[&["1", " 2 "], &["3", "5"]]);
        assert_eq!(
            one.difference(&other),
            Some(TableDifference::Value { row: 1, column: 1 })
        );
        other.rows.pop();
        assert_eq!(one.difference(&other), Some(TableDifference::RowCount));
        other.columns.pop();
        assert_eq!(one.difference(&other), Some(TableDifference::Columns));
    }

    proptest! {
        #[test]
        fn whatever_is_drawn_is_read_back(
            columns in proptest::collection::vec("[a-z?][a-z_|é]{0,4}", 1..4),
            values in proptest::collection::vec("([!-~é](.|\n){0,5}[!-~é])?", 0..24),
        ) {
            let rows = values.chunks_exact(columns.len()).map(<[String]>::to_vec).collect();
            let table = Table { columns, rows };
            let text = drawn(&table);
            prop_assert_eq!(Table::read(&text), Some((table, text.len())));
        }
    }
}
