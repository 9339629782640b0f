//! Whose search for a deadlock is over? A session that waits looks for a cycle once, `deadlock_timeout` after it began to
//! wait; whoever closes a cycle after all others have looked is its victim. So in an order that has to come out the same
//! each time, nobody goes on before the server has said that the search found nothing (`log_lock_waits`).

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// The settings under which the server says so: it searches almost at once, and tells the session itself.
pub(super) const SETTINGS: [(&str, &str); 3] = [
    ("deadlock_timeout", "1ms"),
    ("log_lock_waits", "on"),
    ("client_min_messages", "log"),
];

/// The backends that wait and have searched.
#[derive(Debug, Default)]
pub(super) struct DeadlockChecks {
    searched: Mutex<HashSet<i32>>,
}

impl DeadlockChecks {
    /// Takes a message of the server; `true` if it was one of these, which no client of the case shall hear.
    pub(super) fn hear(&self, severity: &str, message: &str) -> bool {
        if severity != "LOG" {
            return false;
        }
        let Some((pid, what)) = told(message) else {
            return false;
        };
        let mut searched = self.searched.lock().unwrap_or_else(PoisonError::into_inner);
        match what {
            Told::StillWaits => searched.insert(pid),
            Told::GoesOn => searched.remove(&pid),
        };
        true
    }

    /// Whether a backend that waits has searched.
    pub(super) fn is_over(&self, pid: i32) -> bool {
        let searched = self.searched.lock().unwrap_or_else(PoisonError::into_inner);
        searched.contains(&pid)
    }
}

enum Told {
    StillWaits,
    GoesOn,
}

/// Reads `process 77 still waiting for ShareLock on transaction 731 after 1.004 ms` and its relatives.
fn told(message: &str) -> Option<(i32, Told)> {
    let rest = message.strip_prefix("process ")?;
    let (pid, rest) = rest.split_once(' ')?;
    let pid = pid.parse().ok()?;
    let still = ["still waiting for ", "avoided deadlock for "];
    let over = [
        "acquired ",
        "failed to acquire ",
        "detected deadlock while waiting for ",
    ];
    if still.iter().any(|start| rest.starts_with(start)) {
        Some((pid, Told::StillWaits))
    } else if over.iter().any(|start| rest.starts_with(start)) {
        Some((pid, Told::GoesOn))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_over_until_its_wait_is() {
        let checks = DeadlockChecks::default();
        let still = "process 7 still waiting for ShareLock on transaction 731 after 1.004 ms";
        assert!(!checks.hear("NOTICE", still) && !checks.is_over(7));
        assert!(checks.hear("LOG", still) && checks.is_over(7));
        let goes_on = "process 7 acquired ShareLock on transaction 731 after 9.1 ms";
        assert!(checks.hear("LOG", goes_on) && !checks.is_over(7));
        assert!(!checks.hear("LOG", "process of something else"));
    }
}
