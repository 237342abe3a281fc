//! Lists of objects: in pages, as kubectl reads them, each object forgotten once what is wanted of it is kept.

use std::collections::BTreeSet;

use http::Request;
use serde_json::Value;
use tokio::time::Instant;
use trustwalk_core::evidence::{Observed, Source};
use trustwalk_foreign::shell;

use super::answer::Failure;
use super::client::KubeApi;
use crate::json;
use crate::limits::{API_BYTES, LIST_BYTES, LIST_OBJECTS, LIST_PAGE, LIST_PAGES, LIST_TIMEOUT};

/// A list that is asked for.
pub(crate) struct Asked<'a> {
    /// Path prefix of its API group.
    pub(crate) api: &'a str,
    /// Plural of its resource.
    pub(crate) plural: &'a str,
    /// One namespace, or all.
    pub(crate) namespace: Option<&'a str>,
    /// Selectors, `name=value`, encoded.
    pub(crate) query: &'a str,
}

impl Asked<'_> {
    /// Path and query, ready for more of the query.
    pub(super) fn beginning(&self) -> String {
        let Asked { api, plural, namespace, query } = self;
        let and = if query.is_empty() { "" } else { "&" };
        match namespace {
            Some(ns) => format!("{api}/namespaces/{}/{plural}?{query}{and}", crate::percent::segment(ns)),
            None => format!("{api}/{plural}?{query}{and}"),
        }
    }

    pub(super) fn source(&self, at: i64) -> Source {
        let plural = self.plural;
        let (place, by_hand) = match self.namespace {
            Some(ns) => (format!(" in {ns}"), shell::try_line("kubectl get {} -n {}", &[plural, ns])),
            // Nothing without a namespace of its own is asked for but these and configurations of webhooks.
            None if self.api.contains("admissionregistration") || plural == "namespaces" => {
                (String::new(), shell::try_line("kubectl get {}", &[plural]))
            }
            None => (String::new(), shell::try_line("kubectl get {} -A", &[plural])),
        };
        Source { what: format!("{plural}{place}"), at, by_hand: by_hand.ok() }
    }
}

/// A list being read.
struct Reading<T> {
    kept: Vec<T>,
    seen: BTreeSet<String>,
    next: Option<String>,
    version: String,
    size: usize,
    bytes: usize,
    objects: usize,
    pages: usize,
    restarted: bool,
}

impl<T> Reading<T> {
    fn new() -> Self {
        Self {
            kept: Vec::new(),
            seen: BTreeSet::new(),
            next: None,
            version: String::new(),
            size: LIST_PAGE,
            bytes: 0,
            objects: 0,
            pages: 0,
            restarted: false,
        }
    }

    /// The token of a page that has expired: the list is read again from its start, once, as kubectl does. A second
    /// time it would change faster than it can be read.
    fn restart(&mut self) {
        let (pages, bytes) = (self.pages, self.bytes);
        *self = Self { pages, bytes, restarted: true, ..Self::new() };
    }
}

fn broken(reason: String) -> Failure {
    Failure::Broken { reason, transient: false }
}

impl KubeApi {
    /// What is kept of every object of a list.
    pub(crate) async fn list<T>(
        &self,
        asked: &Asked<'_>,
        keep: &(dyn Fn(Value) -> Option<T> + Sync),
    ) -> Observed<Vec<T>> {
        let source = asked.source(self.now());
        match self.list_at(asked, keep).await {
            Ok((value, _)) => Observed::Known { value, source },
            Err(failure) => failure.observed(source, &format!("list {}", asked.plural)),
        }
    }

    /// The same with the version that the list is of, from which its changes can be watched.
    pub(super) async fn list_at<T>(
        &self,
        asked: &Asked<'_>,
        keep: &(dyn Fn(Value) -> Option<T> + Sync),
    ) -> Result<(Vec<T>, String), Failure> {
        let mut reading = Reading::new();
        let until = Instant::now() + LIST_TIMEOUT;
        let path = asked.beginning();
        let read = async {
            while !self.page(&path, &mut reading, keep).await? {}
            Ok::<_, Failure>(())
        };
        tokio::time::timeout_at(until, read).await.unwrap_or_else(|_| {
            Err(broken(format!("the list was not read to its end within {} s", LIST_TIMEOUT.as_secs())))
        })?;
        Ok((reading.kept, reading.version))
    }

    /// Reads the next page; whether it was the last.
    async fn page<T>(
        &self,
        path: &str,
        reading: &mut Reading<T>,
        keep: &(dyn Fn(Value) -> Option<T> + Sync),
    ) -> Result<bool, Failure> {
        if reading.pages >= LIST_PAGES {
            return Err(broken(format!("the list is too large: it has more than {LIST_PAGES} pages")));
        }
        let token = reading.next.as_ref().map(|t| format!("&continue={}", crate::percent::encode(t)));
        let url = format!("{path}limit={}{}", reading.size, token.unwrap_or_default());
        let request = Request::get(url).body(Vec::new()).map_err(|e| broken(e.to_string()))?;
        reading.pages += 1;
        let body = match self.ask(&request, API_BYTES).await {
            Ok(body) => body,
            // Objects may be large: fewer of them are asked for.
            Err(Failure::TooLarge(_)) if reading.size > 1 => {
                reading.bytes += API_BYTES;
                reading.size = (reading.size / 10).max(1);
                return too_many(reading.bytes).map(|()| false);
            }
            Err(Failure::Refused { code: 410, .. }) if reading.next.is_some() && !reading.restarted => {
                reading.restart();
                return Ok(false);
            }
            Err(failure) => return Err(failure),
        };
        reading.bytes += body.len();
        too_many(reading.bytes)?;
        // What was kept of a list that is read again is forgotten, and so is what it counts.
        let room = LIST_OBJECTS - reading.objects;
        let page = json::page(&body, room, keep).map_err(broken)?;
        reading.objects += page.read;
        reading.kept.extend(page.kept);
        reading.version = page.version.unwrap_or_default();
        let Some(next) = page.next else { return Ok(true) };
        if !reading.seen.insert(next.clone()) {
            return Err(broken("the list repeats itself: a page's token came twice".to_owned()));
        }
        reading.next = Some(next);
        Ok(false)
    }
}

fn too_many(bytes: usize) -> Result<(), Failure> {
    if bytes <= LIST_BYTES {
        return Ok(());
    }
    Err(broken(format!("the list is too large: it has more than {} MiB and was not read to its end", LIST_BYTES >> 20)))
}
