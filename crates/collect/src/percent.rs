//! Percent-encoding of query values and of segments of paths, and its inverse for what IAM encodes (RFC 3986).

use std::fmt::Write as _;

/// Encodes everything but unreserved characters.
pub(crate) fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
        out
    })
}

/// One segment of a path. Servers decode a path before they split or clean it (Kubernetes splits the decoded path),
/// so a text that would be no single segment even when encoded is encoded twice: no object has such a name, and the
/// answer is that it does not exist.
pub fn segment(text: &str) -> String {
    let once = encode(text);
    if text.contains('/') || matches!(text, "." | "..") {
        return once.replace('.', "%2E").replace('%', "%25");
    }
    if text.is_empty() { "%2500".to_owned() } else { once }
}

/// Decodes `%XX`; anything else stands for itself. Bytes that are no UTF-8 are replaced.
pub(crate) fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        if b != b'%' {
            out.push(b);
            continue;
        }
        let mut ahead = bytes.clone();
        let digits = (ahead.next().and_then(hex), ahead.next().and_then(hex));
        if let (Some(high), Some(low)) = digits {
            out.push(high << 4 | low);
            bytes = ahead;
        } else {
            out.push(b);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(b: u8) -> Option<u8> {
    char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        for text in ["", "a b", "{\"Version\":\"2012-10-17\"}", "%41", "é%", "system:serviceaccount:a:b"] {
            assert_eq!(decode(&encode(text)), text);
        }
        assert_eq!(decode("%zz%4"), "%zz%4");
    }

    #[test]
    fn a_segment_stays_one_segment_when_it_is_decoded() {
        assert_eq!(segment("aws-node.v1"), "aws-node.v1");
        for odd in ["doomed?x=", "a/b", "..", ".", "", "../../x", "a#b", "a%2fb", "a;b", "é\r\n"] {
            let once = decode(&segment(odd));
            assert!(!once.is_empty() && !once.contains('/') && once != "." && once != "..", "{odd}: {once}");
            assert!(!segment(odd).contains(['?', '#', '/', '\r']), "{odd}");
        }
    }
}
