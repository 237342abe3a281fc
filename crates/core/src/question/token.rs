//! Whether the token itself can be taken.

use crate::cause::Cause;
use trustwalk_foreign::snippet;
use trustwalk_symptoms::Symptom;

use super::facts::{GRACE, in_cluster, moment, told};
use super::renewal::renewed;
use super::symptoms::find;
use super::{Draft, Judged, names, not_yet};
use crate::evidence::{DEFAULT_AUDIENCE, LogFailure, TokenClaims, View};
use crate::finding::Confidence;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[
    Cause::TokenFileReadOnce,
    Cause::TokenContentMalformed,
    Cause::TokenExpiredDuringRetries,
    Cause::TokenSigningAlgorithmUnsupported,
    Cause::TokenTooOldOrExpired,
    Cause::WrongTokenKindMissingAud,
    Cause::IdpDoesNotIssueRequestedAudience,
    Cause::TokenNotValidYet,
];

/// Signature algorithms STS knows (STS API reference).
const ALGORITHMS: [&str; 6] = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];

/// Judges the token.
pub(crate) fn causes(view: &View<'_>) -> Judged {
    let e = view;
    let expired = find(view, &[Symptom::ExpiredToken]);
    // Only containers ask the Pod Identity agent, and the kubelet keeps their file fresh.
    let rotated = find(view, &[Symptom::PodIdentityTokenExpired]).or(expired.filter(|_| in_cluster(e)));
    let slow = find(view, &[Symptom::StsTimeout, Symptom::StsUnreachable, Symptom::StsGlobalEndpoint]).is_some();
    let mut judged = Judged::default();
    if let Some(line) = rotated.or(expired.filter(|_| slow)) {
        let (rule, sentence) = if slow {
            (
                Cause::TokenExpiredDuringRetries,
                "connections to STS were so slow that the token expired while the client retried",
            )
        } else {
            (
                Cause::TokenFileReadOnce,
                "the process presents an expired token although the kubelet keeps the file fresh: it read the file \
                 once and kept what it read",
            )
        };
        let draft = Draft::new(sentence)
            .unsure(Confidence::Likely, "a new process in the same container works if the file is fresh")
            .hear(line);
        let draft = if slow {
            let asked =
                names::probe(view, "curlimages/curl", "curl -sv https://sts.{}.amazonaws.com", &[names::region(view)]);
            draft.cure(
                "have the client get a new token for every attempt, or give up sooner; then repair the way to STS",
                &[("kubectl", asked)],
            )
        } else {
            renewed(view, draft, "restart the pods now, and update the SDK to one that reads the file again")
        };
        judged.push(rule, draft);
        return judged;
    }
    if super::sts::succeeded(view) {
        return judged;
    }
    if let Some(draft) = another_audience(e) {
        judged.push(Cause::IdpDoesNotIssueRequestedAudience, draft);
        return judged;
    }
    if let Some(line) = find(view, &[Symptom::AudienceNotIssued]) {
        judged.push(Cause::IdpDoesNotIssueRequestedAudience, not_issued(line));
        return judged;
    }
    let Some(token) = e.token().known() else {
        return unread(view, e, expired);
    };
    let found = malformed(view, token).or_else(|| not_yet::token(e, token)).or_else(|| old(e, token));
    if let Some((rule, draft)) = found {
        judged.push(rule, draft);
    }
    judged
}

/// The platform refuses to issue a token for an audience: what IAM has registered changes nothing of that.
fn not_issued(line: &LogFailure) -> Draft {
    let asked = line.failure.audience.as_ref().map(|aud| format!(" `{aud}`")).unwrap_or_default();
    let draft = Draft::new(format!(
        "the identity provider does not know the audience{asked} it is asked for, and issues no token"
    ));
    draft.hear(line).cure(
        "register the audience with the identity provider, or ask for one it knows and register that with IAM",
        &[(
            "note",
            "a token that it issued before tells which it knows (`trustwalk token FILE` shows aud); without one named, \
             it issues its default"
                .to_owned(),
        )],
    )
}

/// The token was not read: what the logs say of it.
fn unread(view: &View<'_>, e: &View<'_>, expired: Option<&LogFailure>) -> Judged {
    let mut judged = Judged::default();
    if let Some(line) = find(view, &[Symptom::NotAJwt]) {
        judged.push(
            Cause::TokenContentMalformed,
            Draft::new("what the workload sends as a token is not a JWT").hear(line),
        );
    } else if let Some(line) = find(view, &[Symptom::InvalidTimestamp]) {
        judged.push(Cause::TokenContentMalformed, of_times(line));
    } else if let Some(line) = find(view, &[Symptom::TokenParameterInvalid]) {
        nothing_sent(view, &mut judged, line);
    } else if let Some(line) = find(view, &[Symptom::MissingClaim]) {
        judged.push(
            Cause::WrongTokenKindMissingAud,
            Draft::new("the token lacks a claim that STS requires: it is not an OIDC token for AWS").hear(line),
        );
    } else if let Some(draft) = not_yet::heard(view) {
        judged.push(Cause::TokenNotValidYet, draft);
    } else if let Some(line) = expired {
        past(&mut judged, line);
    } else if !e.token().is_absent() {
        judged.missing.push(super::facts::token_gap(e));
    }
    judged
}

/// STS takes whole seconds for a token's times, and refuses others in these words (REPORTED).
fn of_times(line: &LogFailure) -> Draft {
    Draft::new("a time in the token (iat, nbf or exp) is no whole number of seconds, as its issuer wrote it")
        .hear(line)
        .cure(
            "have the issuer write iat, nbf and exp as seconds of Unix time, without a fraction or milliseconds",
            &[("trustwalk", "trustwalk token FILE".to_owned())],
        )
}

/// What was sent as the token is none: nothing, most often.
fn nothing_sent(view: &View<'_>, judged: &mut Judged, line: &LogFailure) {
    let decide = "what stands in the variable or file that the client takes the token from: `trustwalk token FILE` \
                  reads a file";
    let draft = Draft::new("what is sent as the token is no token: it is empty, too short, or of another type");
    let draft = draft.hear(line).unsure(Confidence::Possible, decide);
    let draft = if in_cluster(view) {
        draft.cure("have the client read the file that AWS_WEB_IDENTITY_TOKEN_FILE names, before every exchange", &[])
    } else {
        draft.cure(
            "see that the step before it asks for an ID token, and that its variable is not empty",
            &[(
                "note",
                "an empty token is sent where a job was given none: see what it is allowed and asks for".to_owned(),
            )],
        )
    };
    judged.push(Cause::TokenContentMalformed, draft);
}

/// Seconds by which the clocks of a log and of STS may differ before it counts: STS forgives as many (IAM User Guide).
const CLOCKS: i64 = GRACE;

/// The token was past its end when it was sent. That is what was seen; why it was is another matter.
fn past(judged: &mut Judged, line: &LogFailure) {
    let times = line.failure.times.as_ref();
    let by_sts = times.and_then(|t| moment(&t.current));
    let by_log = line.last.as_deref().or(line.failure.ts.as_deref()).and_then(moment);
    let apart = by_sts.zip(by_log).map(|(sts, log)| log.saturating_sub(sts)).filter(|_| line.count == 1);
    let clock = match apart {
        Some(apart) if apart.abs() > CLOCKS => {
            format!("; the log's clock is {} minutes off that of STS", apart.abs() / 60)
        }
        Some(_) => "; the log's clock agrees with that of STS, so that no clock is at fault".to_owned(),
        None => String::new(),
    };
    let old = times.map(|t| format!(" {} minutes", t.past_seconds / 60)).unwrap_or_default();
    let decide = "where the token came from: whether a new process works, what `iat` and `exp` of the token are \
                  (`trustwalk token FILE`), and `date -u` where it runs";
    let unsure = |words: String| Draft::new(words).hear(line).unsure(Confidence::Possible, decide);
    let kept = unsure(format!(
        "the process may keep the first token that it read: the one that it sent had ended{old} before{clock}"
    ))
    .cure("restart the process, and use an SDK that reads the token file before every exchange", &[]);
    judged.push(Cause::TokenFileReadOnce, kept);
    let given = unsure(format!(
        "the token had ended{old} before it was sent: it was given by hand, or fetched too early{clock}"
    ))
    .cure("get a fresh token right before it is used", &[]);
    judged.push(Cause::TokenTooOldOrExpired, given);
}

/// A job asks for one audience and its platform sends a token with another.
fn another_audience(e: &View<'_>) -> Option<Draft> {
    let (job, token) = (e.job().known()?, e.token().known()?);
    let asked = job.inputs.get("audience").filter(|a| !a.trim().is_empty() && !a.contains("${{"))?;
    if token.aud.is_empty() || token.aud.contains(asked) {
        return None;
    }
    let got = token.aud.join(", ");
    Some(
        Draft::new(format!(
            "the job asks for a token with audience `{asked}`, and its platform issues one with `{got}`"
        ))
        .show("audience asked for", asked.clone(), "workflow")
        .show("token aud", got.clone(), token.origin.clone())
        .cure(
            "ask for an audience the platform issues, and have provider and trust policy name that one",
            &[("workflow", snippet::workflow("audience: {}", &[&got])), ("aws", names::add_audience(e, Some(&got)))],
        ),
    )
}

fn malformed(view: &View<'_>, token: &TokenClaims) -> Option<(Cause, Draft)> {
    let origin = token.origin.clone();
    if let Some(why) = &token.malformed {
        let draft = Draft::new(format!("the token cannot be read: {why}")).show("token", why.clone(), origin).cure(
            "send the ID token itself, with nothing before or after it",
            &[("note", "an access token or a file with log lines in it is refused".to_owned())],
        );
        return Some((Cause::TokenContentMalformed, draft));
    }
    if let Some((claim, value)) = not_yet::in_milliseconds(token) {
        let draft = Draft::new(format!("the token's {claim} is in milliseconds, and STS reads seconds since 1970"))
            .show(&format!("token {claim}"), value.to_string(), origin)
            .cure("have the issuer write whole seconds", &[]);
        return Some((Cause::TokenContentMalformed, draft));
    }
    if token.aud.is_empty() && token.azp.is_none() {
        let draft = Draft::new(
            "the token has no aud claim: it is a token for the API server or of another kind, not one for STS",
        )
        .show("token aud", "(absent)", origin)
        .cure(
            "use a projected token with audience sts.amazonaws.com",
            &[
                ("kubectl", names::mint(view, DEFAULT_AUDIENCE)),
                ("workflow", "id_tokens: { AWS_TOKEN: { aud: sts.amazonaws.com } }".to_owned()),
            ],
        );
        return Some((Cause::WrongTokenKindMissingAud, draft));
    }
    let unknown = !token.alg.is_empty() && !ALGORITHMS.contains(&token.alg.as_str());
    unknown.then(|| {
        let draft =
            Draft::new(format!("the token is signed with {}, and STS takes only {}", token.alg, ALGORITHMS.join(", ")))
                .show("token alg", token.alg.clone(), origin)
                .cure(
                    "have the issuer sign with RS256",
                    &[("note", "change the signing key of the issuer".to_owned())],
                );
        (Cause::TokenSigningAlgorithmUnsupported, draft)
    })
}

fn old(e: &View<'_>, token: &TokenClaims) -> Option<(Cause, Draft)> {
    let exp = token.exp.filter(|exp| exp.saturating_add(GRACE) < e.now())?;
    let draft = Draft::new(format!("the token expired {} s ago", e.now().saturating_sub(exp)));
    // STS says itself that a token has expired, by its own clock.
    let said = e.exchange().known().and_then(|x| x.code.as_deref()).is_some_and(|c| c.starts_with("ExpiredToken"));
    let draft = if said { draft } else { draft.timed(e) }
        .show("token exp", told(exp), token.origin.clone())
        .show("now", told(e.now()), "evidence")
        .cure(
            "get a fresh token",
            &[
                ("kubectl", names::mint(e, DEFAULT_AUDIENCE)),
                ("workflow", "request the ID token right before the step that uses it".to_owned()),
            ],
        );
    Some((Cause::TokenTooOldOrExpired, draft))
}
