//! Many tokens at once, on several threads, in the order given.

use crate::jwks::Jwks;
use crate::token::Token;
use crate::verify::{Expect, Verdict, verify};

/// Below this many tokens to a thread, starting it costs more than it saves.
const MIN_PER_THREAD: usize = 64;

/// A verdict for each token, as [`verify`] gives it; what is no token is refused as STS does.
pub fn verify_many(tokens: &[&str], keys: &Jwks, expect: &Expect<'_>, threads: usize) -> Vec<Verdict> {
    let threads = threads.clamp(1, tokens.len().div_ceil(MIN_PER_THREAD).max(1));
    let one = |raw: &&str| Token::parse(raw).map_err(Into::into).and_then(|t| verify(&t, keys, expect));
    if threads == 1 {
        return tokens.iter().map(one).collect();
    }
    let mut out: Vec<Option<Verdict>> = tokens.iter().map(|_| None).collect();
    let share = tokens.len().div_ceil(threads);
    std::thread::scope(|scope| {
        for (part, results) in tokens.chunks(share).zip(out.chunks_mut(share)) {
            scope.spawn(move || {
                for (raw, result) in part.iter().zip(results) {
                    *result = Some(one(raw));
                }
            });
        }
    });
    out.into_iter().flatten().collect()
}
