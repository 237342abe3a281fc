//! A list that is kept up to date: read once, and then told its changes as they happen (Kubernetes documentation, "API
//! Concepts", "Efficient detection of changes").

use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::answer::Failure;
use super::client::KubeApi;
use super::list::Asked;
use super::values::{int, text};
use crate::json;
use crate::limits::{
    LIST_PACE, LIST_PACE_AT_MOST, OBJECT_BYTES, WATCH_BYTES, WATCH_PATIENCE, WATCH_SILENCE, WATCH_TIME,
};
use crate::percent;
use crate::retry;

/// The pause after the first failure in a row; it doubles with each further one, up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(100);
/// The longest pause between two tries, as client-go's reflector has it about (`30 s`), shorter for a person who waits.
const LONGEST: Duration = Duration::from_secs(10);

/// Watches in a row that told nothing and ended before their time, after which a list is read again and again instead,
/// where it can be read: something in between lets no watch through.
const DEAF: u32 = 3;

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Path prefix of its API group.
    pub api: &'static str,
    /// Plural of its resource.
    pub plural: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// A selector, `name=value`, encoded; empty for all of the namespace.
    pub query: String,
}

impl Watched {
    /// The one object of a name.
    pub fn one(api: &'static str, plural: &'static str, namespace: &str, name: &str) -> Self {
        let query = format!("fieldSelector=metadata.name%3D{}", percent::encode(name));
        Self { api, plural, namespace: namespace.to_owned(), query }
    }

    /// The pods that a selector takes in.
    pub fn pods(namespace: &str, selector: &str) -> Self {
        let query = format!("labelSelector={}", percent::encode(selector));
        Self { api: "/api/v1", plural: "pods", namespace: namespace.to_owned(), query }
    }

    /// The disruption budgets of a namespace.
    pub fn budgets(namespace: &str) -> Self {
        let (api, plural) = ("/apis/policy/v1", "poddisruptionbudgets");
        Self { api, plural, namespace: namespace.to_owned(), query: String::new() }
    }

    fn asked(&self) -> Asked<'_> {
        Asked { api: self.api, plural: self.plural, namespace: Some(&self.namespace), query: &self.query }
    }
}

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<T> {
    /// The whole list: at the beginning, and again when changes were missed.
    All(Vec<T>),
    /// One object came, or is another now.
    One(T),
    /// One is gone; its last state.
    Gone(T),
    /// Changes are not told, and why: from now on the list is read again and again.
    Unwatched(String),
}

/// What is kept of an object.
type Keep<'k, T> = &'k (dyn Fn(&Value) -> T + Sync);

/// Failures in a row.
struct Row {
    failures: u32,
    since: Option<Instant>,
}

impl Row {
    fn new() -> Self {
        Self { failures: 0, since: None }
    }

    fn over(&mut self) {
        *self = Self::new();
    }

    /// Waits until it may be tried again; false when that was done long enough.
    async fn again(&mut self, told: Option<Duration>) -> bool {
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() > WATCH_PATIENCE {
            return false;
        }
        let doubled = FIRST.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        tokio::time::sleep(told.map_or_else(|| doubled.mul_f64(retry::random()), |told| told.min(LONGEST))).await;
        true
    }
}

impl Failure {
    /// Whether the same may be answered later: a connection that broke, a server in trouble.
    fn passes(&self) -> bool {
        match self {
            Self::Refused { code, .. } => *code == 429 || *code >= 500,
            Self::Broken { .. } => true,
            Self::TooLarge(_) => false,
        }
    }

    fn told(&self) -> Option<Duration> {
        if let Self::Refused { told, .. } = self { *told } else { None }
    }

    /// Whether the changes that are asked for are no longer known.
    fn is_forgotten(&self) -> bool {
        matches!(self, Self::Refused { code: 410, .. })
    }
}

/// How a watch ended.
enum End {
    /// Nobody takes what is told any more.
    Unheard,
    /// Its time was up, or something of it was heard before it ended.
    Over,
    /// It told nothing; why.
    Deaf(Failure),
    /// A line was not taken.
    Unfit(Failure),
}

/// Where a list is given to, and how it is read.
struct Follower<'f, T> {
    kube: &'f KubeApi,
    what: &'f Watched,
    keep: Keep<'f, T>,
    give: &'f mpsc::Sender<Change<T>>,
    row: Row,
}

impl KubeApi {
    /// Gives away a list and then its changes, for as long as somebody takes them. A connection that breaks is made
    /// anew from where it broke; changes that the server no longer knows (410) have the list read anew. Whoever may
    /// list and not watch, and whoever is behind something that lets no watch through, is told so, and has the list
    /// read again and again at a slow pace. Says why it could not go on.
    pub async fn follow<T>(&self, what: &Watched, keep: Keep<'_, T>, give: &mpsc::Sender<Change<T>>) -> String {
        let (source, permission) = (what.asked().source(self.now()), format!("list and watch {}", what.plural));
        let mut follower = Follower { kube: self, what, keep, give, row: Row::new() };
        match follower.follow().await {
            Some(failure) => failure.observed::<()>(source, &permission).gap().unwrap_or_default(),
            None => String::new(),
        }
    }
}

impl<T> Follower<'_, T> {
    /// Until nobody takes what is told, or it cannot go on, which is what is returned.
    async fn follow(&mut self) -> Option<Failure> {
        let (mut from, mut deaf, mut last) = (None::<String>, 0, None::<Failure>);
        while !self.give.is_closed() {
            let Some(version) = from.clone() else {
                match self.list().await {
                    // The list is read, and no watch of it is let through.
                    Ok(_) if deaf >= DEAF => return self.look(last).await,
                    Ok(version) => from = Some(version),
                    Err(failure) if failure.passes() && self.row.again(failure.told()).await => deaf = 0,
                    Err(failure) => return Some(failure),
                }
                continue;
            };
            let failure = match self.listen(&version, &mut from).await {
                End::Unheard => return None,
                End::Unfit(failure) => return Some(failure),
                End::Over => {
                    deaf = 0;
                    continue;
                }
                End::Deaf(failure) => failure,
            };
            deaf += 1;
            let forgotten = failure.is_forgotten();
            if !forgotten && !failure.passes() {
                return self.look(Some(failure)).await;
            }
            if forgotten || deaf >= DEAF {
                from = None;
            }
            if !self.row.again(failure.told()).await {
                return Some(failure);
            }
            last = Some(failure);
        }
        None
    }

    async fn list(&mut self) -> Result<String, Failure> {
        let keep = self.keep;
        let (all, version) = self.kube.list_at(&self.what.asked(), &|v| Some(keep(&v))).await?;
        // Whether anybody takes it is asked before anything else is done.
        let _ = self.give.send(Change::All(all)).await;
        Ok(version)
    }

    /// Reads the list again and again, each time after a longer pause up to a bound: where no change is told, everybody
    /// who looks costs the server a whole list.
    async fn look(&mut self, why: Option<Failure>) -> Option<Failure> {
        let why = why.map(|failure| {
            let source = trustwalk_core::evidence::Source { what: "the watch".to_owned(), ..Default::default() };
            failure.observed::<()>(source, &format!("watch {}", self.what.plural)).gap().unwrap_or_default()
        });
        let _ = self.give.send(Change::Unwatched(why.unwrap_or_default())).await;
        self.row.over();
        let mut pause = LIST_PACE;
        loop {
            let pace = tokio::time::sleep(pause.mul_f64(f64::midpoint(1.0, retry::random())));
            tokio::select! {
                () = self.give.closed() => return None,
                () = pace => {}
            }
            match self.list().await {
                Ok(_) => {
                    self.row.over();
                    pause = pause.saturating_mul(2).min(LIST_PACE_AT_MOST);
                }
                Err(failure) if failure.passes() && self.row.again(failure.told()).await => {}
                Err(failure) => return Some(failure),
            }
        }
    }

    /// Listens until the stream ends.
    async fn listen(&mut self, version: &str, from: &mut Option<String>) -> End {
        let began = Instant::now();
        let mut heard = false;
        match self.stream(version, from, &mut heard).await {
            Ok(true) => End::Unheard,
            Err(failure @ Failure::TooLarge(_)) => End::Unfit(failure),
            Err(failure) if failure.is_forgotten() || !failure.passes() => End::Deaf(failure),
            // The server ends a watch when its time is up. One that ends at once is no good sign.
            Ok(false) if heard || began.elapsed() >= WATCH_TIME / 2 => {
                self.row.over();
                End::Over
            }
            Ok(false) => End::Deaf(broken("the watch ended at once".to_owned())),
            // What was told counts, and what broke is tried again after a pause.
            Err(failure) if heard => {
                if self.row.again(failure.told()).await {
                    End::Over
                } else {
                    End::Unfit(failure)
                }
            }
            Err(failure) => End::Deaf(failure),
        }
    }

    /// Gives away what a watch tells; true when nobody takes it.
    async fn stream(&mut self, version: &str, from: &mut Option<String>, any: &mut bool) -> Result<bool, Failure> {
        let url = format!(
            "{}watch=true&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}",
            self.what.asked().beginning(),
            percent::encode(version),
            WATCH_TIME.as_secs()
        );
        let request = Request::get(url).body(Vec::new()).map_err(|e| broken(e.to_string()))?;
        let mut body = self.kube.open(&request).await?;
        let (mut line, mut read) = (Vec::new(), 0_usize);
        while let Some(frame) = tokio::time::timeout(WATCH_SILENCE, body.frame())
            .await
            .map_err(|_| broken("nothing was heard of a watch past its time".to_owned()))?
        {
            let data = match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => data,
                Ok(Err(_)) => continue,
                Err(error) => return Err(broken(crate::words::transport(&error))),
            };
            read = read.saturating_add(data.len());
            for piece in data.split_inclusive(|b| *b == b'\n') {
                if line.len() + piece.len() > OBJECT_BYTES {
                    return Err(Failure::TooLarge(OBJECT_BYTES));
                }
                line.extend_from_slice(piece);
                if !piece.ends_with(b"\n") {
                    continue;
                }
                let change = heard(&line, from, self.keep)?;
                self.row.over();
                *any = true;
                line.clear();
                if let Some(change) = change
                    && self.give.send(change).await.is_err()
                {
                    return Ok(true);
                }
            }
            if read > WATCH_BYTES {
                break;
            }
        }
        Ok(false)
    }
}

fn broken(reason: String) -> Failure {
    Failure::Broken { reason, transient: true }
}

/// One line of a watch (Kubernetes API reference, `WatchEvent`). A bookmark says how far it is told, and no more.
fn heard<T>(line: &[u8], from: &mut Option<String>, keep: Keep<'_, T>) -> Result<Option<Change<T>>, Failure> {
    let event = json::parse(line).map_err(broken)?;
    let object = event.get("object").unwrap_or(&Value::Null);
    let kind = text(&event, "/type");
    if kind == "ERROR" {
        let code = u16::try_from(int(object, "/code")).ok().and_then(|c| StatusCode::from_u16(c).ok());
        let code = code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Err(Failure::refused(code, None, object.to_string().as_bytes()));
    }
    let version = text(object, "/metadata/resourceVersion");
    if !version.is_empty() {
        *from = Some(version);
    }
    Ok(match kind.as_str() {
        "ADDED" | "MODIFIED" => Some(Change::One(keep(object))),
        "DELETED" => Some(Change::Gone(keep(object))),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(line: &str) -> (Result<Option<Change<String>>, Failure>, Option<String>) {
        let mut from = Some("7".to_owned());
        let outcome = heard(line.as_bytes(), &mut from, &|v| text(v, "/metadata/name"));
        (outcome, from)
    }

    #[test]
    fn each_line_says_what_happened_and_how_far_it_is_told() {
        let line =
            |kind: &str| format!(r#"{{"type":"{kind}","object":{{"metadata":{{"name":"a","resourceVersion":"9"}}}}}}"#);
        let nine = Some("9".to_owned());
        for (kind, change) in [
            ("ADDED", Some(Change::One("a".to_owned()))),
            ("MODIFIED", Some(Change::One("a".to_owned()))),
            ("DELETED", Some(Change::Gone("a".to_owned()))),
            ("BOOKMARK", None),
            ("LATER", None),
        ] {
            let (outcome, from) = hear(&line(kind));
            assert_eq!((outcome.unwrap(), from), (change, nine.clone()), "{kind}");
        }
        assert!(matches!(hear("{"), (Err(Failure::Broken { .. }), Some(v)) if v == "7"));
    }

    #[test]
    fn a_server_that_forgot_says_so_as_a_real_one_does() {
        // Recorded from kube-apiserver 1.36.
        let line = r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
            "message":"too old resource version: 1 (5626)","reason":"Expired","code":410}}"#;
        let (outcome, from) = hear(line);
        assert!(matches!(outcome, Err(Failure::Refused { code: 410, message, .. }) if message.contains("too old")));
        assert_eq!(from.as_deref(), Some("7"));
    }
}
