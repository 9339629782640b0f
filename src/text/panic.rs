//! What does a panic say, and how does the rest go on?

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// The words that a panic carried.
pub fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

/// Does work that only reads; where it panics, what the panic said. What it was about to make is lost with it, so
/// that nobody sees half of it.
///
/// # Errors
///
/// The words of the panic.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| panic_message(payload.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_panic_are_kept() {
        assert_eq!(guarded(|| 1), Ok(1));
        let index = [0; 3].len();
        let said = guarded(|| [0; 3][index..][0]).unwrap_err();
        assert!(said.contains("out of bounds"), "{said}");
        assert_eq!(guarded::<()>(|| panic!("gone")), Err("gone".to_owned()));
    }
}
