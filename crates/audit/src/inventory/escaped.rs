//! Percent-encoding undone: IAM's API gives documents so, and the command line gives some of them on (RFC 3986).

/// The text of a document, encoded or not. JSON begins with a brace, which is always encoded.
pub(super) fn document(text: String) -> String {
    let begins = text.trim_start();
    if begins.get(..3).is_some_and(|head| head.starts_with('%')) {
        return decode(&text);
    }
    text
}

/// Decodes `%XX`; anything else stands for itself. Bytes that are no UTF-8 are replaced.
fn decode(text: &str) -> String {
    let hex = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        match (byte, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn a_document_is_decoded_once_and_only_where_it_is_encoded() {
        for (given, read) in [
            ("%7B%22Version%22%3A%222012-10-17%22%7D", r#"{"Version":"2012-10-17"}"#),
            ("%7b%22a%22:%22b+c%zz%4%22%7d", r#"{"a":"b+c%zz%4"}"#),
            (" %7B%7D", " {}"),
            (r#"{"a":"100%25"}"#, r#"{"a":"100%25"}"#),
        ] {
            assert_eq!(document(given.to_owned()), read);
        }
    }
}
