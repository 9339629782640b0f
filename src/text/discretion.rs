//! What must the program itself never show? Secrets that it came to know are kept back from everything that it writes to a
//! terminal, panics included.
//!
//! One place for the whole process: a panic has no settings at hand.

use super::Redactor;
use std::panic::PanicHookInfo;
use std::sync::{PoisonError, RwLock};

static KNOWN: RwLock<Redactor> = RwLock::new(Redactor::new());

/// From now on these are not shown any more.
pub fn keep_secret(secrets: &Redactor) {
    KNOWN
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .join(secrets);
}

/// A text as it may be shown.
pub fn discreet(text: &str) -> String {
    KNOWN
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .redact(text)
}

/// What a panic may say.
pub fn told_by(panic: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("unnamed");
    discreet(&format!("\nthread '{name}' {panic}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_anywhere_is_kept_back_everywhere() {
        let mut secrets = Redactor::new();
        secrets.learn("canary-of-discretion");
        keep_secret(&secrets);
        assert_eq!(discreet("a canary-of-discretion sings"), "a *** sings");
    }
}
