//! What happened? Inert data: ids, values, replies, events, the run log.
