//! Reads a bundle that `trustwalk collect` wrote, judges it, and tells what is wrong: without AWS, a cluster or a
//! network.
//!
//! `cargo run -p trustwalk-core --example read_bundle -- bundle.json`
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a program of its own, not the core")]

use trustwalk_core::{bundle, diagnosis};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: read_bundle FILE")?;
    for evidence in bundle::parse(&std::fs::read(path)?)?.evidence() {
        let diagnosis = diagnosis::diagnose(&evidence);
        match &diagnosis.root_cause {
            Some(finding) => println!("{} {}: {}", finding.code(), finding.name(), finding.sentence),
            None => println!("no root cause; {} things could not be told", diagnosis.undetermined.len()),
        }
    }
    Ok(())
}
