//! TLS records: the chain found does not depend on how bytes arrive, and is what the server sent.

use std::sync::LazyLock;

use trustwalk_collect::tls::{DialOptions, MAX_CHAIN, read_flight};

use crate::{Target, chains};

pub(crate) const TARGET: Target = Target {
    name: "tls",
    check,
    seeds,
    words: &[
        "\u{16}\u{3}\u{3}",
        "\u{15}\u{3}\u{3}\u{0}\u{2}\u{1}p",
        "\u{b}\u{0}\u{0}",
        "\u{e}\u{0}\u{0}\u{0}",
        "\u{0}",
    ],
    iterations: 10_000,
};

const HANDSHAKE: u8 = 22;

static OPTIONS: LazyLock<DialOptions> = LazyLock::new(DialOptions::default);

/// The first byte says how the flight is cut; the rest is the flight.
fn check(input: &[u8]) {
    let [step, wire @ ..] = input else { return };
    let read = |step: usize| match read_flight(wire.chunks(step), &OPTIONS) {
        Ok(chain) => Ok(chain),
        Err(error) => Err(error.to_string()),
    };
    let whole = read(wire.len().max(1));
    assert_eq!(read(usize::from(*step) + 1), whole, "cut into pieces of {step} it says otherwise");
    let Ok(Some(chain)) = whole else { return };
    assert!((1..=MAX_CHAIN).contains(&chain.len()));
    // The list must stand in the records' joined contents as the server wrote it.
    let list: Vec<u8> = chain.iter().flat_map(|der| counted(der)).collect();
    let sent = contents(wire);
    let message = counted(&list);
    assert!(sent.windows(message.len()).any(|w| w == message), "the server never sent this chain");
    // What follows the certificates is nobody's concern.
    let longer = [wire, b"anything else"].concat();
    assert!(read_flight([longer.as_slice()], &OPTIONS).is_ok_and(|again| again.as_ref() == Some(&chain)));
}

/// The contents of the handshake records, joined.
fn contents(mut wire: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while let [kind, _, _, high, low, rest @ ..] = wire {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((content, after)) = rest.split_at_checked(length) else { break };
        if *kind == HANDSHAKE {
            all.extend_from_slice(content);
        }
        wire = after;
    }
    all
}

/// Bytes after their length in three (RFC 5246, 7.4.2).
fn counted(bytes: &[u8]) -> Vec<u8> {
    let [.., a, b, c] = bytes.len().to_be_bytes();
    [&[a, b, c], bytes].concat()
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    [&[kind, 3, 3, high, low], content].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], counted(body).as_slice()].concat()
}

fn seeds() -> Vec<Vec<u8>> {
    let list: Vec<u8> = chains::ders().iter().flat_map(|der| counted(der)).collect();
    let hello = message(2, &[&[3, 3], [7; 32].as_slice(), &[0, 0xc0, 0x2f, 0]].concat());
    let certificates = message(11, &counted(&list));
    let done = message(14, &[]);
    let flight = [hello.as_slice(), &certificates, &done].concat();
    let warning = record(21, &[1, 112]);
    let apart =
        [record(HANDSHAKE, &hello), warning, record(HANDSHAKE, &certificates), record(HANDSHAKE, &done)].concat();
    let small: Vec<u8> = flight.chunks(100).flat_map(|c| record(HANDSHAKE, c)).collect();
    let seeds = [
        record(HANDSHAKE, &flight),
        apart,
        small,
        record(21, &[2, 40]),
        record(HANDSHAKE, &[hello, done].concat()),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
    ];
    seeds.into_iter().map(|wire| [&[30_u8], wire.as_slice()].concat()).collect()
}
