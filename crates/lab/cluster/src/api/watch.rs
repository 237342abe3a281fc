//! Watches: a list's changes as a stream of JSON lines, with bookmarks
//! (Kubernetes docs, "Efficient detection of changes").

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame};
use serde_json::{Value, json};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use crate::{
    api::{
        forms::{partial, typed},
        reply::Reply,
        request::{Call, Target},
        shared::Shared,
        tables,
    },
    objects::{address::Gvr, errors::ApiError, json as j, selector::Filter},
    store::{Event, EventKind, Watch},
};

/// Time between bookmarks; the API server sends about one a minute.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);
/// A watch ends after this long unless it names a timeout; the API server ends
/// them at random between 30 and 60 minutes.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(30);

/// What the client wants objects as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Whole,
    Partial,
    Table,
}

impl Form {
    fn of(accept: &str) -> Self {
        if tables::wanted(accept) {
            Self::Table
        } else if accept.contains("as=PartialObjectMetadata;") {
            Self::Partial
        } else {
            Self::Whole
        }
    }
}

struct State {
    shared: Arc<Shared>,
    target: Target,
    filter: Filter,
    watch: Watch,
    ready: VecDeque<Value>,
    form: Form,
    include: String,
    bookmarks: bool,
    version: u64,
    ends: Instant,
    next_bookmark: Instant,
    columns_sent: bool,
    _place: OwnedSemaphorePermit,
}

/// Answers a watch request.
pub(crate) fn stream(shared: &Arc<Shared>, call: &Call, target: &Target) -> Result<Reply, ApiError> {
    let filter = call.filter(target)?;
    let asked = call.param("resourceVersion");
    let from: u64 = if asked.is_empty() { 0 } else { asked.parse().map_err(|_| ApiError::no_version(asked))? };
    let initial = call.flag("sendInitialEvents");
    let mut ready = VecDeque::new();
    let start_with_list = from == 0 || initial;
    let (version, listed) = if start_with_list {
        shared.store.list(&target.kind.gvr(), target.namespace.as_deref())
    } else {
        (from, Vec::new())
    };
    let watch = shared.store.watch_from(version)?;
    let timeout = call.param("timeoutSeconds").parse().ok().filter(|s| *s > 0);
    let now = Instant::now();
    let mut state = State {
        shared: Arc::clone(shared),
        target: target.clone(),
        filter,
        watch,
        ready: VecDeque::new(),
        form: Form::of(call.accept()),
        include: call.param("includeObject").to_owned(),
        bookmarks: call.flag("allowWatchBookmarks"),
        version,
        ends: now + timeout.map_or(DEFAULT_TIMEOUT, Duration::from_secs),
        next_bookmark: now + BOOKMARK_EVERY,
        columns_sent: false,
        _place: shared.stream()?,
    };
    for object in listed {
        if state.filter.matches(&object) {
            ready.push_back(state.line("ADDED", &object));
        }
    }
    if initial && state.bookmarks {
        let mut bookmark = state.bookmark();
        j::put(&mut bookmark, "/object/metadata/annotations/k8s.io~1initial-events-end", "true".into());
        ready.push_back(bookmark);
    }
    state.ready = ready;
    let frames = stream::unfold(state, |mut state| async move {
        let line = state.next().await?;
        let bytes = Bytes::from(format!("{line}\n"));
        Some((Ok::<_, Infallible>(Frame::data(bytes)), state))
    });
    let mut reply = Reply::new(StreamBody::new(frames).boxed_unsync());
    reply.headers_mut().insert(http::header::CONTENT_TYPE, http::header::HeaderValue::from_static("application/json"));
    Ok(reply)
}

impl State {
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            tokio::select! {
                event = self.watch.next() => {
                    let Some(event) = event else {
                        return self.lost();
                    };
                    self.version = event.version;
                    if let Some(line) = self.judge(&event) {
                        return Some(line);
                    }
                }
                () = tokio::time::sleep_until(self.next_bookmark), if self.bookmarks => {
                    self.next_bookmark = Instant::now() + BOOKMARK_EVERY;
                    return Some(self.bookmark());
                }
                () = tokio::time::sleep_until(self.ends) => return None,
            }
        }
    }

    /// This reader fell behind: the stream ends, and the client lists anew.
    fn lost(&mut self) -> Option<Value> {
        self.ends = Instant::now();
        None
    }

    /// What an event means for this watch: an object that stops matching is deleted
    /// as far as the watcher is concerned.
    fn judge(&mut self, event: &Event) -> Option<Value> {
        if event.key.gvr != self.stored_gvr() {
            return None;
        }
        if let Some(namespace) = &self.target.namespace
            && event.key.namespace.as_ref() != Some(namespace)
        {
            return None;
        }
        let now = self.filter.matches(&event.object);
        let before = event.previous.as_ref().is_some_and(|old| self.filter.matches(old));
        let kind = match event.kind {
            EventKind::Modified if now && before => "MODIFIED",
            EventKind::Added | EventKind::Modified if now => "ADDED",
            EventKind::Modified if before => "DELETED",
            EventKind::Deleted if now || before => "DELETED",
            EventKind::Added | EventKind::Modified | EventKind::Deleted => return None,
        };
        Some(self.line(kind, &event.object))
    }

    fn stored_gvr(&self) -> Gvr {
        self.target.kind.gvr().stored()
    }

    fn line(&mut self, kind: &str, object: &Arc<Value>) -> Value {
        let object = Arc::new(typed(&self.target, object));
        let shown = if self.form == Form::Table {
            let version = j::text(&object, "/metadata/resourceVersion").to_owned();
            let printed = self.shared.store.printed(self.target.kind);
            let mut table = tables::table(
                (self.target.kind, &printed),
                &[object],
                &json!({"resourceVersion": version}),
                &self.include,
                self.shared.store.now(),
            );
            // Column definitions come with the first row only.
            if self.columns_sent {
                j::put(&mut table, "/columnDefinitions", Value::Null);
            }
            self.columns_sent = true;
            table
        } else if self.form == Form::Partial {
            partial(&object)
        } else {
            Value::clone(&object)
        };
        json!({"type": kind, "object": shown})
    }

    fn bookmark(&self) -> Value {
        let metadata = json!({"resourceVersion": self.version.to_string(), "creationTimestamp": null});
        if self.form == Form::Table {
            return json!({"type": "BOOKMARK", "object": {
                "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                "columnDefinitions": null, "rows": [],
            }});
        }
        let (kind, version) = if self.form == Form::Partial {
            ("PartialObjectMetadata", "meta.k8s.io/v1".to_owned())
        } else {
            (self.target.kind.kind, self.target.kind.api_version())
        };
        json!({"type": "BOOKMARK", "object": {"kind": kind, "apiVersion": version, "metadata": metadata}})
    }
}
