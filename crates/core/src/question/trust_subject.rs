//! The words for subjects and audiences that differ from what a trust policy wants, and what the evidence knows of
//! them besides.

use trustwalk_trust_policy::{
    AudienceDifference, DocumentCondition, GithubContext, Miss, SubjectDifference, SubjectForm,
};

use super::Draft;
use super::trust_case::Case;
use crate::cause::{Cause, policy};
use crate::finding::Confidence;

/// Subjects from which on a list counts as one that is filled up.
const MANY: usize = 10;

/// Policy value, subject, and how they differ.
type Subject<'a> = (&'a str, &'a str, SubjectDifference);

/// The cause of a subject that differs, where the evidence knows more than the policy tells.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other differences are told elsewhere or have no more to tell")]
pub(super) fn refined(case: &Case<'_>, c: Option<&DocumentCondition>, subject: Subject<'_>, told: Cause) -> Cause {
    use SubjectDifference as D;
    let (value, actual, difference) = subject;
    let customised = case.e.job().known().is_some_and(|j| j.customised_subject.is_some());
    match difference {
        D::ServiceAccount | D::NamespaceAndServiceAccount if c.is_some_and(|c| full(case, c, actual)) => {
            Cause::TrustPolicySizeQuota
        }
        D::ImmutableIds => told,
        _ if customised => Cause::GhaSubCustomised,
        D::Repository | D::Owner | D::OwnerAndRepository if renamed(case, value, actual) => Cause::GhaRepoOrOrgRenamed,
        _ => told,
    }
}

/// Whether one more subject would not go in: 2048 characters, 4096 when raised (IAM User Guide, quotas).
fn full(case: &Case<'_>, c: &DocumentCondition, actual: &str) -> bool {
    let length = case.document.counted_length;
    let with = length + actual.len() + r#","""#.len();
    c.values.len() >= MANY && [2048, 4096].iter().any(|quota| length <= *quota && with > *quota)
}

/// That a repository was renamed needs more than a likeness: a former name that is known, or the same numeric ids
/// under another name.
pub(super) fn renamed(case: &Case<'_>, value: &str, actual: &str) -> bool {
    let (SubjectForm::Repository { repository: theirs, .. }, SubjectForm::Repository { repository: ours, .. }) =
        (SubjectForm::of(value), SubjectForm::of(actual))
    else {
        return false;
    };
    let is = |name: &String| theirs == name || theirs.split('/').any(|part| part == name);
    let former = case.e.job().known().is_some_and(|j| j.former_names.iter().any(is));
    former || ids(ours).is_some_and(|own| ids(theirs) == Some(own))
}

/// The numeric ids of `OWNER@12/REPO@34`.
fn ids(repo: &str) -> Option<(&str, &str)> {
    let (owner, name) = repo.split_once('/')?;
    Some((owner.split_once('@')?.1, name.split_once('@')?.1))
}

fn drafted(case: &Case<'_>, statement: usize, c: &DocumentCondition, [claim, actual, wanted, why]: [&str; 4]) -> Draft {
    Draft::new(format!(
        "the token's {claim} is `{actual}` and the trust policy of {} allows `{}`: {why}",
        case.role.arn,
        wanted.escape_debug()
    ))
    .show(&format!("token {claim}"), actual, case.token.origin.clone())
    .show(
        "trust policy",
        c.values.join(", "),
        case.origin(statement, &format!("Condition.{}.{}", c.operator, c.key)),
    )
}

/// A subject that differs.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other causes have the words of their difference")]
pub(super) fn differs(
    case: &Case<'_>,
    statement: usize,
    c: &DocumentCondition,
    subject: Subject<'_>,
    named: Cause,
) -> Draft {
    let (value, actual, difference) = subject;
    let why = match named {
        Cause::TrustPolicySizeQuota => {
            "the list of subjects is as long as IAM's quota for a trust policy allows, and this one is not in it"
                .to_owned()
        }
        Cause::GhaSubCustomised => {
            let keys = case.e.job().known().and_then(|j| j.customised_subject.as_ref()).map(|k| k.join(", "));
            format!("the subject is customised ({})", keys.as_deref().unwrap_or("its own template"))
        }
        Cause::GhaRepoOrOrgRenamed => {
            let (ours, theirs) = (repository(actual), repository(value));
            format!(
                "the repository is `{ours}`, the policy names `{theirs}`; GitHub frees a name after a rename: whoever \
                 registers `{theirs}` anew would be admitted by what still names it"
            )
        }
        _ => why(value, actual, difference),
    };
    let draft = drafted(case, statement, c, ["sub", actual, value, &why]);
    if named == Cause::TrustPolicySizeQuota {
        let saw = "whoever maintains the policy would have seen `Cannot exceed quota for ACLSizePerRole`";
        return draft.unsure(Confidence::Likely, saw);
    }
    draft
}

fn repository(subject: &str) -> &str {
    match SubjectForm::of(subject) {
        SubjectForm::Repository { repository, .. } => repository,
        SubjectForm::ServiceAccount { .. } | SubjectForm::Other => subject,
    }
}

fn why(value: &str, actual: &str, difference: SubjectDifference) -> String {
    use SubjectDifference as D;
    let account = |text: &str| match SubjectForm::of(text) {
        SubjectForm::ServiceAccount { namespace, name } => (namespace.to_owned(), name.to_owned()),
        SubjectForm::Repository { .. } | SubjectForm::Other => (String::new(), text.to_owned()),
    };
    let ((namespace, name), (their_namespace, their_name)) = (account(actual), account(value));
    match difference {
        D::NotServiceAccount => "the value is not of the form system:serviceaccount:NAMESPACE:NAME".to_owned(),
        D::Namespace => format!("the pod runs in namespace `{namespace}`, the policy names `{their_namespace}`"),
        D::ServiceAccount => format!("the service account is `{name}`, the policy names `{their_name}`"),
        D::NamespaceAndServiceAccount => {
            format!("the service account is `{namespace}/{name}`, the policy names `{their_namespace}/{their_name}`")
        }
        D::ImmutableIds => {
            "one of the two carries GitHub's numeric ids of owner and repository, the other has names only".to_owned()
        }
        D::Customised => "the subject is customised (its own template)".to_owned(),
        D::Repository | D::Owner | D::OwnerAndRepository => format!(
            "the repository `{}` is not listed; the nearest that is listed is `{}`",
            repository(actual),
            repository(value)
        ),
        D::NoContext => "the value ends after the repository, and a subject goes on with the context".to_owned(),
        D::Context { wanted, have } => context(wanted, have).to_owned(),
        D::EmailAndNumber => "the identity provider sends sometimes the e-mail and sometimes the numeric id".to_owned(),
        D::Coarser => "the value goes on where the token's subject ends: a token with a more exact subject is wanted, \
                       and to admit this one would admit more than stood there"
            .to_owned(),
        D::Finer => "the token's subject goes on where the value ends".to_owned(),
        D::Form => "the subject has another form than the policy expects".to_owned(),
        D::Other => "the two name different identities".to_owned(),
    }
}

/// GitHub Docs, "`OpenID` Connect reference": an environment takes the place of everything else, then the pull request.
fn context(wanted: GithubContext, have: GithubContext) -> &'static str {
    use GithubContext as G;
    match (wanted, have) {
        (_, G::PullRequest) => {
            "a job without `environment:` has this subject on pull_request, and it is not among those allowed"
        }
        (G::Branch | G::Tag, G::Environment) => {
            "a job with `environment:` has a subject with the environment and without the ref"
        }
        (G::Environment, G::Branch | G::Tag) => {
            "a job without `environment:` has a subject with the ref, and an environment is asked for"
        }
        (G::Environment, G::Environment) => "this environment is not among those allowed",
        _ => "this branch, tag or event is not among those allowed",
    }
}

/// A subject or an audience that differs in another way.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other misses are told elsewhere or have no more to tell")]
pub(super) fn value(case: &Case<'_>, statement: usize, c: &DocumentCondition, miss: &Miss) -> Draft {
    let claim = c.key.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
    let context = case.identity.context();
    let actual = context.get(&c.key).map(|all| all.join(", ")).unwrap_or_default();
    let (value, why) = match miss {
        Miss::WildcardUnderEquals { value } => (value, "StringEquals takes `*` and `?` literally"),
        Miss::CaseDiffers { value, .. } => (value, "the two differ in letter case only, which counts"),
        Miss::TrailingSlash { value, .. } => (value, "the two differ by a slash at the end, which counts"),
        Miss::ExtraWhitespace { value, .. } if actual.trim() == value.trim() => {
            (value, "the policy's value has a blank or a line break at its end, which counts")
        }
        Miss::ExtraWhitespace { value, .. } => {
            (value, "the two differ in blanks, line breaks or characters that nobody sees, which count")
        }
        Miss::SubValueUnderAud { value } => (value, "a subject stands under :aud"),
        Miss::AudValueUnderSub { value } => (value, "an audience stands under :sub"),
        Miss::AudienceDiffers { value, difference, .. } => (value, audience(*difference)),
        _ => return Draft::new(format!("a condition of the trust policy of {} is not met", case.role.arn)),
    };
    let draft = drafted(case, statement, c, [&claim, &actual, value, why]);
    if matches!(miss, Miss::WildcardUnderEquals { .. }) {
        // The pattern never admitted anybody; whom its author had in mind, only people know.
        return draft.cure(
            "or, if every one of them is meant, move the value to StringLike",
            &[("note", admitted_by(&claim, value))],
        );
    }
    draft
}

fn audience(difference: AudienceDifference) -> &'static str {
    match difference {
        AudienceDifference::Partition => "they belong to different partitions",
        AudienceDifference::Endpoint => "one of them is the host name of a regional STS endpoint, not an audience",
        AudienceDifference::AuthorizedParty => "the token has an azp claim, which IAM compares in place of aud",
        AudienceDifference::Other => "the two must be equal",
    }
}

/// Well-known ways in which two audiences differ, for the provider's client ids too.
pub(super) fn audience_rule(actual: &str, expected: &str) -> Option<(Cause, &'static str)> {
    let difference = AudienceDifference::between(expected, actual);
    (difference != AudienceDifference::Other).then(|| (policy::of_audience(difference), audience(difference)))
}

/// Whom a pattern would admit if it were one.
fn admitted_by(claim: &str, pattern: &str) -> String {
    let who = match SubjectForm::of(pattern) {
        SubjectForm::ServiceAccount { namespace, .. } if namespace.contains(['*', '?']) => {
            "every service account of that form in every namespace of that form".to_owned()
        }
        SubjectForm::ServiceAccount { namespace, .. } => {
            format!("every service account of that form in the namespace `{namespace}`")
        }
        SubjectForm::Repository { .. } => "every branch, tag, pull request and repository of that form".to_owned(),
        SubjectForm::Other => format!("every {claim} of that form"),
    };
    format!("`{pattern}` under StringLike admits {who}, those that are yet to be made included")
}
