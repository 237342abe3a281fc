//! Lifetime, name and renewal of the session.

use crate::cause::Cause;
use trustwalk_foreign::{shell, snippet};
use trustwalk_symptoms::Symptom;

use super::asked_since::{HOUR, LONGEST, SHORTEST};
use super::facts::lacking;
use super::symptoms::find;
use super::{Draft, Judged, names};
use crate::evidence::{CiJob, LogFailure, Target, View};
use crate::finding::Confidence;
use crate::habitat::Habitat;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[
    Cause::SessionShorterThanJob,
    Cause::AppDoesNotRefreshSessionCredentials,
    Cause::RoleChainingOneHourCap,
    Cause::RoleSessionNameInvalid,
    Cause::RequestedDurationNotRaised,
    Cause::RequestedLifetimeExceedsLimit,
    Cause::TokenFileReadOnce,
];

/// Judges the session.
pub(crate) fn causes(view: &View<'_>) -> Judged {
    let e = view;
    let mut judged = refused(view);
    if let Some(job) = e.job().known() {
        for (rule, draft) in job_session(e, job) {
            if judged.found.is_empty() {
                judged.push(rule, draft);
            }
        }
    }
    if let Some(line) = find(view, &[Symptom::ExpiredSession]).filter(|_| judged.found.is_empty()) {
        let job = e.job().known().is_some() || !Habitat::of(e.whole()).may_be_cluster();
        let (rule, words) = if job {
            (Cause::SessionShorterThanJob, "the job outlives its session")
        } else {
            (
                Cause::AppDoesNotRefreshSessionCredentials,
                if matches!(e.target(), Target::Log { .. }) {
                    "the application or job keeps its session after its end"
                } else {
                    "the application keeps its session after its end although the token is valid"
                },
            )
        };
        let decide = "whether the session came from web identity, and whether a new process works";
        let unsure = |words: &str| Draft::new(words).hear(line).unsure(Confidence::Possible, decide);
        let draft = renewing(e, unsure(words));
        judged.push(rule, draft);
        if rule == Cause::AppDoesNotRefreshSessionCredentials {
            let chained = unsure("the session is made from another session, which lasts an hour at most")
                .cure("assume the role with the web identity directly, or anew every hour", &[]);
            judged.push(Cause::RoleChainingOneHourCap, chained);
            let kept = unsure("the process keeps a token that is no longer good, with which no session is renewed")
                .cure("restart the workload, and read the token file before every exchange", &[]);
            judged.push(Cause::TokenFileReadOnce, kept);
        }
    }
    if judged.found.is_empty() {
        judged.missing = gaps(e);
    }
    judged
}

/// What lines tell of sessions that were refused for their name or their length.
fn refused(view: &View<'_>) -> Judged {
    let e = view;
    let mut judged = Judged::default();
    let note = |text: &str| [("workflow", text.to_owned())];
    if let Some(line) = find(view, &[Symptom::SessionNameInvalid]) {
        judged.push(
            Cause::RoleSessionNameInvalid,
            Draft::new("the session's name has characters or a length STS refuses")
                .hear(line)
                .cure("use 2 to 64 of letters, digits and _=,.@+-", &named(e)),
        );
    }
    if let Some(line) = find(view, &[Symptom::DurationExceeds]) {
        let (cause, draft) = too_long(e, line);
        judged.push(cause, draft);
    }
    if let Some(line) = find(view, &[Symptom::IdpLifetimeRefused]) {
        let draft =
            Draft::new("the identity provider gives no token that lives as long as the job asks for").hear(line);
        let shorter = "buildkite-agent oidc request-token --audience sts.amazonaws.com --lifetime 3600";
        judged.push(Cause::RequestedLifetimeExceedsLimit, draft.cure("ask for a shorter life", &note(shorter)));
    }
    still_asked(e, &mut judged);
    judged
}

/// How a session is renewed: a job asks for a longer one, a program has its SDK do it.
fn renewing(e: &View<'_>, draft: Draft) -> Draft {
    let habitat = Habitat::of(e.whole());
    let mut ways = Vec::new();
    if habitat.may_be_cluster() {
        ways.push(("kubectl", names::on_workload(e, "rollout restart", "", &[])));
        ways.push((
            "note",
            "a restart helps until the next session ends; clients that are made with the SDK's own chain \
                            of credentials renew by themselves"
                .to_owned(),
        ));
    }
    if habitat.may_be_ci() {
        let words = "role-duration-seconds: longer than the job, or assume the role again before the last steps";
        ways.push(("workflow", words.to_owned()));
    }
    draft.cure("renew the session before it ends", &ways)
}

/// Where the session's name is set.
fn named(e: &View<'_>) -> Vec<(&'static str, String)> {
    let habitat = Habitat::of(e.whole());
    let pods = || ("kubectl", names::on_workload(e, "set env", " AWS_ROLE_SESSION_NAME=my-app", &[]));
    let job = || ("workflow", "role-session-name: my-job".to_owned());
    habitat.may_be_cluster().then(pods).into_iter().chain(habitat.may_be_ci().then(job)).collect()
}

/// Where an hour is asked for.
fn an_hour(e: &View<'_>) -> Vec<(&'static str, String)> {
    let habitat = Habitat::of(e.whole());
    let own =
        || ("note", "DurationSeconds, or the role_session_duration or the like of its configuration: 3600".to_owned());
    let job = || ("workflow", seconds(HOUR));
    habitat.may_be_cluster().then(own).into_iter().chain(habitat.may_be_ci().then(job)).collect()
}

/// Which limit a session that was asked for goes beyond, as the refusal says.
fn too_long(e: &View<'_>, line: &LogFailure) -> (Cause, Draft) {
    let hour = an_hour(e);
    let chained = line.sample.contains("chaining");
    let (cause, words) = if chained {
        (Cause::RoleChainingOneHourCap, "a session made from a session lasts an hour at most")
    } else if line.sample.contains("satisfy constraint") {
        // 900 to 43200 s (STS API reference, DurationSeconds): no role's maximum changes these.
        (Cause::RequestedLifetimeExceedsLimit, "the session asked for is outside the 900 to 43200 seconds STS allows")
    } else {
        (Cause::RequestedLifetimeExceedsLimit, "the session asked for is longer than the role allows")
    };
    let mut draft = Draft::new(words).hear(line);
    if let Some(role) = e.role().known() {
        draft = draft.show("MaxSessionDuration", role.max_session.to_string(), "iam:GetRole");
    }
    let draft = if cause == Cause::RoleChainingOneHourCap {
        draft.cure("ask for an hour: no maximum of a role changes this", &hour)
    } else if line.sample.contains("satisfy constraint") {
        draft.cure("ask for one of these", &hour)
    } else {
        // What a job asks for is written in its file; a log alone does not tell it.
        let asked = e.job().known().and_then(|j| j.inputs.get("role-duration-seconds")?.parse().ok());
        let by_hand = match asked.filter(|asked| (SHORTEST..=LONGEST).contains(asked)) {
            Some(asked) => ("aws", raise(e, asked)),
            None => (
                "note",
                shell::line(
                    "`aws iam update-role --role-name {} --max-session-duration` raises it, with the seconds that the \
                     workload asks for, 43200 at most",
                    &[names::role(e).unwrap_or("ROLE")],
                ),
            ),
        };
        draft.cure("ask for less, or raise the role's maximum", &[by_hand])
    };
    (cause, draft)
}

/// What a refused run asked for is no proof of what a job asks for now, where its files or its role were not read.
fn still_asked(e: &View<'_>, judged: &mut Judged) {
    if !matches!(e.target(), Target::Job { .. }) {
        return;
    }
    let decide = if e.job().known().is_none() {
        lacking("what the job asks for now", e.job())
    } else if e.role().is_refused() {
        lacking("how long the role lets sessions last now", e.role())
    } else {
        return;
    };
    for found in &mut judged.found {
        found.draft.confidence = found.draft.confidence.min(Confidence::Likely);
        found.draft.decide.get_or_insert_with(|| decide.clone());
    }
}

/// What a session could only be judged by and was not read.
fn gaps(e: &View<'_>) -> Vec<String> {
    let mut out = Vec::new();
    if e.logs().is_open() {
        out.push(lacking("the logs", e.logs()));
    }
    if matches!(e.target(), Target::Job { .. }) && e.job().known().is_none() && !e.job().is_absent() {
        out.push(lacking("the job", e.job()));
    }
    out
}

/// A session name STS would refuse: 2 to 64 of letters, digits and `_=,.@+-` (STS API reference, `RoleSessionName`).
fn unusable(name: &str) -> Option<Draft> {
    let bad = name.chars().find(|c| !(c.is_ascii_alphanumeric() || "_=,.@+-".contains(*c)));
    let why = match bad {
        Some(c) => format!("the session name `{name}` holds `{c}`, which STS does not take"),
        None if name.len() < 2 || name.len() > 64 => match name.len() {
            1 => format!("the session name `{name}` has 1 character; 2 to 64 are allowed"),
            length => format!("the session name `{name}` has {length} characters; 2 to 64 are allowed"),
        },
        None => return None,
    };
    Some(Draft::new(why).show("role-session-name", name, "workflow").cure(
        "use 2 to 64 of letters, digits and _=,.@+-",
        &[("workflow", snippet::workflow("role-session-name: {}", &[&clean(name)]))],
    ))
}

/// The name with what STS does not take replaced, cut or filled up to what it takes.
fn clean(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_=,.@+-".contains(c) { c } else { '-' };
    let kept: String = name.chars().map(plain).take(64).collect();
    if kept.len() < 2 { format!("{kept}-job") } else { kept }
}

/// A number needs no quotes in any language.
fn seconds(asked: i64) -> String {
    ["role-duration-seconds: ", &asked.to_string()].concat()
}

/// The command that lets sessions of the role last so long.
fn raise(e: &View<'_>, seconds: i64) -> String {
    let name = names::role(e).unwrap_or("ROLE");
    shell::line("aws iam update-role --role-name {} --max-session-duration {}", &[name, &seconds.to_string()])
}

fn job_session(e: &View<'_>, job: &CiJob) -> Vec<(Cause, Draft)> {
    let mut out = Vec::new();
    let asked: i64 = job.inputs.get("role-duration-seconds").and_then(|v| v.parse().ok()).unwrap_or(HOUR);
    let max = e.role().known().map(|r| r.max_session).filter(|m| *m > 0);
    if let Some(name) = job.inputs.get("role-session-name").filter(|n| !n.contains("${{")) {
        out.extend(unusable(name).map(|draft| (Cause::RoleSessionNameInvalid, draft)));
    }
    if asked > HOUR && job.inputs.get("role-chaining").is_some_and(|v| v == "true") {
        out.push((
            Cause::RoleChainingOneHourCap,
            Draft::new(format!(
                "the job chains roles and asks for {asked} s; a session made from a session lasts {HOUR} at most"
            ))
            .show("role-duration-seconds", asked.to_string(), "workflow")
            .show("role-chaining", "true", "workflow")
            .cure(
                "ask for an hour and assume the role again, or assume it with the web identity directly",
                &[("workflow", seconds(HOUR))],
            ),
        ));
    }
    if !(SHORTEST..=LONGEST).contains(&asked) {
        out.push((
            Cause::RequestedLifetimeExceedsLimit,
            Draft::new(format!(
                "the job asks for a session of {asked} s, and STS gives {SHORTEST} to {LONGEST}, whatever the role \
                 allows"
            ))
            .show("role-duration-seconds", asked.to_string(), "workflow")
            .cure("ask for one of these", &[("workflow", seconds(HOUR))]),
        ));
    } else if let Some(max) = max.filter(|m| asked > *m) {
        out.push((
            Cause::RequestedLifetimeExceedsLimit,
            Draft::new(format!("the job asks for a session of {asked} s and the role allows {max}"))
                .show("role-duration-seconds", asked.to_string(), "workflow")
                .show("MaxSessionDuration", max.to_string(), "iam:GetRole")
                .cure(
                    "raise the role's maximum or ask for less",
                    &[("aws", raise(e, asked)), ("workflow", seconds(max))],
                ),
        ));
    }
    if let Some(lasts) = job.duration.filter(|d| *d > asked) {
        let raised = max.is_some_and(|m| m >= lasts) && !job.inputs.contains_key("role-duration-seconds");
        let rule = if raised { Cause::RequestedDurationNotRaised } else { Cause::SessionShorterThanJob };
        let draft = Draft::new(format!("the job lasts {lasts} s and its session {asked} s"))
            .show("job", lasts.to_string(), "job")
            .show("session asked for", asked.to_string(), "workflow");
        let longest = max.filter(|max| *max < lasts);
        let draft = match longest {
            // A longer session than the role allows is refused: one step is no use without the other.
            Some(max) if lasts <= LONGEST => draft.show("MaxSessionDuration", max.to_string(), "iam:GetRole").cure(
                format!("raise the role's maximum, which is {max} s, and then ask for a session as long as the job"),
                &[("aws", raise(e, lasts)), ("workflow", seconds(lasts))],
            ),
            Some(_) | None if lasts > LONGEST => {
                draft.cure("assume the role anew in the job: no session lasts so long", &[])
            }
            Some(_) | None => draft.cure("ask for a session as long as the job", &[("workflow", seconds(lasts))]),
        };
        out.push((rule, draft));
    }
    out
}
