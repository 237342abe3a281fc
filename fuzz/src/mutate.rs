//! Mutations of seeds by plain arithmetic: the same on every machine and in every run.

use std::fmt;
use std::panic::catch_unwind;

use crate::Target;

/// Longest input tried; longer ones only cost time.
const MAX_INPUT: usize = 16 << 10;
/// Most changes made to one seed.
const MAX_CHANGES: u64 = 6;

/// An input for which a property does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The target.
    pub target: &'static str,
    /// Which mutation, from 0; nothing for a seed as it is.
    pub iteration: Option<u64>,
    /// The input.
    pub input: Vec<u8>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "target `{}`, mutation {:?}: {}", self.target, self.iteration, self.input.escape_ascii())
    }
}

/// Checks every seed, then `target.iterations` mutations. The panic's own message has been printed
/// when a finding is given.
pub fn mutations(target: &Target, seed: u64) -> Result<(), Box<Finding>> {
    let check = target.check;
    let holds = |input: &[u8], iteration| {
        catch_unwind(|| check(input))
            .map_err(|_| Box::new(Finding { target: target.name, iteration, input: input.to_vec() }))
    };
    let seeds = (target.seeds)();
    for input in &seeds {
        holds(input, None)?;
    }
    let mut sequence = Sequence(seed);
    for iteration in 0..target.iterations {
        let mut input = sequence.pick(&seeds).cloned().unwrap_or_default();
        for _ in 0..=sequence.below(MAX_CHANGES) {
            change(&mut sequence, &mut input, &seeds, target.words);
        }
        input.truncate(MAX_INPUT);
        holds(&input, Some(iteration))?;
    }
    Ok(())
}

/// A small generator (splitmix64).
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn at(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes().first().copied().unwrap_or_default()
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let at = self.at(all.len());
        all.get(at)
    }

    /// A part of some bytes, rather short.
    fn part<'a>(&mut self, of: &'a [u8]) -> &'a [u8] {
        let start = self.at(of.len() + 1);
        let rest = of.get(start..).unwrap_or_default();
        let most = if self.below(4) == 0 { rest.len() } else { rest.len().min(16) };
        let length = self.at(most + 1);
        rest.get(..length).unwrap_or_default()
    }
}

/// One change somewhere.
fn change(sequence: &mut Sequence, input: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str]) {
    let at = sequence.at(input.len() + 1);
    match sequence.below(8) {
        0 => {
            let bit = 1_u8 << sequence.below(8);
            if let Some(byte) = input.get_mut(at) {
                *byte ^= bit;
            }
        }
        1 => {
            let (value, edge) = (sequence.byte(), sequence.below(2) == 0);
            if let Some(byte) = input.get_mut(at) {
                *byte =
                    if edge { [0, 0x7f, 0x80, 0xff].get(usize::from(value & 3)).copied().unwrap_or(0) } else { value };
            }
        }
        2 => input.insert(at, sequence.byte()),
        3 => {
            let length = sequence.part(input).len().min(input.len() - at);
            input.drain(at..at + length);
        }
        4 => {
            let again = sequence.part(input).to_vec();
            input.splice(at..at, again);
        }
        5 => {
            let other = sequence.pick(seeds).cloned().unwrap_or_default();
            let part = sequence.part(&other).to_vec();
            let over = if sequence.below(2) == 0 { part.len().min(input.len() - at) } else { 0 };
            input.splice(at..at + over, part);
        }
        6 => {
            let (from, to) = (sequence.at(input.len()), sequence.at(input.len()));
            if from < input.len() && to < input.len() {
                input.swap(from, to);
            }
        }
        _ => {
            let word = sequence.pick(words).map(|w| w.as_bytes().to_vec()).unwrap_or_default();
            let over = if sequence.below(2) == 0 { word.len().min(input.len() - at) } else { 0 };
            input.splice(at..at + over, word);
        }
    }
}
