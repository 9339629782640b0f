//! Which processor does a worker run on? One that is busy beside its server is best left where it is: when it is moved, the
//! sessions that the system has placed beside it stay behind, and each message to one of those has to interrupt the other
//! processor.

pub(super) use system::keep_to;

#[cfg(target_os = "linux")]
mod system {
    use nix::{
        sched::{CpuSet, sched_getaffinity, sched_setaffinity},
        unistd::Pid,
    };

    const THIS_THREAD: Pid = Pid::from_raw(0);

    /// Keeps this thread to a processor of its own, and what it starts with it, where there is one for each worker and no
    /// more. Where the system does not grant that it goes on choosing.
    pub(in super::super) fn keep_to(worker: u32, of: u32) {
        let allowed = allowed();
        if allowed.len() != of as usize {
            return;
        }
        let mut one = CpuSet::new();
        if one.set(allowed[worker as usize]).is_ok() {
            let _ = sched_setaffinity(THIS_THREAD, &one);
        }
    }

    /// The processors on which this thread may run, by their numbers; none where the system does not say.
    fn allowed() -> Vec<usize> {
        let Ok(set) = sched_getaffinity(THIS_THREAD) else {
            return Vec::new();
        };
        (0..CpuSet::count())
            .filter(|number| set.is_set(*number).unwrap_or(false))
            .collect()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_worker_is_kept_to_a_processor_only_where_each_has_one() {
            // A thread of its own, since it is never let go again.
            let seen = std::thread::spawn(|| {
                let all = allowed();
                let of = u32::try_from(all.len()).expect("a count of processors");
                keep_to(0, of + 1);
                let too_many_workers = allowed();
                keep_to(of - 1, of);
                (all, too_many_workers, allowed())
            });
            let (all, too_many_workers, kept) = seen.join().expect("a thread that ends");
            assert_eq!(too_many_workers, all);
            assert_eq!(kept, all[all.len() - 1..]);
        }
    }
}

/// Elsewhere the system chooses.
#[cfg(not(target_os = "linux"))]
mod system {
    pub(in super::super) fn keep_to(_: u32, _: u32) {}
}
