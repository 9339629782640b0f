//! What do the events amount to? Latency, waits, deadlocks, statements per iteration.
