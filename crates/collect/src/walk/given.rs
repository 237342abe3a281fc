//! What the user gave besides the target: used, or told to contradict it, and never dropped without a word.

use std::path::Path;

use trustwalk_core::evidence::{Evidence, Observed, Source, TokenClaims, TokenSource};

use super::bearer::Bearer;
use super::options::WalkOptions;
use super::targets::Ask;
use super::world::World;
use crate::error::CollectError;
use crate::secret::SecretToken;
use crate::{claims, files};

/// What of the command line contradicts itself, before anything is asked of anybody.
pub fn contradiction(options: &WalkOptions, ask: &Ask) -> Result<(), CollectError> {
    let Some(path) = &options.token else { return Ok(()) };
    let (token, _) = token_file(path, options.now);
    let Some(token) = token.known().map(said) else { return Ok(()) };
    let refuse = |words: String| Err(CollectError::Contradiction(words));
    let subject = match ask {
        Ask::Role { subject, .. } | Ask::Job { subject, .. } => subject.as_deref(),
        Ask::Everything { .. } | Ask::Workload(_) | Ask::Several(_) | Ask::Chosen(_) | Ask::Issuer(_) | Ask::Logs => {
            None
        }
    };
    if let (Some(subject), Some(sub)) = (subject, token.sub.as_deref())
        && subject != sub
    {
        return refuse(format!("--subject is `{subject}`, and the subject of the given token is `{sub}`"));
    }
    if let (Some(issuer), Some(iss)) = (options.issuer.as_deref(), token.iss.as_deref())
        && bare(issuer) != bare(iss)
    {
        return refuse(format!("--issuer is `{issuer}`, and the issuer of the given token is `{iss}`"));
    }
    Ok(())
}

/// The token of `--token`, if one was given and can be of what is asked about. Of another's nothing is taken, and no
/// exchange is made with it.
pub(super) fn token(world: &World, evidence: &mut Evidence) -> Option<Bearer> {
    let (token, padded) = token_file(world.options.token.as_ref()?, world.options.now);
    match token.known().and_then(|t| evidence.stranger(&said(t))) {
        None => Some(Bearer::File(token, padded)),
        Some(why) => {
            evidence.dismissed.push(format!(
                "the token that was given is not of what was asked about: {why}; nothing was decided from it"
            ));
            None
        }
    }
}

/// The token of a job: the one that was given, or that of its folder.
pub(super) fn token_of_job(
    world: &World,
    evidence: &mut Evidence,
    own: Observed<SecretToken>,
    subject: Option<&str>,
) -> Bearer {
    let of_folder = own.known().map(said);
    let sub = of_folder.as_ref().and_then(|t| t.sub.clone());
    if let (Some(asked), Some(sub)) = (subject, sub.filter(|sub| subject != Some(sub.as_str()))) {
        evidence.dismissed.push(format!(
            "--subject is `{asked}`, and the subject of the token in the job's folder is `{sub}`: what is told is of \
             the token's"
        ));
    }
    match token(world, evidence) {
        Some(Bearer::File(token, padded)) => {
            let both = token.known().map(said).zip(of_folder);
            if both.is_some_and(|(a, b)| (a.iss, a.sub, a.aud) != (b.iss, b.sub, b.aud)) {
                let words =
                    "the token in the job's folder says something else than the one that was given, and was not used";
                evidence.dismissed.push(words.to_owned());
            }
            Bearer::File(token, padded)
        }
        Some(other) => other,
        None => Bearer::Token(own, TokenSource::HandedIn),
    }
}

/// Tells of a cluster that was named and is not the one that was looked at.
pub(super) fn cluster(world: &World, evidence: &mut Evidence) {
    let Some(name) = world.options.cluster.as_deref() else { return };
    let given = name.rsplit('/').next().unwrap_or(name);
    let why = match &evidence.cluster {
        Observed::Absent { .. } => {
            let region = evidence.region.as_deref().unwrap_or("this region");
            format!("the account has no such EKS cluster in {region}")
        }
        Observed::Known { value, .. } if value.name != given => {
            format!("the EKS cluster of this API server is `{}`", value.name)
        }
        Observed::Known { .. }
        | Observed::Denied { .. }
        | Observed::Unreachable { .. }
        | Observed::NotCollected { .. }
        | Observed::Spared { .. } => return,
    };
    evidence.dismissed.push(format!("--cluster is `{name}`, and {why}"));
}

/// Tells of an issuer that was given and is not the one that counts.
pub(super) fn issuer(world: &World, evidence: &mut Evidence, counts: Option<&str>) {
    let (Some(given), Some(counts)) = (world.options.issuer.as_deref(), counts) else { return };
    if bare(given) != bare(counts) {
        evidence.dismissed.push(format!(
            "--issuer is `{given}`, and the issuer of what was asked about is `{counts}`: the one that was given was \
             not looked at"
        ));
    }
}

/// One log is of one job: of several, the one whose role or subject it names. Where it names none, it is charged to
/// none.
pub(super) fn logs_of_jobs(all: &mut [Evidence]) {
    if all.len() < 2 {
        return;
    }
    let speaks = |e: &Evidence| e.logs.known().is_some_and(|l| !l.is_empty()) || !e.besides.is_empty();
    let is_meant = |e: &Evidence| {
        let (role, sub) = (e.role_arn.known(), e.token.known().and_then(|t| t.sub.as_deref()));
        let mut failures = e.logs.known().into_iter().flatten().map(|l| &l.failure);
        failures.any(|f| {
            (f.role_arn.is_some() && f.role_arn.as_ref() == role)
                || f.subject.as_ref().is_some_and(|s| Some(s.as_str()) == sub)
        })
    };
    let named: Vec<bool> = all.iter().map(is_meant).collect();
    let one = named.iter().filter(|n| **n).count() == 1;
    let many = all.len();
    for (e, named) in all.iter_mut().zip(named) {
        if !speaks(e) || (one && named) {
            continue;
        }
        e.hear(Observed::NotCollected { reason: "the log that was given is not told to be of this job".to_owned() });
        if !one {
            e.dismissed.push(format!(
                "which of the {many} jobs the log is of: it names the role of none of them alone, and was charged to \
                 none; --job with a file of that job alone would tell"
            ));
        }
    }
}

fn said(token: &SecretToken) -> TokenClaims {
    claims::read(token, ("", TokenSource::HandedIn), None)
}

fn bare(url: &str) -> &str {
    url.trim_end_matches('/').trim_start_matches("https://")
}

/// A token from a file, without the blanks and line breaks around it, and whether there were any. Of the SDKs some
/// send them along and some do not; what is asked here is what the token says.
pub(super) fn token_file(path: &Path, now: i64) -> (Observed<SecretToken>, bool) {
    let source = Source { what: format!("token file {}", path.display()), at: now, by_hand: None };
    match files::read_bounded(path) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let bare = text.trim();
            let padded = bare.len() != text.len();
            (Observed::Known { value: SecretToken::new(bare.to_owned()), source }, padded)
        }
        Err(CollectError::Read { source: e, .. }) if e.kind() == std::io::ErrorKind::NotFound => {
            (Observed::Absent { source }, false)
        }
        Err(e) => (Observed::Unreachable { source, error: e.in_full() }, false),
    }
}
