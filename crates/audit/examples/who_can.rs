//! Reads answers of IAM and says how many roles a few thousand subjects of their issuers can assume, with times: one
//! for reading, one for the answers, one for the whole audit.
//!
//! `cargo run --release -p trustwalk-audit --example who_can -- account.json`
#![expect(
    clippy::print_stdout,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "an example reads files, looks at a clock and says what it found"
)]

use std::time::Instant;

use serde_json::{Map, json};
use trustwalk_audit::{Audit, Basis, Matrix, Reader, Zone};

/// Subjects that are asked about.
const SUBJECTS: usize = 10_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut texts = Vec::new();
    for file in std::env::args().skip(1) {
        texts.push((std::fs::read_to_string(&file)?, file));
    }
    let begun = Instant::now();
    let mut reader = Reader::new();
    for (text, file) in &texts {
        reader.read(file, text);
    }
    let inventory = reader.finish();
    let read = begun.elapsed();
    let begun = Instant::now();
    let matrix = Matrix::of(&inventory);
    let zone = Zone::untold();
    let filed = begun.elapsed();
    let audit = Audit::of(&inventory, &Basis { zone: &zone, seen: None, now: 1_790_000_000 });
    let audited = begun.elapsed().saturating_sub(filed);
    let exact = |s: &&String| !s.contains(['*', '?', ' ']);
    let mut asked = audit.trust.iter().filter_map(|t| Some((t.issuer.as_deref()?, t.subjects.iter().find(exact)?)));
    let begun = Instant::now();
    let (mut pairs, mut subjects) = (0, 0);
    for (issuer, subject) in asked.by_ref().take(SUBJECTS) {
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), json!(subject));
        claims.insert("aud".to_owned(), json!("sts.amazonaws.com"));
        pairs += matrix.roles_for(&inventory, issuer, &claims).len();
        subjects += 1;
    }
    let answered = begun.elapsed() + filed;
    println!("{} roles read in {read:?}, {} findings in {audited:?}", inventory.roles.len(), audit.findings.len());
    println!("{subjects} subjects can assume {pairs} roles: {answered:?}");
    Ok(())
}
