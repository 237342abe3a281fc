//! What tells causes apart: the fewest readings that decide all that can be decided.

use crate::cause::Cause;

/// Readings that are named; each further one decides little.
const MOST: usize = 4;

/// One thing to read, and the causes that it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What to read and how, by hand.
    pub tells: &'static str,
    /// The causes that it decides or helps to decide.
    pub decides: Vec<Cause>,
}

/// Readings, that which decides most of the causes first, then that which decides most of the others.
pub(super) fn readings(causes: &[Cause]) -> Vec<Reading> {
    let mut left: Vec<Cause> = causes.to_vec();
    let mut out = Vec::new();
    while out.len() < MOST && causes.len() > 1 {
        // A page names first what decides its cause, then what is compared with it.
        let mut all: Vec<(usize, Reading)> = Vec::new();
        for cause in &left {
            for (n, tells) in cause.decided_by().iter().map(|kind| kind.tells()).enumerate() {
                let weight = if n == 0 { 3 } else { 2 };
                match all.iter_mut().find(|(_, r)| r.tells == tells) {
                    Some((_, reading)) if reading.decides.contains(cause) => {}
                    Some((sum, reading)) => {
                        *sum += weight;
                        reading.decides.push(*cause);
                    }
                    None => all.push((weight, Reading { tells, decides: vec![*cause] })),
                }
            }
        }
        // Of several that decide as much the first: it is about the cause met most often.
        let Some((_, best)) = all.into_iter().rev().max_by_key(|(sum, _)| *sum) else { break };
        left.retain(|cause| !best.decides.contains(cause));
        out.push(best);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{MOST, readings};
    use crate::cause::Cause;

    #[test]
    fn each_reading_decides_something_that_those_before_it_did_not() {
        let all = readings(Cause::ALL);
        assert_eq!(all.len(), MOST);
        let mut seen: Vec<Cause> = Vec::new();
        for reading in &all {
            assert!(reading.decides.iter().all(|c| !seen.contains(c)), "{reading:?}");
            seen.extend(&reading.decides);
        }
    }

    #[test]
    fn one_cause_needs_nothing_to_tell_it_apart() {
        assert_eq!(readings(&[Cause::ThumbprintMismatch]), []);
        assert_eq!(readings(&[]), []);
    }
}
