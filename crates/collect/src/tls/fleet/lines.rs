//! Lines of input, none of them longer than a host can be.

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

/// Longest line read: the longest URL IAM takes has 255 characters.
pub(super) const MAX_LINE: u64 = 4096;

/// What a line is.
pub(super) enum Line {
    Text(String),
    TooLong,
    End,
}

/// Reads lines of bounded length.
pub(super) struct Lines<R> {
    input: R,
    /// Kept here, because `select!` may drop a read half done.
    line: Vec<u8>,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: Vec::new() }
    }

    pub(super) async fn next(&mut self) -> std::io::Result<Line> {
        loop {
            let long = self.line.len() as u64 > MAX_LINE;
            if long {
                // The rest of an overlong line is passed over piece by piece.
                if self.line.last() == Some(&b'\n') {
                    self.line.clear();
                    return Ok(Line::TooLong);
                }
                self.line.truncate(usize::try_from(MAX_LINE).unwrap_or(0));
                self.line.push(0);
            }
            let room = if long { MAX_LINE } else { MAX_LINE + 1 - self.line.len() as u64 };
            let count = (&mut self.input).take(room).read_until(b'\n', &mut self.line).await?;
            let ended = self.line.last() == Some(&b'\n');
            let short = self.line.len() as u64 <= MAX_LINE;
            if ended && short {
                return Ok(Line::Text(text(std::mem::take(&mut self.line))));
            }
            if count == 0 {
                let rest = std::mem::take(&mut self.line);
                return Ok(match (rest.is_empty(), short) {
                    (true, _) => Line::End,
                    (false, true) => Line::Text(text(rest)),
                    (false, false) => Line::TooLong,
                });
            }
        }
    }
}

/// As text, without a copy when it is text.
fn text(line: Vec<u8>) -> String {
    String::from_utf8(line).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}
