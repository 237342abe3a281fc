//! Frames of SPDY/3.1, as much as forwarding ports needs (SPDY Protocol, Draft 3, section 2): streams that are opened,
//! answered, fed and ended, over any transport that brings bytes in order.

use std::collections::BTreeMap;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

/// Names and values that headers are compressed with beforehand (section 2.6.10.1): these with their lengths before
/// them, and then the rest.
const WORDS: &str = "options head post put delete trace accept accept-charset accept-encoding accept-language \
    accept-ranges age allow authorization cache-control connection content-base content-encoding content-language \
    content-length content-location content-md5 content-range content-type date etag expect expires from host \
    if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma \
    proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade \
    user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie \
    keep-alive origin";
const REST: &str = "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 \
    Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 \
    Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun \
    Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,\
    image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,\
    sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

/// Bytes of a frame's head.
const HEAD: usize = 8;
/// Most bytes of a frame that is read: clients send 32 KiB at a time.
const LARGEST_FRAME: usize = 1 << 20;
/// Most bytes of headers, unpacked.
const LARGEST_HEADERS: usize = 16 << 10;
/// Type numbers of control frames (section 2.6).
const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const PING: u16 = 6;
const GOAWAY: u16 = 7;
/// The flag of a frame that is its stream's last.
const FIN: u8 = 1;
/// What marks a control frame, with the version.
const CONTROL: u16 = 0x8003;

fn dictionary() -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in WORDS.split(' ') {
        let word = word.replace('_', " ");
        bytes.extend(u32::try_from(word.len()).unwrap_or_default().to_be_bytes());
        bytes.extend(word.as_bytes());
    }
    bytes.extend(REST.as_bytes());
    bytes
}

/// What a frame from the client says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A stream begins.
    Open { stream: u32, headers: BTreeMap<String, String> },
    /// Bytes of a stream; `last` when no more come.
    Data { stream: u32, bytes: Vec<u8>, last: bool },
    /// A stream is given up.
    Reset { stream: u32 },
    /// A look whether the other side is there.
    Ping { number: u32 },
    /// The client goes.
    Leave,
    /// Something that forwarding does not need.
    Other,
}

/// That what comes is not SPDY as it is spoken here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotSpdy;

/// Takes frames out of bytes that arrive in pieces, and makes those that go back.
pub(super) struct Connection {
    pending: Vec<u8>,
    unpack: Decompress,
    pack: Compress,
    packed_before: bool,
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?))
}

impl Connection {
    pub(super) fn new() -> Self {
        Self {
            pending: Vec::new(),
            unpack: Decompress::new(true),
            pack: Compress::new(Compression::fast(), true),
            packed_before: false,
        }
    }

    /// Adds bytes that have arrived.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// The next whole frame, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, NotSpdy> {
        let Some(head) = self.pending.get(..HEAD) else { return Ok(None) };
        let (begin, long) = (number(head).ok_or(NotSpdy)?, number(head.get(4..).unwrap_or_default()).ok_or(NotSpdy)?);
        let [flags, ..] = long.to_be_bytes();
        let length = usize::try_from(long & 0x00ff_ffff).map_err(|_| NotSpdy)?;
        if length > LARGEST_FRAME {
            return Err(NotSpdy);
        }
        if self.pending.len() < HEAD + length {
            return Ok(None);
        }
        let rest = self.pending.split_off(HEAD + length);
        let frame = std::mem::replace(&mut self.pending, rest);
        let body = frame.get(HEAD..).unwrap_or_default();
        if begin >> 31 == 0 {
            let stream = begin;
            return Ok(Some(Frame::Data { stream, bytes: body.to_vec(), last: flags & FIN != 0 }));
        }
        let [version, kind] = [begin >> 16, begin & 0xffff].map(|half| u16::try_from(half).unwrap_or_default());
        if version != CONTROL {
            return Err(NotSpdy);
        }
        let id = || number(body).ok_or(NotSpdy);
        Ok(Some(match kind {
            SYN_STREAM => {
                // Stream, the one it belongs to, priority and slot stand before the headers.
                let headers = self.headers(body.get(10..).unwrap_or_default())?;
                Frame::Open { stream: id()? & 0x7fff_ffff, headers }
            }
            RST_STREAM => Frame::Reset { stream: id()? & 0x7fff_ffff },
            PING => Frame::Ping { number: id()? },
            GOAWAY => Frame::Leave,
            _ => Frame::Other,
        }))
    }

    /// Unpacks a block of headers: all blocks of a connection are one stream of zlib.
    fn headers(&mut self, packed: &[u8]) -> Result<BTreeMap<String, String>, NotSpdy> {
        let mut plain = Vec::with_capacity(LARGEST_HEADERS);
        let start = self.unpack.total_in();
        let mut asked = false;
        loop {
            let used = usize::try_from(self.unpack.total_in() - start).map_err(|_| NotSpdy)?;
            let left = packed.get(used..).unwrap_or_default();
            if left.is_empty() {
                break;
            }
            let before = (used, plain.len());
            match self.unpack.decompress_vec(left, &mut plain, FlushDecompress::Sync) {
                Ok(_) => {
                    let now = usize::try_from(self.unpack.total_in() - start).map_err(|_| NotSpdy)?;
                    if (now, plain.len()) == before {
                        break;
                    }
                }
                Err(error) if error.needs_dictionary().is_some() && !asked => {
                    asked = true;
                    self.unpack.set_dictionary(&dictionary()).map_err(|_| NotSpdy)?;
                }
                Err(_) => return Err(NotSpdy),
            }
        }
        read_headers(&plain).ok_or(NotSpdy)
    }

    /// The answer that a stream is open, without headers.
    pub(super) fn reply(&mut self, stream: u32) -> Vec<u8> {
        if !self.packed_before {
            self.packed_before = true;
            // The level of compression does not matter to who reads it; a dictionary has to be there.
            let _ = self.pack.set_dictionary(&dictionary());
        }
        let mut body = stream.to_be_bytes().to_vec();
        body.reserve(256);
        // No pairs of names and values.
        let _ = self.pack.compress_vec(&0_u32.to_be_bytes(), &mut body, FlushCompress::Sync);
        control(SYN_REPLY, &body)
    }
}

fn read_headers(mut plain: &[u8]) -> Option<BTreeMap<String, String>> {
    fn text(plain: &mut &[u8]) -> Option<String> {
        let length = usize::try_from(number(plain)?).ok()?;
        let text = String::from_utf8_lossy(plain.get(4..4 + length)?).into_owned();
        *plain = plain.get(4 + length..)?;
        Some(text)
    }
    let pairs = number(plain)?;
    plain = plain.get(4..)?;
    let mut headers = BTreeMap::new();
    for _ in 0..pairs {
        let name = text(&mut plain)?;
        headers.insert(name, text(&mut plain)?);
    }
    Some(headers)
}

fn framed(head: [u8; 4], flags: u8, body: &[u8]) -> Vec<u8> {
    let long = u32::from(flags) << 24 | u32::try_from(body.len()).unwrap_or_default();
    let mut frame = head.to_vec();
    frame.extend(long.to_be_bytes());
    frame.extend_from_slice(body);
    frame
}

fn control(kind: u16, body: &[u8]) -> Vec<u8> {
    framed((u32::from(CONTROL) << 16 | u32::from(kind)).to_be_bytes(), 0, body)
}

/// Bytes of a stream; `last` when no more come.
pub(super) fn data(stream: u32, bytes: &[u8], last: bool) -> Vec<u8> {
    framed(stream.to_be_bytes(), if last { FIN } else { 0 }, bytes)
}

/// The answer to a ping.
pub(super) fn pong(number: u32) -> Vec<u8> {
    control(PING, &number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a client sends to open a stream, packed by the same rules.
    fn opening(pack: &mut Compress, stream: u32, headers: &[(&str, &str)]) -> Vec<u8> {
        let long = |text: &str| u32::try_from(text.len()).unwrap().to_be_bytes();
        let mut plain = u32::try_from(headers.len()).unwrap().to_be_bytes().to_vec();
        for text in headers.iter().flat_map(|(name, value)| [name, value]) {
            plain.extend(long(text));
            plain.extend(text.as_bytes());
        }
        let mut body = stream.to_be_bytes().to_vec();
        body.extend([0; 6]);
        body.reserve(1024);
        pack.compress_vec(&plain, &mut body, FlushCompress::Sync).unwrap();
        control(SYN_STREAM, &body)
    }

    #[test]
    fn the_dictionary_is_the_one_of_the_draft() {
        let mut pack = Compress::new(Compression::fast(), true);
        assert_eq!(dictionary().len(), 1423);
        assert_eq!(pack.set_dictionary(&dictionary()).unwrap(), 0xe3c6_a7c2);
    }

    #[test]
    fn frames_come_out_of_pieces_and_headers_out_of_one_stream() {
        let mut pack = Compress::new(Compression::best(), true);
        pack.set_dictionary(&dictionary()).unwrap();
        let mut bytes = opening(&mut pack, 1, &[("streamtype", "error"), ("port", "8443")]);
        bytes.extend(opening(&mut pack, 3, &[("streamtype", "data"), ("port", "8443")]));
        bytes.extend(data(3, b"hello", true));
        bytes.extend(pong(7));
        let mut connection = Connection::new();
        let mut seen = Vec::new();
        for piece in bytes.chunks(7) {
            connection.feed(piece);
            while let Some(frame) = connection.next().unwrap() {
                seen.push(frame);
            }
        }
        let Frame::Open { stream: 1, headers } = &seen[0] else { panic!("{seen:?}") };
        assert_eq!(headers["streamtype"], "error");
        assert!(matches!(&seen[1], Frame::Open { stream: 3, headers } if headers["streamtype"] == "data"));
        assert_eq!(seen[2], Frame::Data { stream: 3, bytes: b"hello".to_vec(), last: true });
        assert_eq!(seen[3], Frame::Ping { number: 7 });
    }

    #[test]
    fn what_is_not_spdy_is_refused() {
        let mut connection = Connection::new();
        connection.feed(b"\x80\x02\x00\x01\x00\x00\x00\x00");
        assert_eq!(connection.next(), Err(NotSpdy));
        let mut connection = Connection::new();
        connection.feed(b"\x00\x00\x00\x01\x00\xff\xff\xff");
        assert_eq!(connection.next(), Err(NotSpdy));
        let mut connection = Connection::new();
        connection.feed(&control(SYN_STREAM, b"0123456789not zlib"));
        assert_eq!(connection.next(), Err(NotSpdy));
    }
}
