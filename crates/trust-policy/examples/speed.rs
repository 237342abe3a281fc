//! Prints nanoseconds for a decision and the time of a whole inventory, from a seeded generator.
//!
//! `cargo run --release --example speed -- [roles] [subjects] [providers]`

#![expect(clippy::print_stdout, reason = "an example that prints its measurements")]

use std::hint::black_box;
use std::time::Instant;
use trustwalk_trust_policy::sample::Inventory;
use trustwalk_trust_policy::{Decision, ParseError, Policy, RoleIndex};

fn main() -> Result<(), ParseError> {
    let arguments: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let argument = |at: usize, default| arguments.get(at).copied().unwrap_or(default);
    let inventory =
        Inventory { seed: 1, roles: argument(0, 100_000), subjects: argument(1, 10_000), providers: argument(2, 1) };
    one(&inventory)?;
    batch(&inventory);
    Ok(())
}

/// One decision on hot policies that decide differently.
fn one(inventory: &Inventory) -> Result<(), ParseError> {
    const ROUNDS: u32 = 1_000_000;
    let (texts, requests): (Vec<_>, Vec<_>) = (0..8).map(|n| inventory.admitted(n)).unzip();
    let policies: Vec<Policy> = texts.iter().map(|t| Policy::parse(t)).collect::<Result<_, _>>()?;
    // Half of the questions are put to a policy for another subject: both ways out are measured.
    let asked = requests.iter().zip(requests.iter().skip(1)).flat_map(|(own, next)| [own, next]);
    let asked: Vec<_> = policies.iter().flat_map(|p| [p, p]).zip(asked).collect();
    let pairs = || asked.iter().copied().cycle().zip(0..ROUNDS).map(|(pair, _)| pair);
    let start = Instant::now();
    let allowed = pairs().filter(|(p, r)| black_box(p).evaluate(black_box(r)) == Decision::Allow).count();
    println!("evaluate: {:.1} ns ({allowed} allowed)", start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS));
    let start = Instant::now();
    for (policy, request) in pairs() {
        black_box(black_box(policy).explain(black_box(request)));
    }
    println!("explain:  {:.1} ns", start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS));
    Ok(())
}

/// The whole inventory: parse, compile, file, ask; against the time of an untyped parse.
fn batch(inventory: &Inventory) {
    let (texts, requests) = (inventory.policies(), inventory.requests());
    let start = Instant::now();
    let values = texts.iter().filter(|t| serde_json::from_str::<serde_json::Value>(t).is_ok()).count();
    let untyped = start.elapsed();
    let start = Instant::now();
    // A text that is no policy would be a fault of the generator: the count below shows it.
    let index = RoleIndex::build(texts.iter().filter_map(|t| Policy::parse(t).ok()));
    let built = start.elapsed();
    let allowed: usize = requests.iter().map(|r| index.roles_for(r).len()).sum();
    let total = start.elapsed();
    println!("untyped parse of {values} policies: {untyped:?}");
    println!(
        "parse, compile and index {} roles: {built:?}, ask {:?}",
        index.roles().len(),
        total.saturating_sub(built)
    );
    println!(
        "total {total:?} = {:.2} of the untyped parse; {allowed} pairs",
        total.as_secs_f64() / untyped.as_secs_f64()
    );
}
