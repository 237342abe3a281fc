//! What a job asks of its session now, beside what a run of before was refused for.

use trustwalk_symptoms::Symptom;

use crate::evidence::{LogFailure, View};

/// What STS takes for a session's life, seconds (STS API reference, `DurationSeconds`).
pub(super) const SHORTEST: i64 = 900;
/// The longest.
pub(super) const LONGEST: i64 = 43_200;

/// Default life of a session (STS API reference).
pub(super) const HOUR: i64 = 3600;

/// What is set now that does not lead to a refusal of the session's length or name, which is of before it: what a
/// program in a pod asks for is written in no object, what a job asks for is.
pub(super) fn no_longer_asked(e: &View<'_>, line: &LogFailure) -> Option<String> {
    let job = e.job().known();
    let input = |name: &str| job?.inputs.get(name).map(String::as_str).filter(|v| !v.contains("${{"));
    let asked: Option<i64> = input("role-duration-seconds").and_then(|v| v.parse().ok());
    let given = asked.filter(|asked| (SHORTEST..=LONGEST).contains(asked));
    let symptom = line.failure.symptom;
    if symptom == Symptom::SessionNameInvalid {
        let name = input("role-session-name").filter(|name| is_taken(name))?;
        return Some(format!("the job's session was given the name `{name}`, which STS takes: run the job again"));
    }
    if symptom == Symptom::IdpLifetimeRefused {
        let requests = job.map(|j| &j.requests).filter(|all| !all.is_empty())?;
        let silent = requests.iter().all(|r| r.lifetime.is_none());
        return silent.then(|| "the job asked for no lifetime of its token: run the job again".to_owned());
    }
    if symptom != Symptom::DurationExceeds {
        return None;
    }
    if line.sample.contains("chaining") {
        let direct = input("role-chaining").is_some_and(|v| v != "true");
        let short = given.filter(|asked| direct || *asked <= HOUR)?;
        let from = if direct { ", and not from another session" } else { "" };
        return Some(format!("the job asked for {short} s{from}: run the job again"));
    }
    if line.sample.contains("satisfy constraint") {
        return given.map(|asked| format!("the job asked for {asked} s, which STS gives: run the job again"));
    }
    let role = e.role().known()?;
    if line.failure.role_arn.as_ref().is_some_and(|theirs| *theirs != role.arn) {
        return None;
    }
    let max = role.max_session;
    match given.filter(|asked| *asked <= max) {
        Some(asked) => Some(format!("the role allowed {max} s, of which the job asks for {asked}: run the job again")),
        None => (max >= LONGEST).then(|| format!("the role allowed {max} s, more than which STS gives nobody")),
    }
}

/// Whether STS takes a session's name: 2 to 64 of letters, digits and `_=,.@+-` (STS API reference, `RoleSessionName`).
fn is_taken(name: &str) -> bool {
    (2..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_=,.@+-".contains(c))
}
