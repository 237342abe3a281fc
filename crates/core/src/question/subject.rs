//! Why a subject or audience condition does not match the token's value.

use crate::cause::Cause;
use trustwalk_trust_policy::{Comparison, DocumentCondition, Operator};

use super::Draft;
use super::facts::{effective_audience, like};
use super::policy_edit::{Place, add_value, replace_value};
use super::trust::Case;
use crate::finding::Confidence;

/// A value that does not match, with the reason.
pub(super) fn wrong_value(case: &Case<'_>, index: usize, condition: &DocumentCondition) -> Option<(Cause, Draft)> {
    let (_, name) = condition.key.rsplit_once(':')?;
    // What is said of values below holds where a value is to be equal or alike.
    let operator = Operator::parse(&condition.operator)?;
    let compares = [Comparison::StringEquals, Comparison::StringEqualsIgnoreCase, Comparison::StringLike];
    if operator.negated || !compares.contains(&operator.comparison) || condition.values.is_empty() {
        return None;
    }
    let ask = Ask { case, index, condition };
    match name.to_ascii_lowercase().as_str() {
        "sub" => Some(ask.subject(case.token.sub.as_deref()?)),
        "aud" => Some(ask.audience(effective_audience(case.token)?)),
        _ => None,
    }
}

struct Ask<'a> {
    case: &'a Case<'a>,
    index: usize,
    condition: &'a DocumentCondition,
}

const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Claims a customised subject of GitHub may hold beside those of the default one (GitHub
/// Docs, customizing the subject claim).
const CLAIM_KEYS: [&str; 14] = [
    "actor",
    "actor_id",
    "base_ref",
    "event_name",
    "head_ref",
    "job_workflow_ref",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "run_attempt",
    "runner_environment",
    "workflow",
    "workflow_ref",
];

/// Subjects from which on a list counts as one that is filled up.
const MANY: usize = 10;

fn service_account(sub: &str) -> Option<(&str, &str)> {
    sub.strip_prefix(SERVICE_ACCOUNT)?.split_once(':')
}

fn looks_like_subject(text: &str) -> bool {
    text.starts_with(SERVICE_ACCOUNT) || text.starts_with("repo:")
}

fn is_sts_audience(text: &str) -> bool {
    text.starts_with("sts.") && text.contains("amazonaws")
}

/// `repo:ORG@12/REPO@34:…` without the numeric ids (GitHub's immutable subjects).
fn without_ids(sub: &str) -> String {
    let mut out = String::new();
    let mut chars = sub.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '@' && chars.peek().is_some_and(char::is_ascii_digit) {
            while chars.peek().is_some_and(char::is_ascii_digit) {
                chars.next();
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// The numeric ids of `OWNER@12/REPO@34`.
fn ids(repo: &str) -> Option<(&str, &str)> {
    let (owner, name) = repo.split_once('/')?;
    Some((owner.split_once('@')?.1, name.split_once('@')?.1))
}

impl Ask<'_> {
    fn likes(&self) -> bool {
        self.condition.operator.to_lowercase().contains("like")
    }

    /// The value that resembles the actual one most.
    fn nearest(&self, actual: &str) -> &str {
        let front = |v: &str| v.chars().zip(actual.chars()).take_while(|(a, b)| a == b).count();
        let back = |v: &str| v.chars().rev().zip(actual.chars().rev()).take_while(|(a, b)| a == b).count();
        self.condition
            .values
            .iter()
            .max_by_key(|v| (front(v) + back(v), std::cmp::Reverse(v.len())))
            .map_or("", String::as_str)
    }

    fn origin(&self) -> String {
        self.case.origin(self.index, &format!("Condition.{}.{}", self.condition.operator, self.condition.key))
    }

    fn place(&self) -> Place<'_> {
        Place { statement: self.index, operator: &self.condition.operator, key: &self.condition.key }
    }

    fn draft(&self, claim: &str, actual: &str, expected: &str, why: &str) -> Draft {
        Draft::new(format!(
            "the token's {claim} is `{actual}` and the trust policy of {} allows `{}`: {why}",
            self.case.role.arn,
            expected.escape_debug()
        ))
        .show(&format!("token {claim}"), actual, self.case.token.origin.clone())
        .show("trust policy", self.condition.values.join(", "), self.origin())
    }

    fn replaced(&self, draft: Draft, old: &str, new: &str) -> Draft {
        let document = replace_value(&self.case.role.trust_policy, self.place(), old, new);
        self.case.repaired(draft, &format!("write `{new}` in place of `{old}`"), document)
    }

    /// The value beside the others: who is admitted by them stays so.
    fn added(&self, draft: Draft, new: &str) -> Draft {
        let document = add_value(&self.case.role.trust_policy, self.place(), new);
        self.case.repaired(draft, &format!("allow `{new}` too"), document)
    }

    /// Replaces a service account that is known not to exist, and keeps any other.
    fn put(&self, draft: Draft, old: &str, new: &str) -> Draft {
        let (Some(ours), Some((namespace, name))) = (service_account(new), service_account(old)) else {
            return self.replaced(draft, old, new);
        };
        let gone = ours.0 == namespace
            && !name.contains(['*', '?', '$'])
            && self.case.e.siblings().known().is_some_and(|all| !all.iter().any(|s| s.name == name));
        let slip = old.trim() == new || old.eq_ignore_ascii_case(new);
        if gone || slip { self.replaced(draft, old, new) } else { self.added(draft, new) }
    }

    /// Whether one more subject would not go in: 2048 characters, 4096 when raised (IAM User Guide, quotas).
    fn full(&self, actual: &str) -> bool {
        let length = self.case.role.trust_policy.chars().filter(|c| !c.is_whitespace()).count();
        let with = length + actual.len() + r#","""#.len();
        self.condition.values.len() >= MANY && [2048, 4096].iter().any(|quota| length <= *quota && with > *quota)
    }

    fn wildcard(&self, claim: &str, actual: &str) -> Option<(Cause, Draft)> {
        if self.likes() {
            return None;
        }
        let value = self.condition.values.iter().find(|v| v.contains(['*', '?']) && like(v, actual))?;
        let draft = self.draft(claim, actual, value, "StringEquals takes `*` and `?` literally");
        // The pattern never admitted anybody; whom its author had in mind, only people know.
        let draft = self.added(draft, actual).cure(
            "or, if every one of them is meant, move the value to StringLike",
            &[("note", admitted_by(claim, value))],
        );
        Some((Cause::WildcardWithStringequals, draft))
    }

    fn subject(&self, actual: &str) -> (Cause, Draft) {
        if let Some(found) = self.wildcard("sub", actual) {
            return found;
        }
        let value = self.nearest(actual);
        if is_sts_audience(value) || self.case.token.aud.iter().any(|a| a == value) {
            let draft = self.draft("sub", actual, value, "an audience stands under :sub");
            return (Cause::SubValueUnderAudKey, self.replaced(draft, value, actual));
        }
        if let Some((namespace, name)) = service_account(actual) {
            return self.kubernetes(actual, value, namespace, name);
        }
        if self.case.path.starts_with("token.actions.githubusercontent.com") || actual.starts_with("repo:") {
            return self.github(actual, value);
        }
        self.vendor(actual, value)
    }

    fn kubernetes(&self, actual: &str, value: &str, namespace: &str, name: &str) -> (Cause, Draft) {
        let Some((their_namespace, their_name)) = service_account(value) else {
            let draft =
                self.draft("sub", actual, value, "the value is not of the form system:serviceaccount:NAMESPACE:NAME");
            return (Cause::SubWrongServiceAccount, self.replaced(draft, value, actual));
        };
        let same = |pattern: &str, text: &str| if self.likes() { like(pattern, text) } else { pattern == text };
        if same(their_name, name) && !same(their_namespace, namespace) {
            let why = format!("the pod runs in namespace `{namespace}`, the policy names `{their_namespace}`");
            return (Cause::SubWrongNamespace, self.put(self.draft("sub", actual, value, &why), value, actual));
        }
        if self.full(actual) {
            let why =
                "the list of subjects is as long as IAM's quota for a trust policy allows, and this one is not in it";
            let draft = self.draft("sub", actual, value, why).unsure(
                Confidence::Likely,
                "whoever maintains the policy would have seen `Cannot exceed quota for ACLSizePerRole`",
            );
            return (
                Cause::TrustPolicySizeQuota,
                self.case.repaired(draft, "cover the subjects with a StringLike pattern", None),
            );
        }
        let why = if value.trim() == actual {
            "the policy's value has a blank or a line break at its end, which counts".to_owned()
        } else if value.eq_ignore_ascii_case(actual) {
            "the two differ in letter case only, which counts".to_owned()
        } else if same(their_namespace, namespace) {
            format!("the service account is `{name}`, the policy names `{their_name}`")
        } else {
            format!("the service account is `{namespace}/{name}`, the policy names `{their_namespace}/{their_name}`")
        };
        (Cause::SubWrongServiceAccount, self.put(self.draft("sub", actual, value, &why), value, actual))
    }

    fn github(&self, actual: &str, value: &str) -> (Cause, Draft) {
        let matches = |v: &str, text: &str| if self.likes() { like(v, text) } else { v == text };
        let any = |text: &str| self.condition.values.iter().find(|v| matches(v, text));
        let plain = without_ids(actual);
        if plain != actual
            && let Some(v) = any(&plain).or_else(|| self.condition.values.iter().find(|v| !v.contains('@')))
        {
            let draft = self.draft(
                "sub",
                actual,
                v,
                "the token carries numeric ids of owner and repository, the policy has names only",
            );
            return (Cause::GhaSubImmutableIds, self.added(draft, actual));
        }
        let lower = actual.to_lowercase();
        if let Some(v) = self.condition.values.iter().find(|v| matches(&v.to_lowercase(), &lower)) {
            let draft = self.draft("sub", actual, v, "the two differ in letter case only, which counts");
            return (Cause::GhaSubCaseMismatch, self.replaced(draft, v, actual));
        }
        let customised = self.case.e.job().known().and_then(|j| j.customised_subject.as_ref());
        if let Some(keys) = customised
            .map(|k| k.join(", "))
            .or_else(|| (!actual.starts_with("repo:")).then(|| "its own template".to_owned()))
            .or_else(|| CLAIM_KEYS.iter().find(|k| actual.contains(&format!(":{k}:"))).map(|k| format!("it holds {k}")))
        {
            let draft = self.draft("sub", actual, value, &format!("the subject is customised ({keys})"));
            return (Cause::GhaSubCustomised, self.replaced(draft, value, actual));
        }
        let ((repo, rest), (their_repo, their_rest)) = (split(actual), split(value));
        if !repo_matches(self.likes(), their_repo, repo) {
            return self.repository(actual, value, repo, their_repo);
        }
        let Some(their_rest) = their_rest else {
            let draft = self.draft(
                "sub",
                actual,
                value,
                "the value ends after the repository, and a subject goes on with the context",
            );
            return (Cause::GhaSubNoTrailingContext, self.replaced(draft, value, actual));
        };
        let rest = rest.unwrap_or_default();
        if rest == "pull_request" {
            let why =
                "a job without `environment:` has this subject on pull_request, and it is not among those allowed";
            return (Cause::GhaSubBranchOrTagNotAllowed, self.added(self.draft("sub", actual, value, why), actual));
        }
        if rest.starts_with("environment:") || their_rest.starts_with("environment:") {
            let why = "a job with `environment:` has a subject with the environment and without the ref";
            let draft = self.draft("sub", actual, value, why);
            return (Cause::GhaSubEnvironmentVsRef, self.added(draft, actual));
        }
        let draft = self.draft("sub", actual, value, "this branch, tag or event is not among those allowed");
        (Cause::GhaSubBranchOrTagNotAllowed, self.added(draft, actual))
    }

    /// Another repository. That it was renamed needs more than a likeness: a former name that is known, or the same
    /// numeric ids under another name.
    fn repository(&self, actual: &str, value: &str, repo: &str, their_repo: &str) -> (Cause, Draft) {
        let former = self.case.e.job().known().is_some_and(|j| {
            j.former_names.iter().any(|n| their_repo == n || their_repo.split('/').any(|part| part == n))
        });
        let same_ids = ids(repo).is_some_and(|own| ids(their_repo) == Some(own));
        if former || same_ids {
            let why = format!(
                "the repository is `{repo}`, the policy names `{their_repo}`; GitHub frees a name after a rename: \
                 whoever registers `{their_repo}` anew would be admitted by what still names it"
            );
            let draft = self.draft("sub", actual, value, &why);
            return (Cause::GhaRepoOrOrgRenamed, self.replaced(draft, value, actual));
        }
        let why = format!("the repository `{repo}` is not listed; the nearest that is listed is `{their_repo}`");
        let draft = self.draft("sub", actual, value, &why);
        (Cause::TrustConditionNotMet, self.case.repaired(draft, "let the condition name this repository", None))
    }

    fn vendor(&self, actual: &str, value: &str) -> (Cause, Draft) {
        let email = |t: &str| t.contains('@') && t.contains('.');
        let number = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        if (email(actual) && number(value)) || (number(actual) && email(value)) {
            let draft = self.draft(
                "sub",
                actual,
                value,
                "the identity provider sends sometimes the e-mail and sometimes the numeric id",
            );
            return (Cause::IdpSubFormatVaries, self.replaced(draft, value, actual));
        }
        let separators = |t: &str| t.chars().filter(|c| matches!(c, ':' | '/' | '|')).count();
        if (separators(actual) != separators(value) && !value.contains('*')) || labelled_otherwise(actual, value) {
            let draft = self.draft("sub", actual, value, "the subject has another form than the policy expects");
            return (Cause::IdpSubFormatChanged, self.replaced(draft, value, actual));
        }
        let draft = self.draft("sub", actual, value, "the two name different identities");
        (Cause::TrustConditionNotMet, self.added(draft, actual))
    }

    fn audience(&self, actual: &str) -> (Cause, Draft) {
        if let Some(found) = self.wildcard("aud", actual) {
            return found;
        }
        let value = self.nearest(actual);
        let token = self.case.token;
        let swap =
            |cause: Cause, why: &str| (cause, self.replaced(self.draft("aud", actual, value, why), value, actual));
        if looks_like_subject(value) || token.sub.as_deref() == Some(value) {
            return swap(Cause::SubValueUnderAudKey, "a subject stands under :aud");
        }
        if token.azp.is_some() && self.condition.values.iter().any(|v| token.aud.contains(v)) {
            return swap(
                Cause::AzpClaimUsedAsAudience,
                "the token has an azp claim, which IAM compares in place of aud",
            );
        }
        audience_rule(actual, value).map_or_else(
            || {
                let draft = self.draft("aud", actual, value, "the two must be equal");
                (Cause::AudienceConditionWrongInTrustPolicy, self.added(draft, actual))
            },
            |(rule, why)| swap(rule, why),
        )
    }
}

/// Whom a pattern would admit if it were one.
fn admitted_by(claim: &str, pattern: &str) -> String {
    let who = match service_account(pattern) {
        Some((namespace, _)) if namespace.contains(['*', '?']) => {
            "every service account of that form in every namespace of that form".to_owned()
        }
        Some((namespace, _)) => format!("every service account of that form in the namespace `{namespace}`"),
        None if pattern.starts_with("repo:") => {
            "every branch, tag, pull request and repository of that form".to_owned()
        }
        None => format!("every {claim} of that form"),
    };
    format!("`{pattern}` under StringLike admits {who}, those that are yet to be made included")
}

/// Whether a subject of labelled parts (`organization:acme:workspace:web`) has labels between those of the pattern.
fn labelled_otherwise(actual: &str, pattern: &str) -> bool {
    let labels = |t: &str| t.split(':').step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let (ours, theirs) = (labels(actual), labels(pattern));
    let theirs: Vec<&String> = theirs.iter().filter(|l| !l.contains('*')).collect();
    let shared = theirs.iter().all(|l| ours.contains(l));
    let leading = ours.iter().zip(&theirs).take_while(|(a, b)| a == *b).count();
    theirs.len() > 1 && shared && leading < theirs.len()
}

/// Well-known ways in which two audiences differ, shared with the provider's client ids.
pub(super) fn audience_rule(actual: &str, expected: &str) -> Option<(Cause, &'static str)> {
    let china = |t: &str| t == "sts.amazonaws.com.cn";
    let global = |t: &str| t == "sts.amazonaws.com";
    if (china(actual) && global(expected)) || (global(actual) && china(expected)) {
        return Some((Cause::PartitionAudienceMismatch, "they belong to different partitions"));
    }
    let regional = |t: &str| {
        let t = t.strip_prefix("https://").unwrap_or(t);
        t.strip_prefix("sts.")
            .and_then(|r| r.split_once(".amazonaws.com"))
            .is_some_and(|(region, _)| region.contains('-'))
    };
    if regional(actual) || regional(expected) {
        return Some((
            Cause::AudienceConfusedWithStsEndpoint,
            "one of them is the host name of a regional STS endpoint, not an audience",
        ));
    }
    None
}

/// `repo:O/R` and what follows it.
fn split(sub: &str) -> (&str, Option<&str>) {
    let Some(body) = sub.strip_prefix("repo:") else { return (sub, None) };
    match body.split_once(':') {
        Some((repo, rest)) => (repo, Some(rest)),
        None => (body, None),
    }
}

fn repo_matches(likes: bool, pattern: &str, repo: &str) -> bool {
    if likes { like(pattern, repo) } else { pattern == repo }
}
