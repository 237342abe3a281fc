//! Whether a trust policy admits a subject, and where it differs if not.
//!
//! `cargo run -p trustwalk-trust-policy --example admits -- policy.json PROVIDER_ARN SUBJECT`
#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use trustwalk_trust_policy::{Decision, Document, Identity, Policy, Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(file), Some(provider), Some(subject)) = (words.next(), words.next(), words.next()) else {
        return Err("usage: admits POLICY_FILE PROVIDER_ARN SUBJECT".into());
    };
    let policy = Policy::compile(&Document::parse(&std::fs::read_to_string(file)?)?);
    let identity = Identity::new(&provider).with_claim("aud", "sts.amazonaws.com").with_claim("sub", subject.as_str());
    let request = Request::web_identity(&identity);
    let decision = policy.evaluate(&request);
    println!("{decision:?}");
    if decision == Decision::Allow {
        return Ok(());
    }
    for statement in policy.explain(&request).statements {
        for condition in statement.conditions.iter().filter(|c| !c.verdict.is_met()) {
            println!("statement {}: {} {}", statement.index, condition.operator, condition.key);
            println!("  the policy has {:?}, the token {:?}", condition.policy_values, condition.actual_values);
        }
    }
    Ok(())
}
