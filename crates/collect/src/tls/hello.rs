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

/// Bytes of a hello with a name of usual length.
const USUAL_BYTES: usize = 256;

/// The record to send. `name` is a DNS name; an address is asked for without one (RFC 6066, 3).
pub(super) fn client_hello(random: &[u8; 32], name: Option<&str>) -> Vec<u8> {
    // The record's version is 1.0, as RFC 5246 appendix E.1 advises for the first one.
    let mut out = Vec::with_capacity(USUAL_BYTES);
    out.extend([22, 3, 1]);
    block16(&mut out, |out| {
        // A hello, whose length has three bytes.
        out.extend([1, 0]);
        block16(out, |out| {
            out.extend([3, 3]);
            out.extend(random);
            // No session to resume.
            out.push(0);
            numbers(out, SUITES);
            // No compression.
            out.extend([1, 0]);
            block16(out, |out| extensions(out, name));
        });
    });
    out
}

fn extensions(out: &mut Vec<u8>, name: Option<&str>) {
    if let Some(name) = name {
        extension(out, SERVER_NAME, |out| {
            block16(out, |out| {
                out.push(0);
                block16(out, |out| out.extend(name.as_bytes()));
            });
        });
    }
    extension(out, SUPPORTED_GROUPS, |out| numbers(out, GROUPS));
    extension(out, POINT_FORMATS, |out| out.extend([1, 0]));
    extension(out, SIGNATURE_ALGORITHMS, |out| numbers(out, SIGNATURES));
    extension(out, EXTENDED_MASTER_SECRET, |_| {});
    extension(out, RENEGOTIATION_INFO, |out| out.push(0));
}

/// What is written, behind its length in two bytes. Names are at most 253 bytes: nothing here comes near the end.
fn block16(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend([0, 0]);
    write(out);
    let length = u16::try_from(out.len() - start - 2).unwrap_or(u16::MAX);
    if let Some(place) = out.get_mut(start..start + 2) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

fn numbers(out: &mut Vec<u8>, list: &[u16]) {
    block16(out, |out| out.extend(list.iter().flat_map(|n| n.to_be_bytes())));
}

fn extension(out: &mut Vec<u8>, kind: u16, content: impl FnOnce(&mut Vec<u8>)) {
    out.extend(kind.to_be_bytes());
    block16(out, content);
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
