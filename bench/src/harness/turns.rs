//! Competitors take turns in a new order each round, so that a busy spell of the machine meets
//! them all; ratios are taken within a round.

use anyhow::{Context as _, Result};

use super::{Cost, Spread};

type Job<'a> = Box<dyn FnMut() -> Result<Cost> + 'a>;

/// One competitor.
pub(crate) struct Variant<'a> {
    name: String,
    job: Job<'a>,
}

impl<'a> Variant<'a> {
    /// A competitor whose job gives the cost of one unit of work.
    pub(crate) fn new(name: impl Into<String>, job: impl FnMut() -> Result<Cost> + 'a) -> Self {
        Self { name: name.into(), job: Box::new(job) }
    }
}

/// Costs of each competitor, round by round.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    rows: Vec<(String, Vec<Cost>)>,
}

/// Runs every competitor once for warmth, then `rounds` times in changing order.
pub(crate) fn take_turns(rounds: usize, mut variants: Vec<Variant<'_>>) -> Result<Measured> {
    let mut measured = Measured { rows: variants.iter().map(|v| (v.name.clone(), Vec::new())).collect() };
    let mut order: Vec<usize> = (0..variants.len()).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..=rounds {
        shuffle(&mut order, &mut state);
        for at in &order {
            let (Some(variant), Some((name, costs))) = (variants.get_mut(*at), measured.rows.get_mut(*at)) else {
                continue;
            };
            let cost = (variant.job)().with_context(|| name.clone())?;
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    Ok(measured)
}

fn shuffle(order: &mut [usize], state: &mut u64) {
    for i in (1..order.len()).rev() {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        let other = usize::try_from(*state >> 33).unwrap_or_default() % (i + 1);
        order.swap(i, other);
    }
}

impl Measured {
    /// Names in the order given.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|(name, _)| name.as_str())
    }

    /// A competitor's costs.
    pub(crate) fn costs(&self, name: &str) -> &[Cost] {
        self.rows.iter().find(|(n, _)| n == name).map(|(_, c)| c.as_slice()).unwrap_or_default()
    }

    /// A figure of one competitor.
    pub(crate) fn spread(&self, name: &str, of: fn(&Cost) -> f64) -> Spread {
        Spread::of(self.costs(name).iter().map(of))
    }

    /// A figure of one competitor divided by that of another in the same round.
    pub(crate) fn ratio(&self, name: &str, to: &str, of: fn(&Cost) -> f64) -> Spread {
        let (ours, theirs) = (self.costs(name), self.costs(to));
        Spread::of(ours.iter().zip(theirs).map(|(a, b)| of(a) / of(b)))
    }

    /// Takes in figures got elsewhere, one for each round.
    pub(crate) fn add(&mut self, name: &str, costs: Vec<Cost>) {
        self.rows.push((name.to_owned(), costs));
    }
}
