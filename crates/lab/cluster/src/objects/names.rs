//! What a server makes up for an object: its UID, the end of its name, and times as it writes them.

use aws_lc_rs::rand;
use jiff::Timestamp;

/// Letters of generated names: Kubernetes leaves out vowels and look-alikes.
const SUFFIX_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// Letters in a generated suffix.
const SUFFIX_LENGTH: usize = 5;

/// `N` random bytes; zeros only if the system has no randomness at all.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // A failing system source leaves zeros: names then collide and creation says so.
    let _ = rand::fill(&mut bytes);
    bytes
}

/// A random version-4 UUID.
pub(crate) fn new_uid() -> String {
    let number = u128::from_be_bytes(random::<16>());
    let number = number & !(0xf << 76) | (0x4 << 76);
    let number = number & !(0x3 << 62) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let parts: Vec<String> = [(0, 8), (8, 4), (12, 4), (16, 4), (20, 12)]
        .iter()
        .map(|(skip, take)| hex.chars().skip(*skip).take(*take).collect())
        .collect();
    parts.join("-")
}

/// A random suffix as in `generateName`.
pub(crate) fn new_suffix() -> String {
    random::<SUFFIX_LENGTH>()
        .iter()
        .filter_map(|byte| SUFFIX_LETTERS.get(usize::from(*byte) % SUFFIX_LETTERS.len()))
        .map(|letter| char::from(*letter))
        .collect()
}

/// A time as Kubernetes prints it: RFC 3339, UTC, whole seconds.
pub(crate) fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_version_four() {
        let uid = new_uid();
        let letters: Vec<char> = uid.chars().collect();
        assert_eq!(uid.len(), 36);
        assert_eq!(letters[14], '4');
        assert!("89ab".contains(letters[19]), "{uid}");
    }

    #[test]
    fn suffixes_have_five_safe_letters() {
        let suffix = new_suffix();
        assert_eq!(suffix.len(), 5);
        assert!(suffix.bytes().all(|b| SUFFIX_LETTERS.contains(&b)));
    }
}
