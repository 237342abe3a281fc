//! The run: lines are read only as fast as answers are written, so that memory stays the same
//! whether there are a hundred hosts or a million.

use std::pin::pin;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::io::{AsyncBufRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, sleep_until};
use trustwalk_foreign::redact;
use trustwalk_x509::{SignatureMemo, Verdict};

use super::answer::Answer;
use super::input::{Endpoint, NotAnEndpoint};
use super::lines::{Line, Lines, MAX_LINE};
use super::pace::Pace;
use super::resume::Done;
use super::seen::Seen;
use super::shared::{Look, Shared};
use super::trust::Trust;
use crate::tls::{DialOptions, FetchError, FetchedChain, Mode, fetch_chain};

/// Output gathered before it is written.
const WRITE_BYTES: usize = 64 << 10;
/// Longest that an answer waits to be written: whoever watches the output sees it move.
const WRITE_EVERY: Duration = Duration::from_millis(200);
/// Inputs that may wait for an endpoint somebody else fetches, per connection in flight.
const WAITING_PER_JOB: usize = 4;
/// Connections at the same time that bring the most hosts per second of CPU.
const DEFAULT_JOBS: usize = 256;

/// How a fleet is fetched.
#[derive(Debug, Clone)]
pub struct FleetOptions {
    /// For each host.
    pub dial: DialOptions,
    /// Stop at the certificates, or prove them.
    pub mode: Mode,
    /// Whom the chains are judged by.
    pub trust: Trust,
    /// Connections at the same time.
    pub jobs: usize,
    /// Further tries after a failure that may pass.
    pub retries: u32,
    /// Before the first further try; doubled for each one after it.
    pub back_off: Duration,
    /// At least this long between two dials of one host.
    pub host_gap: Duration,
}

impl Default for FleetOptions {
    fn default() -> Self {
        Self {
            dial: DialOptions::default(),
            mode: Mode::Quick,
            trust: Trust::default(),
            jobs: DEFAULT_JOBS,
            retries: 1,
            back_off: Duration::from_millis(250),
            host_gap: Duration::from_millis(10),
        }
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Inputs read, empty lines and comments not counted.
    pub read: u64,
    /// Inputs skipped because an earlier output holds them.
    pub skipped: u64,
    /// Inputs answered.
    pub answered: u64,
    /// Of these, with an error.
    pub failed: u64,
    /// Inputs answered now or before with a chain that does not verify.
    pub unverified: u64,
    /// Inputs answered now or before with a chain of which it cannot be told, or with none.
    pub undetermined: u64,
    /// Endpoints dialled.
    pub dialled: u64,
}

impl Progress {
    fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Verified | Verdict::VerifiedByBundle => {}
            Verdict::NotVerified => self.unverified += 1,
            Verdict::Undetermined => self.undetermined += 1,
        }
    }
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The list of hosts.
    #[error("the list of hosts could not be read: {0}")]
    Input(#[source] std::io::Error),
    /// The earlier output.
    #[error("the earlier output could not be read: {0}")]
    Earlier(#[source] std::io::Error),
    /// The output.
    #[error("the answers could not be written: {0}")]
    Output(#[source] std::io::Error),
}

/// Reads hosts, one a line (URL, host, or host and port; `#` begins a comment line), and writes one JSON
/// line for each, in the order they are answered. `earlier` is the output of a run that was cut short.
pub async fn run<R, W>(
    input: R,
    output: W,
    earlier: Option<&mut (dyn AsyncBufRead + Unpin + Send)>,
    options: &FleetOptions,
    mut progress: impl FnMut(Progress),
) -> Result<Progress, FleetError>
where
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let done = match earlier {
        Some(earlier) => Done::read(earlier).await.map_err(FleetError::Earlier)?,
        None => Done::default(),
    };
    let jobs = options.jobs.max(1);
    let mut state =
        State { output, out: Vec::new(), due: Instant::now(), shared: Shared::default(), told: Progress::default() };
    let mut pace = Pace::default();
    let mut seen = Seen::default();
    let mut memo = SignatureMemo::default();
    // One timer for the whole run, moved when there is something to write.
    let mut due = pin!(sleep_until(state.due));
    let mut lines = Lines::new(input);
    let mut flights = FuturesUnordered::new();
    let mut more = true;
    loop {
        let room = flights.len() < jobs && state.shared.waiting() < jobs * WAITING_PER_JOB;
        if !more && flights.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            Some((endpoint, outcome)) = flights.next(), if !flights.is_empty() => {
                let answer = Answer::new(&endpoint, outcome, &options.trust, &mut seen, &mut memo);
                state.landed(endpoint, &answer);
                progress(state.told);
            }
            line = lines.next(), if more && room => match line.map_err(FleetError::Input)? {
                Line::End => more = false,
                Line::TooLong => state.unreadable("", format!("the line has more than {MAX_LINE} bytes")),
                Line::Text(line) => if let Some(endpoint) = state.begin(&line, &done) {
                    let slot = pace.slot(&endpoint.host, options.host_gap, Instant::now());
                    flights.push(fly(endpoint, slot, options));
                },
            },
            () = due.as_mut(), if !state.out.is_empty() => state.write(1).await?,
        }
        state.write(WRITE_BYTES).await?;
        if !state.out.is_empty() && due.deadline() != state.due {
            due.as_mut().reset(state.due);
        }
    }
    state.write(1).await?;
    state.output.flush().await.map_err(FleetError::Output)?;
    progress(state.told);
    Ok(state.told)
}

struct State<W> {
    output: W,
    out: Vec<u8>,
    /// When what is in `out` must be written.
    due: Instant,
    shared: Shared,
    told: Progress,
}

impl<W: AsyncWrite + Unpin> State<W> {
    /// The endpoint to fetch for a line, if it is not known, awaited, done or nonsense.
    fn begin(&mut self, line: &str, done: &Done) -> Option<Endpoint> {
        let written = line.trim();
        if written.is_empty() || written.starts_with('#') {
            return None;
        }
        // Its name in every output. A line may hold a secret: in a query, or because the file is another one.
        let line = &*redact(written);
        if let Some(verdict) = done.verdict(line) {
            self.told.read += 1;
            self.told.skipped += 1;
            self.told.count(verdict);
            return None;
        }
        let endpoint: Endpoint = match written.parse() {
            Ok(endpoint) => endpoint,
            Err(error) => {
                let host = written.rsplit_once('@').filter(|_| error == NotAnEndpoint::UserInfo);
                let shown = host.map_or(written.into(), |(_, host)| format!("[redacted]@{host}"));
                self.unreadable(&redact(&shown), error.to_string());
                return None;
            }
        };
        self.told.read += 1;
        match self.shared.look(&endpoint, line) {
            Look::Fetch => {
                // The input that began a fetch waits like the others.
                self.shared.look(&endpoint, line);
                self.told.dialled += 1;
                Some(endpoint)
            }
            Look::Waits => None,
            Look::Known(answer) => {
                self.answer(line, &answer);
                None
            }
        }
    }

    fn unreadable(&mut self, line: &str, message: String) {
        self.told.read += 1;
        self.answer(line, &Answer::failure(None, "input", message));
    }

    fn landed(&mut self, endpoint: Endpoint, answer: &Answer) {
        for input in self.shared.answered(endpoint, answer.clone()) {
            self.answer(&input, answer);
        }
    }

    fn answer(&mut self, input: &str, answer: &Answer) {
        if self.out.is_empty() {
            self.due = Instant::now() + WRITE_EVERY;
        }
        answer.write(input, &mut self.out);
        self.told.answered += 1;
        self.told.failed += u64::from(answer.failed);
        self.told.count(answer.verdict);
    }

    async fn write(&mut self, at_least: usize) -> Result<(), FleetError> {
        if self.out.len() >= at_least {
            self.output.write_all(&self.out).await.map_err(FleetError::Output)?;
            self.out.clear();
        }
        Ok(())
    }
}

async fn fly(
    endpoint: Endpoint,
    slot: Option<Instant>,
    options: &FleetOptions,
) -> (Endpoint, Result<FetchedChain, FetchError>) {
    if let Some(slot) = slot {
        sleep_until(slot).await;
    }
    let mut tries = 0;
    loop {
        let outcome = fetch_chain(&endpoint.host, endpoint.port, &options.dial, options.mode).await;
        match &outcome {
            Err(error) if error.is_transient() && tries < options.retries => {
                let wait = options.back_off.saturating_mul(1_u32.checked_shl(tries).unwrap_or(u32::MAX));
                sleep(wait.max(options.host_gap)).await;
                tries += 1;
            }
            _ => return (endpoint, outcome),
        }
    }
}
