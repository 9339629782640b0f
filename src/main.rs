//! The `pgauge` program.

fn main() {}
