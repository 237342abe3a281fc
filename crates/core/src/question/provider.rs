//! Whether the account registered the issuer, and the audience with it.

use crate::cause::Cause;
use trustwalk_symptoms::{Region, Symptom};

use super::draft::Found;
use super::facts::{bare, built_in, eks_issuer, issuer, lacking, role_account};
use super::provider_absent::{absent, answer, list_of};
use super::provider_registered::registered;
use super::sts::Refusal;
use super::symptoms::find;
use super::{Draft, Judged, audience, names, setup, upcoming};
use crate::evidence::{LogFailure, Target, View};
use crate::finding::Confidence;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[
    Cause::AudienceNotInProviderClientIds,
    Cause::PartitionAudienceMismatch,
    Cause::OidcProviderMissingInAccount,
    Cause::CrossAccountWebIdentityWithoutProviderThere,
    Cause::AudienceConfusedWithStsEndpoint,
    Cause::AudienceDefaultChangedByTool,
    Cause::ClusterRecreatedNewIssuerId,
    Cause::IssuerUrlChangedByIdp,
    Cause::WrongTokenFileKubernetesDefaultToken,
    Cause::AzpClaimUsedAsAudience,
    Cause::IssuerHostChangedDualStack,
    Cause::IssuerTrailingSlashMismatch,
    Cause::OidcProviderCountQuota,
    Cause::OidcProviderDeletedByAnotherStack,
    Cause::RoleArnWrongAccount,
    Cause::StsCallSentToWrongPartitionRegion,
    Cause::WrongRegionInIssuerHost,
    Cause::OidcProviderOnePerUrl,
    Cause::ClientIdWithInvisibleCharacters,
    Cause::AudienceConditionWrongInTrustPolicy,
];

/// What tells a missing provider from one that is nearly right.
const READ_PROVIDERS: &str = "`aws iam list-open-id-connect-providers` in the role's account: a provider that \
    differs by a trailing slash, a region, an old host or the account is another cause";

/// Judges the provider.
pub(crate) fn causes(view: &View<'_>) -> Judged {
    let e = view;
    if super::sts::succeeded(view) {
        return upcoming::causes(view);
    }
    if let Some(refused) = setup::provider(view) {
        return refused;
    }
    if e.provider().known().is_none() && built_in(e) {
        return Judged::none("the provider is IAM's own");
    }
    let said = super::refusals::refusals(view);
    if let Some(provider) = e.provider().known() {
        return registered(view, e, provider, &said);
    }
    if e.provider().is_absent() {
        return match issuer(e) {
            Some(iss) => absent(view, e, iss),
            None => Judged::open("the issuer: neither token nor cluster tells it"),
        };
    }
    if said.hold(Refusal::NoProvider) {
        return told(view, e);
    }
    if said.hold(Refusal::Audience)
        && let Some(judged) = audience::refused(e)
    {
        return judged;
    }
    Judged::open(lacking("the account's OIDC provider", e.provider()))
}

/// STS says there is none, and the account was not read: a provider of nearly this URL may be there.
fn told(view: &View<'_>, e: &View<'_>) -> Judged {
    let line = find(view, &[Symptom::NoProvider]);
    let named = line.and_then(|l| l.failure.issuer.clone());
    let Some(iss) = issuer(e).map(str::to_owned).or(named) else {
        let draft = Draft::new("STS finds no OIDC provider for the token's issuer in the role's account")
            .unsure(Confidence::Likely, READ_PROVIDERS)
            .cure("register the issuer there", &[("aws", "aws iam list-open-id-connect-providers".to_owned())]);
        let draft = match line {
            Some(l) => draft.hear(l),
            None => draft,
        };
        return Judged::one(Cause::OidcProviderMissingInAccount, draft);
    };
    let mut judged = absent(view, e, &iss);
    if let Some(draft) = line.and_then(|l| Some(other_partition(e, l, &iss)?.hear(l))) {
        judged.push(Cause::StsCallSentToWrongPartitionRegion, draft);
    }
    if list_of(e, &role_account(e).unwrap_or_default()).is_none() {
        let alone = judged.found.len() == 1;
        // That the role's account has no provider for this issuer, STS's own answer tells: nothing is nearer to it.
        let answered = |cause: Cause| {
            cause == Cause::CrossAccountWebIdentityWithoutProviderThere && answer(view).is_some() && alone
        };
        // Of a log alone the sentence is told with what it means mostly.
        let missing = judged.found.iter().all(|f| f.cause == Cause::OidcProviderMissingInAccount);
        let alike = if missing && !matches!(e.target(), Target::Log { .. }) { fitting(view, &iss) } else { Vec::new() };
        let sole = alone && alike.is_empty();
        for cause in judged.found.iter_mut().filter(|f| !answered(f.cause)) {
            cause.draft.confidence = if sole { Confidence::Likely } else { Confidence::Possible };
            cause.draft.decide.get_or_insert_with(|| READ_PROVIDERS.to_owned());
        }
        judged.found.extend(alike.into_iter().map(|(cause, draft)| Found { cause, draft }));
    }
    judged
}

/// What else STS says the same of, where nobody read the role's account.
fn fitting(view: &View<'_>, iss: &str) -> Vec<(Cause, Draft)> {
    let role = view.role_arn().known().map_or("the role", String::as_str);
    let mut all = vec![
        (
            Cause::CrossAccountWebIdentityWithoutProviderThere,
            format!("{role} may be of another account than the one where {iss} is registered"),
        ),
        (
            Cause::IssuerTrailingSlashMismatch,
            format!("the account may know {iss} with another end, by a trailing slash"),
        ),
        (
            Cause::RoleArnWrongAccount,
            format!("the account in {role} may be the wrong one, which has no provider for {iss}"),
        ),
    ];
    if eks_issuer(bare(iss)).is_some() {
        all.push((
            Cause::WrongRegionInIssuerHost,
            format!("the account may know {iss} with another region in its host"),
        ));
    }
    let list = ("aws", "aws iam list-open-id-connect-providers".to_owned());
    let draft = |words: String| {
        let draft = Draft::new(words).unsure(Confidence::Possible, READ_PROVIDERS);
        let draft = draft.cure("see which providers the role's account has", std::slice::from_ref(&list));
        match (answer(view), find(view, &[Symptom::NoProvider])) {
            (Some(said), _) => draft.show("STS", said, "sts:AssumeRoleWithWebIdentity"),
            (None, Some(line)) => draft.hear(line),
            (None, None) => draft,
        }
    };
    all.into_iter().map(|(cause, words)| (cause, draft(words))).collect()
}

/// The issuer is of a partition that clients do not call by themselves, and the line does not show that they were told.
fn other_partition(e: &View<'_>, line: &LogFailure, iss: &str) -> Option<Draft> {
    let (region, _) = eks_issuer(bare(iss))?;
    let family = ["us-gov-", "cn-", "us-iso", "eusc-"].into_iter().find(|f| region.starts_with(f))?;
    let called = line.failure.region.as_ref().map(Region::as_str);
    called.is_none_or(|c| !c.starts_with(family)).then(|| {
        Draft::new(format!(
            "the issuer is of {region}, whose partition only its own STS knows, and the client may have asked another \
             STS"
        ))
        .unsure(
            Confidence::Possible,
            "which host the client asked: its log at debug level, or no event of the exchange in CloudTrail of this \
             partition",
        )
        .cure(
            "name the region to the client of STS",
            &[("kubectl", names::on_workload(e, "set env", " AWS_REGION={}", &[region]))],
        )
    })
}
