//! How do columns of text line up? Widths are counted in characters, which is right for what pgauge prints:
//! names, numbers and units.

/// The side of its column on which a cell's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Names and prose.
    Left,
    /// Numbers.
    Right,
}

/// One line per row, every column as wide as its widest cell, two spaces between columns, nothing after the
/// last visible character. A column beyond `sides` stands left.
pub fn align_columns(rows: &[Vec<String>], sides: &[Side]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    rows.iter()
        .map(|row| {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                if column > 0 {
                    line.push_str("  ");
                }
                // `format!` pads to 65,535 at most.
                let blanks = " ".repeat(widths[column] - cell.chars().count());
                let parts = match sides.get(column).copied().unwrap_or(Side::Left) {
                    Side::Left => [cell, blanks.as_str()],
                    Side::Right => [blanks.as_str(), cell],
                };
                line.extend(parts);
            }
            line.truncate(line.trim_end().len());
            line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_may_be_of_any_width() {
        let wide = "x".repeat(100_000);
        let rows = [
            vec![wide, "a".to_owned()],
            vec!["y".to_owned(), "b".to_owned()],
        ];
        let lines = align_columns(&rows, &[]);
        assert_eq!(lines[0].len(), lines[1].len());
    }

    #[test]
    fn numbers_stand_right_and_names_left_without_trailing_space() {
        let rows = [
            vec![
                "shopper.pick".to_owned(),
                "4 ms".to_owned(),
                "p50".to_owned(),
            ],
            vec!["µ".to_owned(), "120 µs".to_owned(), String::new()],
        ];
        let lines = align_columns(&rows, &[Side::Left, Side::Right]);
        assert_eq!(lines, ["shopper.pick    4 ms  p50", "µ             120 µs"]);
    }
}
