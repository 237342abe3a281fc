//! A word that nothing may repeat, put where an input says so.

/// Stands for the word in an input.
const PLACE: u8 = 2;

/// The word, and the input with it in its places.
pub(crate) fn planted(input: &[u8]) -> (String, Vec<u8>) {
    let canary = ["canary", "feather"].concat();
    let mut bytes = Vec::with_capacity(input.len());
    for byte in input {
        if *byte == PLACE { bytes.extend_from_slice(canary.as_bytes()) } else { bytes.push(*byte) }
    }
    (canary, bytes)
}
