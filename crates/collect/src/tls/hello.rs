//! A TLS 1.2 `ClientHello` (RFC 5246, 7.4.1.2), written by hand: enough for any server to answer
//! with its certificates, and no key is ever made for it.

/// Key exchange by ECDHE first; RSA and CBC suites for servers that know nothing else. Nothing is
/// ever encrypted with them.
const SUITES: &[u16] = &[
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc023, 0xc027, 0xc009, 0xc013, 0xc00a, 0xc014, 0x009e, 0x009f,
    0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035,
];
/// X25519, and the NIST curves: a server with a P-256 leaf refuses a hello without its curve.
const GROUPS: &[u16] = &[0x001d, 0x0017, 0x0018, 0x0019];
/// ECDSA, Ed25519, PSS and PKCS #1 over SHA-2; SHA-1 last.
const SIGNATURES: &[u16] =
    &[0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201];

const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const EXTENDED_MASTER_SECRET: u16 = 23;
const RENEGOTIATION_INFO: u16 = 0xff01;

/// The record to send. `name` is a DNS name; an address is asked for without one (RFC 6066, 3).
pub(super) fn client_hello(random: &[u8; 32], name: Option<&str>) -> Vec<u8> {
    let mut extensions = Vec::with_capacity(160);
    if let Some(name) = name {
        let entry = [&[0][..], &block16(name.as_bytes())].concat();
        extension(&mut extensions, SERVER_NAME, &block16(&entry));
    }
    extension(&mut extensions, SUPPORTED_GROUPS, &block16(&numbers(GROUPS)));
    extension(&mut extensions, POINT_FORMATS, &[1, 0]);
    extension(&mut extensions, SIGNATURE_ALGORITHMS, &block16(&numbers(SIGNATURES)));
    extension(&mut extensions, EXTENDED_MASTER_SECRET, &[]);
    extension(&mut extensions, RENEGOTIATION_INFO, &[0]);

    let mut body = vec![3, 3];
    body.extend(random);
    // No session to resume.
    body.push(0);
    body.extend(block16(&numbers(SUITES)));
    // No compression.
    body.extend([1, 0]);
    body.extend(block16(&extensions));

    let mut message = vec![1, 0];
    message.extend(block16(&body));
    // The record's version is 1.0, as RFC 5246 appendix E.1 advises for the first one.
    let mut record = vec![22, 3, 1];
    record.extend(block16(&message));
    record
}

fn numbers(list: &[u16]) -> Vec<u8> {
    list.iter().flat_map(|n| n.to_be_bytes()).collect()
}

/// Bytes behind their length in two bytes. Names are at most 253 bytes: nothing here comes near the end.
fn block16(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut out = Vec::with_capacity(bytes.len() + 2);
    out.extend(length.to_be_bytes());
    out.extend(bytes.iter().take(usize::from(length)));
    out
}

fn extension(out: &mut Vec<u8>, kind: u16, content: &[u8]) {
    out.extend(kind.to_be_bytes());
    out.extend(block16(content));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_agree() {
        let hello = client_hello(&[7; 32], Some("a.example.com"));
        assert_eq!(usize::from(u16::from_be_bytes([hello[3], hello[4]])), hello.len() - 5);
        assert_eq!(usize::from(u16::from_be_bytes([hello[7], hello[8]])), hello.len() - 9);
        assert!(hello.windows(13).any(|w| w == b"a.example.com"));
        assert!(client_hello(&[7; 32], None).len() < hello.len());
    }
}
