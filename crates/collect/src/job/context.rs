//! The run around a job: its event, as GitHub writes it or as the lab does; the runner's variables; the checkout.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use trustwalk_core::evidence::CiJob;

use super::text;
use super::workflow::strings;
use crate::files::read_bounded;

/// What is known of the run.
pub(super) struct Context {
    /// The event, `null` when there is none.
    pub(super) event: Value,
    repository: String,
    git_ref: String,
    name: String,
    ids: BTreeMap<String, String>,
}

impl Context {
    /// `lookup` reads an environment variable: on a runner they name the run (GitHub Docs, "Variables reference").
    pub(super) fn new(path: &Path, event: Value, lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let given = |name: &str| lookup(name).filter(|v| !v.is_empty());
        // Variables and event are of the same run; an event in a file is of its own.
        let variable = |name: &str| if event.is_null() { given(name) } else { None };
        let repository = text(&event, "/repository")
            .or_else(|| text(&event, "/repository/full_name"))
            .or_else(|| variable("GITHUB_REPOSITORY"))
            .or_else(|| origin(path));
        let of_pull_request = event.get("pull_request").map(|_| "pull_request".to_owned());
        let name = text(&event, "/event")
            .or_else(|| text(&event, "/event_name"))
            .or(of_pull_request)
            .or_else(|| variable("GITHUB_EVENT_NAME"));
        let mut ids = strings(event.get("ids"));
        let places = [
            ("repository_id", "/repository/id", "GITHUB_REPOSITORY_ID"),
            ("owner_id", "/repository/owner/id", "GITHUB_REPOSITORY_OWNER_ID"),
        ];
        for (id, pointer, name) in places {
            if let Some(value) = text(&event, pointer).or_else(|| variable(name)) {
                ids.entry(id.to_owned()).or_insert(value);
            }
        }
        Self {
            repository: repository.unwrap_or_default(),
            git_ref: text(&event, "/ref").or_else(|| variable("GITHUB_REF")).unwrap_or_default(),
            name: name.unwrap_or_default(),
            ids,
            event,
        }
    }

    /// The job's facts that its workflow does not tell.
    pub(super) fn facts(&self) -> CiJob {
        let event = &self.event;
        let customised = names(event, "/customised_subject");
        let head = text(event, "/pull_request/head/repo/full_name");
        let elsewhere = head.is_some() && head != text(event, "/pull_request/base/repo/full_name");
        let created = event.get("repository_created").or_else(|| event.pointer("/repository/created_at"));
        CiJob {
            repository: self.repository.clone(),
            git_ref: self.git_ref.clone(),
            event: self.name.clone(),
            fork: event.get("fork").and_then(Value::as_bool).unwrap_or(elsewhere),
            repository_created: created.and_then(time),
            former_names: names(event, "/former_names"),
            ids: self.ids.clone(),
            customised_subject: (!customised.is_empty()).then_some(customised),
            duration: event.get("duration").and_then(Value::as_i64),
            ..CiJob::default()
        }
    }
}

fn names(event: &Value, pointer: &str) -> Vec<String> {
    let list = event.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Unix seconds, or an ISO 8601 time.
fn time(v: &Value) -> Option<i64> {
    v.as_i64().or_else(|| v.as_str()?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second))
}

/// `owner/name` of the checkout's origin, when it is on github.com (git-config(1)).
fn origin(path: &Path) -> Option<String> {
    let here = path.canonicalize().ok()?;
    let config = here.ancestors().map(|p| p.join(".git").join("config")).find(|c| c.is_file())?;
    let text = String::from_utf8_lossy(&read_bounded(&config).ok()?).into_owned();
    let mut lines = text.lines().map(str::trim).skip_while(|l| *l != "[remote \"origin\"]").skip(1);
    let url = lines.by_ref().take_while(|l| !l.starts_with('[')).find_map(|l| {
        let (key, value) = l.split_once('=')?;
        (key.trim() == "url").then(|| value.trim())
    })?;
    let (_, place) = url.split_once("github.com")?;
    let place = place.trim_start_matches([':', '/']);
    Some(place.trim_end_matches('/').strip_suffix(".git").unwrap_or(place).to_owned())
}
