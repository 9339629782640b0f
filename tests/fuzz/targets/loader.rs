//! Any bytes as a scenario file.
#![no_main]

#[path = "../drive.rs"]
#[allow(dead_code, reason = "each target drives one of them")]
mod drive;

libfuzzer_sys::fuzz_target!(|data: &[u8]| drive::loader(data));
