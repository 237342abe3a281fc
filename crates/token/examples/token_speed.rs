//! Prints how many tokens one second judges: `token_speed [TOKENS] [THREADS] [RS256|ES256]`.
//!
//! Keys are made at start; claims follow from the position, so runs are alike. One token in 50
//! has a bad signature, one in 50 has expired, one in 50 has another audience; the counts of
//! verdicts are checked.

use std::io::Write as _;
use std::time::Instant;

use serde_json::json;
use trustwalk_token::{Expect, Jwks, Reason, verify_many};

#[path = "../tests/support/mod.rs"]
mod support;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let count: i64 = args.next().map_or(Ok(20_000), |a| a.parse())?;
    let threads: usize = args.next().map_or(Ok(1), |a| a.parse())?;
    let alg = args.next().unwrap_or_else(|| "RS256".to_owned());
    let key = if alg == "RS256" { support::Key::rsa() } else { support::Key::ec(&alg) };
    let jwks = Jwks::parse(&support::set(&[key.jwk("k"), support::Key::ec("ES256").jwk("other")]))?;
    let pool: Vec<String> = (0..2000)
        .map(|i| {
            let change = match i % 50 {
                1 => json!({"exp": support::NOW - 1000}),
                2 => json!({"aud": ["other"]}),
                _ => json!({"jti": format!("{i:0>200}")}),
            };
            let raw = key.sign(&alg, "k", &support::with(&change));
            if i % 50 != 3 {
                return raw;
            }
            let (signed, signature) = raw.rsplit_once('.').unwrap_or_default();
            let turned = if signature.starts_with('A') { "B" } else { "A" };
            format!("{signed}.{turned}{}", signature.get(1..).unwrap_or_default())
        })
        .collect();
    let tokens: Vec<&str> = pool.iter().map(String::as_str).cycle().take(usize::try_from(count)?).collect();
    let ids = ["sts.amazonaws.com".to_owned()];
    let expect = Expect { issuer: support::ISSUER, client_ids: &ids, now: support::NOW };
    let start = Instant::now();
    let verdicts = verify_many(&tokens, &jwks, &expect, threads);
    let seconds = start.elapsed().as_secs_f64();
    let of = |r: &Reason| verdicts.iter().filter(|v| v.as_ref().is_err_and(|e| e.reason == *r)).count();
    let accepted = verdicts.iter().filter(|v| v.is_ok()).count();
    let (bad, expired, audience) = (of(&Reason::BadSignature), of(&Reason::Expired), of(&Reason::Audience));
    if accepted + bad + expired + audience != tokens.len() || bad == 0 || expired == 0 || audience == 0 {
        return Err("verdicts are not as made".into());
    }
    let report = json!({"alg": alg, "tokens": count, "threads": threads, "seconds": seconds,
        "per_second": f64::from(i32::try_from(count)?) / seconds, "accepted": accepted, "bad_signature": bad, "expired": expired, "audience": audience});
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}
