//! The words for each reason that the explainer of trust policies gives, and what the evidence adds to it.

use trustwalk_trust_policy::{Comparison, DocumentCondition, IssuerDifference, Miss, Operator, Place, Reason};

use super::facts::{eks_issuer, in_cluster, lacking};
use super::trust_case::Case;
use super::trust_cause::{cause, condition, of_another_cluster};
use super::{Draft, Judged, association, pod_trust, trust_repair, trust_subject};
use crate::cause::Cause;
use crate::finding::Confidence;

/// The action a web identity asks for.
const WEB_IDENTITY: &str = trustwalk_trust_policy::WEB_IDENTITY_ACTION;

/// Why the policy refuses, a Deny beside a missing Allow too, with the repair that cures all of it.
pub(super) fn judged(case: &Case<'_>) -> Judged {
    let all = case.policy.reasons(&case.identity, &case.call);
    let (denies, lacks): (Vec<&Reason>, Vec<&Reason>) =
        all.iter().partition(|r| matches!(r.miss, Miss::ExplicitDeny { .. }));
    let unknown: Vec<&Reason> =
        lacks.iter().copied().filter(|r| matches!(r.miss, Miss::UnknownOperator { .. })).collect();
    let lacks = if unknown.is_empty() { lacks } else { unknown };
    let mut judged = Judged::default();
    let mut foreign = false;
    for reason in lacks {
        if foreign_audience(case, reason) {
            foreign = true;
            continue;
        }
        let named = cause(case, reason);
        let taken = judged.found.iter().any(|c| c.cause == named);
        if !taken && (denies.is_empty() || named != Cause::TrustConditionNotMet) {
            judged.push(named, draft(case, reason, named));
        }
    }
    if !denies.is_empty() {
        judged.push(Cause::TrustConditionNotMet, denied(case, &denies));
    }
    trust_repair::complete(case, &all, &mut judged, foreign);
    judged
}

/// The policy asks for an audience the provider knows, and the token carries one it does not know: then the token
/// is what is wrong, and the provider's rules say so.
fn foreign_audience(case: &Case<'_>, reason: &Reason) -> bool {
    let Some(provider) = case.e.provider().known() else { return false };
    let Some(condition) = condition(case, reason) else { return false };
    let aud = format!("{}:aud", case.path);
    let own = case.identity.context();
    let sent = own.get(&aud).unwrap_or_default();
    let known = |v: &String| provider.client_ids.contains(v);
    condition.key.eq_ignore_ascii_case(&aud) && !sent.iter().any(known) && condition.values.iter().any(known)
}

fn draft(case: &Case<'_>, reason: &Reason, named: Cause) -> Draft {
    match &reason.place {
        Place::Condition { statement, .. } => match condition(case, reason) {
            Some(condition) => of_condition(case, *statement, condition, &reason.miss, named),
            None => whole(case),
        },
        Place::Principal { statement } => of_principal(case, *statement, &reason.miss, named),
        Place::Action { statement } => of_action(case, *statement, &reason.miss),
        Place::Policy | Place::Statement { .. } => whole(case),
    }
}

/// No statement is for web identities.
fn whole(case: &Case<'_>) -> Draft {
    let named = case.document.statements.iter().filter_map(|s| s.principal.as_ref());
    let who: Vec<String> = named
        .filter_map(|p| match &p.principals {
            trustwalk_trust_policy::Principals::Listed(list) => {
                Some(list.iter().map(|(_, v)| v.as_str()).collect::<Vec<_>>().join(", "))
            }
            trustwalk_trust_policy::Principals::Everyone | trustwalk_trust_policy::Principals::Unusable(_) => None,
        })
        .collect();
    let (arn, who) = (&case.role.arn, who.join("; "));
    let draft = Draft::new(format!(
        "the trust policy of {arn} has no statement for web identities: it trusts only {}",
        if who.is_empty() { "nobody" } else { &who }
    ))
    .show("needed", format!("Federated {} with {}", case.identity.provider_arn, WEB_IDENTITY), "token iss")
    .show("trusted", who, format!("{arn} AssumeRolePolicyDocument.Statement[*].Principal"));
    let meant = in_cluster(case.e) && pod_trust::for_pods_alone(case.role);
    // A role for Pod Identity is asked by web identity where something stands in the association's way.
    if meant && case.e.associations().is_refused() {
        let what = lacking("whether the service account has a Pod Identity association", case.e.associations());
        return draft.unsure(Confidence::Possible, what);
    }
    let associated = case.e.service_account().known().is_some_and(|sa| association::associated(case.e, sa));
    if meant && associated && case.e.pods().is_refused() {
        return draft.unsure(Confidence::Possible, lacking("whether the pods have a web identity", case.e.pods()));
    }
    if meant && case.e.service_account().is_refused() {
        return draft.unsure(Confidence::Possible, lacking("the service account", case.e.service_account()));
    }
    // Its pods had it while the account named it; by what it is to have it from now on is another question.
    if meant && case.e.service_account().known().is_some_and(|sa| sa.role_arn().is_none()) {
        let what = "whether the service account is to name the role again: it names none, and Pod Identity is all that \
                    the role trusts";
        return draft.unsure(Confidence::Possible, what);
    }
    draft
}

/// The statement for the provider allows something else, or not all that the token needs.
fn of_action(case: &Case<'_>, statement: usize, miss: &Miss) -> Draft {
    let arn = &case.role.arn;
    let written = case.document.statements.get(statement).and_then(|s| s.action.as_ref());
    let actions = written.map(|a| a.values.join(", ")).unwrap_or_default();
    let place = case.origin(statement, "Action");
    if let Miss::ActionBeside { action } = miss {
        let (what, claim) = if action == trustwalk_trust_policy::TAG_SESSION_ACTION {
            ("session tags", trustwalk_trust_policy::TAGS_CLAIM)
        } else {
            ("a source identity", trustwalk_trust_policy::SOURCE_IDENTITY_CLAIM)
        };
        return Draft::new(format!("the token carries {what} and the trust policy of {arn} does not allow {action}"))
            .show("token", format!("claim {claim}"), case.token.origin.clone())
            .show("actions allowed", actions, place);
    }
    Draft::new(format!(
        "the statement for {} in the trust policy of {arn} allows `{actions}`, and a web identity needs {}",
        case.identity.provider_arn, WEB_IDENTITY
    ))
    .show("action needed", WEB_IDENTITY, "sts:AssumeRoleWithWebIdentity")
    .show("action allowed", actions, place)
}

/// The statements for web identities name other providers.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other misses are told elsewhere or have no more to tell")]
fn of_principal(case: &Case<'_>, statement: usize, miss: &Miss, named: Cause) -> Draft {
    let (arn, path, ours) = (&case.role.arn, case.path, &case.identity.provider_arn);
    let found = trust_repair::named(case, statement, miss).unwrap_or_default();
    let differs = |how: &str| format!("the Federated principal `{found}` in the trust policy of {arn} {how}");
    let sentence = match miss {
        Miss::FederatedOtherAccount { .. } => {
            format!("the trust policy of {arn} names the provider of another account: `{found}` instead of `{ours}`")
        }
        Miss::FederatedHasScheme { .. } => differs("contains https://, which a provider's ARN never does"),
        Miss::Unexpanded { .. } => {
            differs("holds a placeholder that no tool has filled in: IAM has no variables there")
        }
        Miss::FederatedIsBareIssuer { .. } | Miss::FederatedMalformed { .. } => {
            differs("is not the ARN of an OIDC provider")
        }
        Miss::FederatedOtherProvider { difference, .. } => match difference {
            _ if named == Cause::ClusterRecreatedNewIssuerId => format!(
                "the trust policy of {arn} trusts the issuer of an earlier cluster, `{found}`; this cluster's is \
                 `{path}`"
            ),
            IssuerDifference::Region => differs(&format!("has another region than the issuer `{path}`")),
            IssuerDifference::DualStackHost => differs(&format!("has another host than the issuer `{path}`")),
            IssuerDifference::TrailingSlash => {
                differs(&format!("differs from the issuer `{path}` by a trailing slash"))
            }
            IssuerDifference::LetterCase => differs(&format!("differs from `{ours}` in letter case, which counts")),
            IssuerDifference::PathMissing => differs(&format!("lacks the path of the issuer `{path}`")),
            IssuerDifference::ClusterId | IssuerDifference::RegionAndClusterId | IssuerDifference::Other => {
                format!("the trust policy of {arn} trusts `{found}`, and the token comes from `{path}`")
            }
        },
        _ => format!("the trust policy of {arn} trusts `{found}`, and the token comes from `{path}`"),
    };
    let draft = Draft::new(sentence)
        .show("token iss", format!("https://{path}"), case.token.origin.clone())
        .show("provider", ours.clone(), "IAM")
        .show("Federated", found, case.origin(statement, "Principal.Federated"));
    let earlier = named == Cause::FederatedArnWrongProvider && of_another_cluster(miss);
    if earlier && in_cluster(case.e) && case.e.cluster().is_refused() {
        return draft
            .unsure(Confidence::Likely, lacking("whether this cluster is newer than the role", case.e.cluster()));
    }
    draft
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other misses are told elsewhere or have no more to tell")]
fn of_condition(case: &Case<'_>, statement: usize, c: &DocumentCondition, miss: &Miss, named: Cause) -> Draft {
    match miss {
        Miss::SubjectDiffers { value, expected, difference } => {
            trust_subject::differs(case, statement, c, (value, expected, *difference), named)
        }
        Miss::WildcardUnderEquals { .. }
        | Miss::CaseDiffers { .. }
        | Miss::TrailingSlash { .. }
        | Miss::ExtraWhitespace { .. }
        | Miss::SubValueUnderAud { .. }
        | Miss::AudValueUnderSub { .. }
        | Miss::AudienceDiffers { .. } => trust_subject::value(case, statement, c, miss),
        Miss::ClaimNotMapped { .. } => unmapped(case, statement, c, named),
        Miss::UnknownOperator { operator } => Draft::new(format!(
            "the trust policy of {} has a condition `{operator}`, and IAM knows no such operator, so it is never met; \
             IAM refuses to save it",
            case.role.arn
        ))
        .show("operator", operator.clone(), case.origin(statement, &format!("Condition.{operator}")))
        .show(
            "known",
            "StringEquals, StringLike, ForAnyValue:StringLike, ...",
            "IAM User Guide, condition operators",
        ),
        _ => match why_key(case, miss) {
            Some(why) => {
                Draft::new(format!("the condition key `{}` in the trust policy of {} {why}", c.key, case.role.arn))
                    .show("issuer", case.path, "token iss")
                    .show("condition key", c.key.clone(), case.origin(statement, &format!("Condition.{}", c.operator)))
            }
            None => unmet(case, statement, c, miss),
        },
    }
}

/// What is wrong with a key, whatever its value.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other misses are told elsewhere or have no more to tell")]
fn why_key(case: &Case<'_>, miss: &Miss) -> Option<String> {
    let why = match miss {
        Miss::SchemeInKey { .. } => "contains https://, and keys begin with the bare issuer".to_owned(),
        Miss::ArnInKey { .. } => "is written with the provider's ARN instead of the issuer's path".to_owned(),
        Miss::DoubledSuffix { expected } => format!("has two claims at its end; IAM's key is `{expected}`"),
        Miss::MissingSuffix { .. } => {
            "is the bare issuer and lacks the claim after a colon, `:sub` or `:aud`".to_owned()
        }
        Miss::KeyAlmost { expected } => format!("differs from `{expected}` in characters that are easily overlooked"),
        Miss::Unexpanded { .. } => {
            "holds a placeholder that no tool has filled in: IAM has variables in values only".to_owned()
        }
        Miss::TagMissing { .. } => "asks for a session tag that the token does not carry".to_owned(),
        Miss::SecondIssuer { .. } => "belongs to another issuer than the token's, and all conditions of a statement \
                                      must hold: a token has one issuer only"
            .to_owned(),
        Miss::KeyOfOtherIssuer { issuer, difference, .. } => match difference {
            IssuerDifference::PathMissing => "lacks the path of the issuer".to_owned(),
            IssuerDifference::TrailingSlash => "differs from the issuer by a trailing slash".to_owned(),
            IssuerDifference::Region => {
                let region = |path: &str| eks_issuer(path).map_or("another", |(region, _)| region).to_owned();
                format!("has region {} and the issuer is in {}", region(issuer), region(case.path))
            }
            IssuerDifference::DualStackHost => "has another host than the issuer".to_owned(),
            IssuerDifference::ClusterId
            | IssuerDifference::RegionAndClusterId
            | IssuerDifference::LetterCase
            | IssuerDifference::Other => "does not begin with the token's issuer".to_owned(),
        },
        _ => return None,
    };
    Some(why)
}

fn unmapped(case: &Case<'_>, statement: usize, c: &DocumentCondition, named: Cause) -> Draft {
    let origin = case.origin(statement, &format!("Condition.{}.{}", c.operator, c.key));
    let (arn, values, path) = (&case.role.arn, c.values.join(", "), case.path);
    if named == Cause::IssConditionValueWrongScheme {
        return Draft::new(format!(
            "the trust policy of {arn} asks `{}` for `{values}`, and no such key ever matches: the issuer is already \
             fixed by the Federated principal",
            c.key
        ))
        .show("token iss", format!("https://{path}"), case.token.origin.clone())
        .show("condition", values, origin);
    }
    Draft::new(format!(
        "the trust policy of {arn} has a condition on `{}`, a claim IAM does not turn into a key for this issuer, so \
         it is never met",
        c.key
    ))
    .show("keys IAM sets", format!("{path}:aud, {path}:sub"), "IAM User Guide, condition context keys")
    .show("condition", format!("{} {values}", c.operator), origin)
}

/// A condition that is not met for a reason that has no name of its own.
fn unmet(case: &Case<'_>, statement: usize, c: &DocumentCondition, miss: &Miss) -> Draft {
    let context = case.exchange().requests().first().map(|r| r.context.clone()).unwrap_or_default();
    let actual = context.get(&c.key).map(|values| values.join(", "));
    let (arn, key, operator) = (&case.role.arn, &c.key, &c.operator);
    let wanted = if c.values.is_empty() { "no value at all".to_owned() } else { c.values.join(", ") };
    let who = if matches!(miss, Miss::CallDiffers { .. }) { "the call" } else { "the token" };
    let has = actual.as_deref().map_or_else(|| format!("{who} has none"), |a| format!("{who} has `{a}`"));
    let sentence = match Operator::parse(operator) {
        _ if matches!(miss, Miss::VariableWithoutValue { .. }) => format!(
            "the trust policy of {arn} asks for {key} `{wanted}` by {operator}, and a variable in it has no value in \
             this call, so the statement does not apply"
        ),
        Some(o) if o.comparison == Comparison::Null => {
            let absent = c.values.iter().any(|v| v.eq_ignore_ascii_case("true"));
            let asked = if absent { "to be absent" } else { "to be present" };
            format!("the trust policy of {arn} asks {key} {asked} (Null `{wanted}`), and {has}")
        }
        Some(o) if o.negated => format!("the trust policy of {arn} excludes {key} `{wanted}` by {operator}, and {has}"),
        Some(_) | None => format!("the trust policy of {arn} asks for {key} `{wanted}` by {operator}, and {has}"),
    };
    let draft = Draft::new(sentence)
        .show(&format!("{who}'s {key}"), actual.unwrap_or_else(|| "(absent)".to_owned()), case.token.origin.clone())
        .show("condition", wanted, case.origin(statement, &format!("Condition.{operator}.{key}")));
    let of_time = ["aws:CurrentTime", "aws:EpochTime"].iter().any(|k| k.eq_ignore_ascii_case(key));
    if of_time { draft.timed(case.e) } else { draft }
}

/// Tells of the Deny statements that apply.
fn denied(case: &Case<'_>, denies: &[&Reason]) -> Draft {
    let statements: Vec<usize> = denies
        .iter()
        .filter_map(|r| match r.place {
            Place::Statement { statement } => Some(statement),
            Place::Policy | Place::Principal { .. } | Place::Action { .. } | Place::Condition { .. } => None,
        })
        .collect();
    let which: Vec<String> = statements.iter().map(|i| format!("Statement[{i}]")).collect();
    let verb = if statements.len() == 1 { "denies" } else { "deny" };
    let mut draft = Draft::new(format!(
        "{} of the trust policy of {} {verb} this identity, and a Deny beats every Allow",
        which.join(", "),
        case.role.arn
    ))
    .show("token sub", case.token.sub.clone().unwrap_or_default(), case.token.origin.clone());
    for index in statements {
        let conditions = case.document.statements.get(index).map(|s| s.conditions.as_slice()).unwrap_or_default();
        draft = draft.show("Deny applies when", listed(conditions), case.origin(index, "Condition"));
    }
    draft
}

fn listed(conditions: &[DocumentCondition]) -> String {
    if conditions.is_empty() {
        return "always: it has no condition".to_owned();
    }
    let one = |c: &DocumentCondition| {
        // Who reads `StringNotEquals` in a Deny easily overlooks that a missing key meets it.
        let missing = Operator::parse(&c.operator).is_some_and(|o| o.negated);
        let note = if missing { " (also when the key is missing)" } else { "" };
        format!("{} {} {}{note}", c.operator, c.key, c.values.join(" | "))
    };
    conditions.iter().map(one).collect::<Vec<_>>().join(" and ")
}

/// A condition asks for what comes with the call, and STS refused: what was sent is not known.
pub(super) fn of_call(case: &Case<'_>, keys: &[String]) -> Draft {
    let named = |c: &&DocumentCondition| keys.iter().any(|k| k.eq_ignore_ascii_case(&c.key));
    let arn = &case.role.arn;
    let each = case.document.statements.iter().enumerate();
    let places = each.flat_map(|(index, s)| s.conditions.iter().filter(named).map(move |c| (index, c)));
    let first = keys.first().map(|k| k.to_ascii_lowercase()).unwrap_or_default();
    let mut draft = Draft::new(format!(
        "the trust policy of {arn} asks for {}, and that comes with the call, not with the token",
        keys.join(", ")
    ))
    .unsure(Confidence::Likely, decides(&first));
    for (index, c) in places {
        draft = draft.show(
            "condition",
            c.values.join(", "),
            case.origin(index, &format!("Condition.{}.{}", c.operator, c.key)),
        );
    }
    case.repaired(draft, "let the condition admit the calls of this workload", None)
}

/// What tells the value of a key that comes with the call.
pub(super) fn decides(key: &str) -> &'static str {
    match key {
        "sts:rolesessionname" => {
            "the session name of the workload itself: AWS_ROLE_SESSION_NAME in its container, or roleSessionName in \
             CloudTrail's AssumeRoleWithWebIdentity events; an exchange of trustwalk's own is named trustwalk-verify"
        }
        _ => {
            "CloudTrail's AssumeRoleWithWebIdentity events of the workload name address, time and endpoint of its calls"
        }
    }
}
