//! The thumbprint that IAM wants of a chain, as `openssl s_client -showcerts` prints one.
//!
//! `openssl s_client -showcerts -connect HOST:443 </dev/null | cargo run -p trustwalk-x509 --example thumbprint`
#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::io::Read as _;

use trustwalk_x509::{Candidates, parse_any};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = Vec::new();
    std::io::stdin().take(1 << 20).read_to_end(&mut text)?;
    let chain = parse_any(&text)?;
    for (n, certificate) in chain.iter().enumerate() {
        println!("{n} {} {}", certificate.sha1(), certificate.subject());
    }
    match Candidates::new(&chain, None).for_iam() {
        Some(thumbprint) => println!("IAM wants {thumbprint}"),
        None => println!("no certificate that IAM could want"),
    }
    Ok(())
}
