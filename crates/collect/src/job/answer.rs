//! GitHub's answers about a repository and its subject, as files: `gh api repos/OWNER/REPO > FILE`.

use std::path::Path;

use serde_json::Value;
use trustwalk_core::evidence::{CiJob, Platform, SettingOf, SubjectSetting};

use super::{json, text};
use crate::error::CollectError;
use crate::github::{Asked, Heard};

/// One answer (GitHub REST API, "Get a repository", "Actions OIDC").
#[derive(Debug)]
pub(super) enum Answer {
    /// Of `GET /repos/OWNER/REPO`.
    Repository(Value),
    /// Of `GET …/actions/oidc/customization/sub`.
    Setting(SubjectSetting),
}

pub(super) fn read(file: &Path) -> Result<Answer, CollectError> {
    of(json(file)?).ok_or_else(|| CollectError::Format {
        path: file.to_owned(),
        what: "an answer of GitHub",
        reason: "it is neither that of GET /repos/OWNER/REPO nor that of GET …/actions/oidc/customization/sub"
            .to_owned(),
    })
}

fn of(answer: Value) -> Option<Answer> {
    if answer.get("full_name").is_some_and(Value::is_string) {
        return Some(Answer::Repository(answer));
    }
    let flag = |name: &str| answer.get(name).and_then(Value::as_bool);
    // A repository's answer always says whether it uses the default; an organization's has no such member.
    let use_default = flag("use_default");
    let keys = answer.get("include_claim_keys").and_then(Value::as_array);
    if use_default.is_none() && keys.is_none() {
        return None;
    }
    let keys = keys.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    Some(Answer::Setting(SubjectSetting {
        of: if use_default.is_some() { SettingOf::Repository } else { SettingOf::Organization },
        use_default,
        include_claim_keys: keys.collect(),
        sub_claim_prefix: text(&answer, "/sub_claim_prefix"),
        use_immutable_subject: flag("use_immutable_subject"),
    }))
}

/// Adds what GitHub told to a job, and what it did not.
pub(super) fn hear(heard: &Heard, job: &mut CiJob) {
    for answer in heard.answers.iter().cloned().filter_map(of) {
        answer.add(job);
    }
    for (asked, _) in &heard.unread {
        if let Asked::Setting(of) = asked
            && !job.subject_settings.iter().any(|s| s.of == *of)
            && !job.settings_unread.contains(of)
        {
            job.settings_unread.push(*of);
        }
    }
}

impl Answer {
    /// Adds what it tells to a job of GitHub's. Another repository's answer tells nothing of this one.
    pub(super) fn add(&self, job: &mut CiJob) {
        if job.platform != Platform::GithubActions {
            return;
        }
        let answer = match self {
            Self::Setting(setting) => {
                job.subject_settings.retain(|s| s.of != setting.of);
                job.subject_settings.push(setting.clone());
                return;
            }
            Self::Repository(answer) => answer,
        };
        let name = text(answer, "/full_name").unwrap_or_default();
        if job.repository.is_empty() {
            job.repository.clone_from(&name);
        }
        if !job.repository.eq_ignore_ascii_case(&name) {
            return;
        }
        // The subject has the names as GitHub writes them.
        job.repository = name;
        let created = text(answer, "/created_at").and_then(|t| t.parse::<jiff::Timestamp>().ok());
        job.repository_created = created.map(jiff::Timestamp::as_second).or(job.repository_created);
        job.default_branch = text(answer, "/default_branch").or_else(|| job.default_branch.take());
        for (key, place) in [("repository_id", "/id"), ("owner_id", "/owner/id")] {
            if let Some(id) = text(answer, place) {
                job.ids.insert(key.to_owned(), id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job() -> CiJob {
        CiJob { platform: Platform::GithubActions, repository: "acme/shop".to_owned(), ..CiJob::default() }
    }

    #[test]
    fn answers_are_told_apart_and_applied() {
        let mut job = job();
        job.event = "pull_request".to_owned();
        let repository =
            json!({"full_name": "Acme/shop", "id": 34, "owner": {"id": 12}, "created_at": "2026-08-01T00:00:00Z"});
        of(repository).unwrap().add(&mut job);
        assert_eq!(job.foretold()[0].known(), Some("repo:Acme@12/shop@34:pull_request"));
        of(json!({"use_default": false, "include_claim_keys": ["repository_owner", "context"]})).unwrap().add(&mut job);
        assert_eq!(job.foretold()[0].known(), Some("repository_owner:Acme:pull_request"));
        of(json!({"include_claim_keys": ["repo"]})).unwrap().add(&mut job);
        assert_eq!(job.subject_settings.len(), 2);
        assert!(of(json!({"message": "Not Found"})).is_none());
    }

    #[test]
    fn another_repositorys_answer_tells_nothing() {
        let mut job = job();
        of(json!({"full_name": "acme/blog", "id": 1, "created_at": "2020-01-01T00:00:00Z"})).unwrap().add(&mut job);
        assert_eq!((job.repository.as_str(), job.repository_created), ("acme/shop", None));
    }
}
