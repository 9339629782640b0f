//! Files that say what a text must be. `BLESS=1 cargo test` writes what it is now; read the difference in git
//! before you commit it.

use std::fs;
use std::path::Path;

/// Compares a text with its golden file, or accepts it; the difference, if there is one.
pub fn compare(file: &Path, actual: &str) -> Result<(), String> {
    let expected = fs::read_to_string(file).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(file, actual).map_err(|error| error.to_string())?;
        return Ok(());
    }
    Err(format!(
        "{} is not as it was (accept it with BLESS=1)\n{}",
        file.display(),
        difference(&expected, actual)
    ))
}

/// The lines from the first to the last that differ.
fn difference(expected: &str, actual: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let head = old.iter().zip(&new).take_while(same).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = tail.take_while(same).count();
    let mut out = format!("from line {}:\n", head + 1);
    for line in &old[head..old.len() - tail] {
        out.push_str(&format!("- {line}\n"));
    }
    for line in &new[head..new.len() - tail] {
        out.push_str(&format!("+ {line}\n"));
    }
    out
}
