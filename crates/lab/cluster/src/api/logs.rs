//! `logs`: what a kubelet gives of a container's log (Kubernetes source, `cri-client/pkg/logs`).

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures_util::stream;
use http::header;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    reply::{Reply, typed_reply},
    request::{Call, Target},
    shared::Shared,
    streams::{container, pod_of},
};
use crate::{
    contract::LogLine,
    objects::{
        address::Key,
        errors::ApiError,
        json as j,
        problems::{Problem, refusal},
    },
};

/// How often a followed log is looked at again.
const FOLLOW_EVERY: Duration = Duration::from_millis(200);

/// What of a log is asked for (API reference, `PodLogOptions`).
#[derive(Debug, Clone, Copy, Default)]
struct Wanted {
    /// So many lines from the end.
    tail: Option<usize>,
    /// Bytes that are left, the times before lines counted.
    room: Option<usize>,
    /// Nothing that is older.
    since: Option<Timestamp>,
    /// Whether each line has its time before it.
    timed: bool,
}

impl Wanted {
    /// Reads the query as the API server does; times are told from `now`.
    fn read(call: &Call, pod: &str, now: Timestamp) -> Result<Self, ApiError> {
        let tail = call.number("tailLines")?;
        let limit = call.number("limitBytes")?;
        let seconds = call.number("sinceSeconds")?;
        let time = time(call.param("sinceTime"))?;
        let mut problems = Vec::new();
        if let Some(n) = tail.filter(|n| *n < 0) {
            problems.push(Problem::invalid("tailLines", &n.into(), "must be greater than or equal to 0"));
        }
        if let Some(n) = limit.filter(|n| *n < 1) {
            problems.push(Problem::invalid("limitBytes", &n.into(), "must be greater than 0"));
        }
        if seconds.is_some() && time.is_some() {
            problems.push(Problem::forbidden("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
        } else if let Some(n) = seconds.filter(|n| *n < 1) {
            problems.push(Problem::invalid("sinceSeconds", &n.into(), "must be greater than 0"));
        }
        // Streams are told apart behind a feature gate alone (`PodLogsQuerySplitStreams`).
        if call.query.iter().any(|(name, _)| name == "stream") {
            problems.push(Problem::forbidden("stream", "may not be specified"));
        }
        refusal("PodLogOptions", "", pod, &problems)?;
        let earlier = |n: i64| now.checked_sub(jiff::SignedDuration::from_secs(n)).unwrap_or(Timestamp::MIN);
        let bounded = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
        Ok(Self {
            tail: tail.map(bounded),
            room: limit.map(bounded),
            since: time.or(seconds.map(earlier)),
            timed: call.flag("timestamps"),
        })
    }

    /// The part of these lines that is asked for; what room is left is for what follows.
    fn part(&mut self, lines: &[LogLine]) -> Vec<u8> {
        let from = self.tail.map_or(0, |tail| lines.len().saturating_sub(tail));
        let mut out = Vec::new();
        for line in lines.iter().skip(from).filter(|line| self.since.is_none_or(|since| line.at >= since)) {
            if self.timed {
                out.extend_from_slice(line.at.strftime("%Y-%m-%dT%H:%M:%S%.9fZ ").to_string().as_bytes());
            }
            out.extend_from_slice(&line.text);
            if self.room.is_some_and(|room| out.len() >= room) {
                break;
            }
        }
        if let Some(room) = &mut self.room {
            out.truncate(*room);
            *room -= out.len();
        }
        out
    }
}

fn time(text: &str) -> Result<Option<Timestamp>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        let form = "2006-01-02T15:04:05Z07:00";
        ApiError::bad_request(format!("parsing time {text:?} as {form:?}: cannot parse {text:?} as \"2006\""))
    })
}

/// `GET …/pods/{name}/log`.
pub(crate) fn logs(shared: &Arc<Shared>, call: &Call, target: &Target) -> Result<Reply, ApiError> {
    let key = target.key()?;
    let pod = pod_of(shared, &key)?;
    let mut wanted = Wanted::read(call, j::name(&pod), shared.store.now())?;
    let container = container(call, &pod)?;
    let previous = call.flag("previous");
    let Some(lines) = shared.config.runtime.logs(&pod, &container, previous) else {
        let name = j::name(&pod);
        return Err(ApiError::bad_request(if previous {
            format!("previous terminated container \"{container}\" in pod \"{name}\" not found")
        } else {
            format!(
                "container \"{container}\" in pod \"{name}\" is waiting to start: {}",
                waiting_reason(&pod, &container)
            )
        }));
    };
    let shown = wanted.part(&lines);
    // An instance that has ended writes nothing more.
    if !call.flag("follow") || previous {
        return Ok(typed_reply(200, "text/plain", shown));
    }
    let follow = Follow {
        shared: Arc::clone(shared),
        key,
        uid: j::uid(&pod).to_owned(),
        container,
        sent: lines.len(),
        first: Some(shown),
        wanted: Wanted { tail: None, ..wanted },
        _place: shared.stream()?,
    };
    let frames = stream::unfold(follow, |mut follow| async move {
        let bytes = follow.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from(bytes))), follow))
    });
    let mut reply = Reply::new(StreamBody::new(frames).boxed_unsync());
    reply.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain"));
    Ok(reply)
}

fn waiting_reason(pod: &Value, container: &str) -> String {
    j::items(pod, "/status/containerStatuses")
        .iter()
        .find(|s| j::text(s, "/name") == container)
        .map(|s| j::text(s, "/state/waiting/reason"))
        .filter(|reason| !reason.is_empty())
        .unwrap_or("ContainerCreating")
        .to_owned()
}

struct Follow {
    shared: Arc<Shared>,
    key: Key,
    uid: String,
    container: String,
    /// Lines that were looked at.
    sent: usize,
    first: Option<Vec<u8>>,
    wanted: Wanted,
    _place: OwnedSemaphorePermit,
}

impl Follow {
    /// The next bytes; none once the pod is gone or has ended, or no more are wanted.
    async fn next(&mut self) -> Option<Vec<u8>> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            if self.wanted.room == Some(0) {
                return None;
            }
            let pod = self.shared.store.get(&self.key)?;
            let logged = self.shared.config.runtime.logs(&pod, &self.container, false);
            let logged = logged.unwrap_or_default();
            // A restarted container starts a new log.
            if logged.len() < self.sent {
                self.sent = 0;
            }
            let fresh = self.wanted.part(logged.get(self.sent..).unwrap_or_default());
            self.sent = logged.len();
            if !fresh.is_empty() {
                return Some(fresh);
            }
            let over = matches!(j::text(&pod, "/status/phase"), "Succeeded" | "Failed");
            if over || j::uid(&pod) != self.uid {
                return None;
            }
            tokio::time::sleep(FOLLOW_EVERY).await;
        }
    }
}
