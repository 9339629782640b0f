//! Which lines of two texts are the same? The longest common subsequence, for texts of a page or two.

/// The lines of both texts: those of the first only begin with `- `, those of the second only with `+ `, the others
/// with two blanks.
pub fn line_diff(before: &str, after: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    // common[i][j]: how many lines the rests from i and from j have in common.
    let mut common = vec![vec![0_usize; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            common[i][j] = match before[i] == after[j] {
                true => 1 + common[i + 1][j + 1],
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            out.push(format!("  {}", before[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == after.len() || (i < before.len() && common[i + 1][j] >= common[i][j + 1]) {
            out.push(format!("- {}", before[i]));
            i += 1;
        } else {
            out.push(format!("+ {}", after[j]));
            j += 1;
        }
    }
    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_have_stands_between_what_one_has() {
        assert_eq!(
            line_diff("Limit\n  Sort\n    Seq Scan", "Limit\n  Index Scan"),
            "  Limit\n-   Sort\n-     Seq Scan\n+   Index Scan"
        );
        assert_eq!(line_diff("", "a"), "+ a");
        assert_eq!(line_diff("a\nb", "a\nb"), "  a\n  b");
    }
}
