//! Names of classes, which tell a person which part of a program spoke and hold no secret.

use super::Cut;
use super::random::is_random;
use super::scan::Bytes;

/// First parts of packages and namespaces in which the classes of AWS clients and of their users lie. A name that
/// begins otherwise may be anything.
const ROOTS: [&[u8]; 17] = [
    b"com",
    b"org",
    b"net",
    b"io",
    b"dev",
    b"software",
    b"java",
    b"javax",
    b"jakarta",
    b"jdk",
    b"sun",
    b"scala",
    b"kotlin",
    b"aws",
    b"Amazon",
    b"System",
    b"Microsoft",
];
/// The longest part of a class's name; the longest of the AWS SDKs have about sixty characters.
const PART: usize = 80;
/// Digits that a part of a name may have: `AWS4Signer`, `EC2ResourceFetcher`, a lambda's number.
const DIGITS: usize = 6;
/// The longest name that is looked at.
const NAME: usize = 512;

/// Whether a cut lies within a class's name, with the hash that Java's `toString` puts behind it.
pub(super) fn holds(text: &str, cut: Cut) -> bool {
    let bytes = Bytes(text.as_bytes());
    if cut.1 - cut.0 > NAME {
        return false;
    }
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'@');
    let least = cut.0.saturating_sub(NAME);
    let near = bytes.0.get(least..cut.1.saturating_add(NAME).min(bytes.len())).unwrap_or_default();
    let near = Bytes(near);
    let (from, to) = (near.run_back(cut.0 - least, part), near.run(cut.0 - least, part));
    to + least >= cut.1 && near.0.get(from..to).is_some_and(is_class)
}

/// Whether this is a class's name: a package of a known root, then parts that are words joined as classes are.
pub(super) fn is_class(name: &[u8]) -> bool {
    let mut halves = name.splitn(2, |b| *b == b'@');
    let name = halves.next().unwrap_or_default();
    let hash = halves.next().unwrap_or(b"0");
    let name = name.strip_suffix(b".").unwrap_or(name);
    let mut parts = name.split(|b| *b == b'.');
    let root = parts.next().is_some_and(|first| ROOTS.contains(&first));
    let rest: Vec<&[u8]> = parts.collect();
    root && rest.len() >= 2
        && hash.len() <= 8
        && hash.iter().all(u8::is_ascii_hexdigit)
        && rest.iter().all(|part| is_word(part))
        && rest.iter().any(|part| part.first().is_some_and(u8::is_ascii_uppercase))
}

fn is_word(part: &[u8]) -> bool {
    let digits = part.iter().filter(|b| b.is_ascii_digit()).count();
    let plain = part.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$'));
    !part.is_empty() && part.len() <= PART && plain && digits <= DIGITS && !is_random(part)
}

#[cfg(test)]
mod tests {
    use super::is_class;

    #[test]
    fn only_names_of_classes_are_classes() {
        for name in
            ["com.amazonaws.auth.AWS4Signer", "org.apache.hadoop.fs.s3a.S3AFileSystem@1f", "java.io.IOException"]
        {
            assert!(is_class(name.as_bytes()), "{name}");
        }
        for name in [
            "com.example",
            "com.example.password",
            "xy.abc.Def",
            "com.a.Q7w9e8r5t6Z",
            "com.a.Hunter@0123456789abcdef",
            "Com.Example.Provider",
        ] {
            assert!(!is_class(name.as_bytes()), "{name}");
        }
    }
}
