//! Programs that give credentials: run with a limit on what they print and how long they take, and ended with
//! whatever they started.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use crate::limits::PROGRAM_BYTES;

/// What a program left.
pub(crate) struct Printed {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    /// The end of what it complained about; empty where it complained to the person itself.
    pub(crate) stderr: Vec<u8>,
}

/// Characters told of a program's complaint.
const COMPLAINT: usize = 500;
/// How long a program that has ended is listened to: its words are there already.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// Bytes kept of it, from its end.
const STDERR_BYTES: usize = 16 << 10;

impl Printed {
    /// `: ` and what the program itself says of why it failed, without secrets; nothing where it says nothing. Its
    /// standard output, where credentials belong, is never quoted.
    pub(crate) fn complaint(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let said = without_keys(&trustwalk_foreign::redact(&lines.join("; ")));
        let from = said.char_indices().rev().nth(COMPLAINT.saturating_sub(1)).map_or(0, |(at, _)| at);
        let end = said.get(from..).unwrap_or_default();
        match (end.is_empty(), from) {
            (true, _) => String::new(),
            (false, 0) => format!(": {end}"),
            (false, _) => format!(": …{end}"),
        }
    }
}

/// Characters in a row, digits among letters, from which on they may be a key: longer than the names and shorter than
/// the keys that people write.
const KEY: usize = 12;

/// A program that gives credentials may print them among its words, where nothing marks them: what could be a key goes.
fn without_keys(text: &str) -> String {
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '=' | '_');
    let may_be_key = |run: &str| {
        let has = |kind: fn(&u8) -> bool| run.bytes().any(|b| kind(&b));
        run.len() >= KEY && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|c| !is_of_key(c)).unwrap_or(rest.len());
        let (key, after) = rest.split_at(run);
        out.push_str(if may_be_key(key) { "[withheld]" } else { key });
        let between = after.find(is_of_key).unwrap_or(after.len());
        let (gap, next) = after.split_at(between);
        out.push_str(gap);
        rest = next;
    }
    out
}

#[cfg(test)]
mod words {
    use super::without_keys;

    #[test]
    fn what_may_be_a_key_is_not_quoted_and_words_are() {
        let plain = "the SSO session of profile dev-2 in eu-west-1 has expired: arn:aws:iam::111122223333:role/a, \
                     2026-11-29T10:00:00Z, AWSReservedSSO";
        assert_eq!(without_keys(plain), plain);
        assert_eq!(without_keys("got Zq7kV3xW9bN4mT8, sorry"), "got [withheld], sorry");
        assert_eq!(without_keys(""), "");
    }
}

/// Why a program gave nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// It could not be started.
    #[error("cannot be run: {0}")]
    Start(std::io::Error),
    /// It did not end.
    #[error("did not end within {} s, and was ended", .0.as_secs())]
    Slow(Duration),
    /// It printed without end.
    #[error("printed more than {PROGRAM_BYTES} bytes, and was ended")]
    TooMuch,
    /// Its output could not be read.
    #[error("cannot be listened to: {0}")]
    Broken(std::io::Error),
}

/// Runs a program whose standard output is wanted.
///
/// With a person at the terminal it stays in our process group, so that it may ask questions and Ctrl-C reaches it;
/// otherwise it has its own, which is ended as a whole.
pub(crate) async fn run(mut command: Command, limit: Duration, person: bool) -> Result<Printed, RunError> {
    command.stdout(Stdio::piped()).kill_on_drop(true);
    if person {
        command.stdin(Stdio::inherit()).stderr(Stdio::inherit());
    } else {
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        #[cfg(unix)]
        command.process_group(0);
    }
    let mut running = Running { child: command.spawn().map_err(RunError::Start)?, apart: !person };
    let Some(stdout) = running.child.stdout.take() else {
        return Err(RunError::Broken(std::io::Error::other("it has no standard output")));
    };
    let stderr = running.child.stderr.take();
    let both = async {
        let mut complaint = Vec::new();
        let (status, stdout) = {
            // Read beside each other: a pipe that is full holds the program up.
            let mut hear = std::pin::pin!(async {
                if let Some(stderr) = stderr {
                    end_of(stderr, &mut complaint).await;
                }
            });
            let mut work = std::pin::pin!(async {
                let stdout = take(stdout).await?;
                let status = running.child.wait().await.map_err(RunError::Broken)?;
                Ok::<_, RunError>((status, stdout))
            });
            let mut heard = false;
            let done = loop {
                tokio::select! {
                    done = &mut work => break done,
                    () = &mut hear, if !heard => heard = true,
                }
            };
            if !heard {
                // A child that goes on may keep it open for ever.
                let _ = tokio::time::timeout(LAST_WORDS, hear).await;
            }
            done?
        };
        Ok(Printed { status, stdout, stderr: complaint })
    };
    tokio::time::timeout(limit, both).await.unwrap_or(Err(RunError::Slow(limit)))
}

/// The end of what comes, until it ends or nobody waits for it any more: a child may keep it open.
async fn end_of(mut from: impl AsyncRead + Unpin, end: &mut Vec<u8>) {
    let mut piece = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        end.extend_from_slice(piece.get(..read).unwrap_or_default());
        let more = end.len().saturating_sub(STDERR_BYTES);
        end.drain(..more);
    }
}

async fn take(from: impl AsyncRead + Unpin) -> Result<Vec<u8>, RunError> {
    let mut bytes = Vec::new();
    from.take(PROGRAM_BYTES as u64 + 1).read_to_end(&mut bytes).await.map_err(RunError::Broken)?;
    if bytes.len() > PROGRAM_BYTES { Err(RunError::TooMuch) } else { Ok(bytes) }
}

/// Ends what was started, children of the program included, however its running came to an end.
struct Running {
    child: Child,
    apart: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(unix)]
        if self.apart
            && let Some(id) =
                self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            // It may be gone already.
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    const SOON: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn what_it_prints_is_given_and_bounded() {
        let printed = run(shell("printf token; exit 3"), Duration::from_secs(30), false).await.unwrap();
        assert_eq!((printed.stdout.as_slice(), printed.status.code()), (b"token".as_slice(), Some(3)));
        let endless = run(shell("cat /dev/zero"), Duration::from_secs(30), false).await;
        assert!(matches!(endless, Err(RunError::TooMuch)));
        let none = run(Command::new("/nonexistent/plugin"), SOON, false).await;
        assert!(matches!(none, Err(RunError::Start(_))));
    }

    #[tokio::test]
    async fn one_that_hangs_is_ended_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("held");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        // Whoever holds the other end keeps this from coming to an end: the child does for as long as it lives.
        let path = fifo.clone();
        let end = tokio::task::spawn_blocking(move || std::fs::read(path));
        let script = format!("sleep 1000 > '{}' & wait", fifo.display());
        let slow = run(shell(&script), Duration::from_secs(1), false).await;
        assert!(matches!(slow, Err(RunError::Slow(_))));
        // A machine so slow that the child was never begun leaves nobody to wait for.
        drop(std::fs::File::options().read(true).write(true).open(&fifo).unwrap());
        assert!(end.await.unwrap().unwrap().is_empty());
    }
}
