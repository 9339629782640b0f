//! In which orders can the steps of a spec be launched? Those that are written, or else all of them.

use super::spec::{Launch, Spec, StepId};

/// The orders of a spec, one launch list after the other.
#[derive(Debug, Clone)]
pub enum Orders<'a> {
    /// As written.
    Written(std::slice::Iter<'a, super::spec::Permutation>),
    /// All that keep each session's own order.
    Generated(Interleavings),
}

impl Spec {
    /// The orders in which this spec runs: the written ones, else all of them, depth first, the first
    /// session first.
    pub fn orders(&self) -> Orders<'_> {
        if self.permutations.is_empty() {
            let lengths = self.sessions.iter().map(|session| session.steps.len());
            Orders::Generated(Interleavings::new(lengths))
        } else {
            Orders::Written(self.permutations.iter())
        }
    }

    /// How many orders there are; none where there are more than a `u128` can tell.
    pub fn order_count(&self) -> Option<u128> {
        if self.permutations.is_empty() {
            let lengths = self.sessions.iter().map(|session| session.steps.len());
            interleaving_count(lengths)
        } else {
            Some(self.permutations.len() as u128)
        }
    }
}

impl Iterator for Orders<'_> {
    type Item = Vec<Launch>;

    fn next(&mut self) -> Option<Vec<Launch>> {
        match self {
            Self::Written(orders) => orders.next().map(|order| order.launches.clone()),
            Self::Generated(interleavings) => interleavings.next().map(|steps| {
                steps
                    .into_iter()
                    .map(|step| Launch {
                        step,
                        markers: Vec::new(),
                    })
                    .collect()
            }),
        }
    }
}

/// All interleavings of several lists, each of which keeps its order: depth first, the first list first.
/// So they come in the lexicographic order of the lists' positions.
#[derive(Debug, Clone)]
pub struct Interleavings {
    /// Which list gives the next element, per place; none when there are no more.
    next: Option<Vec<usize>>,
}

impl Interleavings {
    /// The interleavings of lists with these lengths.
    pub fn new(lengths: impl IntoIterator<Item = usize>) -> Self {
        let first = lengths
            .into_iter()
            .enumerate()
            .flat_map(|(list, length)| std::iter::repeat_n(list, length))
            .collect();
        Self { next: Some(first) }
    }
}

impl Iterator for Interleavings {
    type Item = Vec<StepId>;

    fn next(&mut self) -> Option<Vec<StepId>> {
        let current = self.next.take()?;
        self.next = successor(&current);
        let mut taken = vec![0; current.iter().max().map_or(0, |list| list + 1)];
        let steps = current
            .into_iter()
            .map(|session| {
                let step = taken[session];
                taken[session] += 1;
                StepId { session, step }
            })
            .collect();
        Some(steps)
    }
}

/// The next sequence of the same elements in lexicographic order (Knuth, The Art of Computer Programming
/// 4A, 7.2.1.2, algorithm L).
fn successor(sequence: &[usize]) -> Option<Vec<usize>> {
    let falls_from = (1..sequence.len()).rfind(|at| sequence[at - 1] < sequence[*at])?;
    let pivot = falls_from - 1;
    let swap = (falls_from..sequence.len()).rfind(|at| sequence[*at] > sequence[pivot])?;
    let mut next = sequence.to_vec();
    next.swap(pivot, swap);
    next[falls_from..].reverse();
    Some(next)
}

/// The number of interleavings of lists with these lengths: the multinomial coefficient
/// `(a + b + …)! / (a! b! …)`; none where a step of its calculation exceeds a `u128`.
pub fn interleaving_count(lengths: impl IntoIterator<Item = usize>) -> Option<u128> {
    let mut count: u128 = 1;
    let mut total: u128 = 0;
    for length in lengths {
        for chosen in 1..=length as u128 {
            total += 1;
            // The product is a binomial coefficient times the earlier count, so the division is exact.
            count = count.checked_mul(total)? / chosen;
        }
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(lengths: &[usize]) -> Vec<String> {
        Interleavings::new(lengths.iter().copied())
            .map(|steps| {
                steps
                    .iter()
                    .map(|id| format!("{}{}", ["a", "b", "c"][id.session], id.step))
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect()
    }

    #[test]
    fn interleavings_come_depth_first_with_the_first_session_first() {
        assert_eq!(
            words(&[2, 2]),
            [
                "a0 a1 b0 b1",
                "a0 b0 a1 b1",
                "a0 b0 b1 a1",
                "b0 a0 a1 b1",
                "b0 a0 b1 a1",
                "b0 b1 a0 a1",
            ]
        );
        assert_eq!(words(&[3]), ["a0 a1 a2"]);
    }

    #[test]
    fn a_count_too_large_to_tell_is_not_told() {
        assert_eq!(interleaving_count([4, 4]), Some(70));
        assert_eq!(interleaving_count([1000, 1000]), None);
    }

    proptest! {
        #[test]
        fn there_are_as_many_interleavings_as_counted_and_all_differ(
            lengths in proptest::collection::vec(0_usize..4, 1..4),
        ) {
            let all: Vec<_> = Interleavings::new(lengths.iter().copied()).collect();
            let distinct: std::collections::HashSet<_> = all.iter().collect();
            prop_assert_eq!(distinct.len(), all.len());
            prop_assert_eq!(Some(all.len() as u128), interleaving_count(lengths));
        }
    }
}
