//! What an error's text means.
//!
//! `echo 'InvalidIdentityToken: Incorrect token audience' | cargo run -p trustwalk-symptoms --example what_it_means`
#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::io::Read as _;

use trustwalk_symptoms::classify_all;

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    std::io::stdin().take(1 << 20).read_to_string(&mut text)?;
    for failure in classify_all(&text) {
        println!("{}: {}", failure.symptom.name(), failure.symptom.meaning());
        if let Some(role) = &failure.role_arn {
            println!("  role {role}");
        }
    }
    Ok(())
}
