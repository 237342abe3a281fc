//! Whom the failures of logs are of, and commands with the names of what is known.

use std::collections::{BTreeMap, BTreeSet};

use trustwalk_foreign::shell;
use trustwalk_symptoms::{Subject, Symptom};

use crate::evidence::{Evidence, Kind, LogFailure, LogIdentity, Target};
use crate::finding::Finding;

/// The identity that the failures of a log name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Named<'a> {
    /// The role's ARN.
    pub role: Option<&'a str>,
    /// The token's subject.
    pub subject: Option<&'a str>,
    /// Namespace and name of the service account, where the subject is one.
    pub account: Option<(&'a str, &'a str)>,
}

/// Whom the failures of the logs name: one failure's role and subject, not those of two; that of the line that a
/// finding rests on, where one is told.
pub fn named_in_logs<'a>(e: &'a Evidence, by: Option<&Finding>) -> Named<'a> {
    let told = |l: &LogFailure| by.is_some_and(|f| rests_on(f, l));
    let mut lines: Vec<&LogFailure> = e.logs.known().into_iter().flatten().collect();
    lines.sort_by_key(|l| !told(l));
    let failures = || lines.iter().map(|l| &l.failure);
    let role = failures().find_map(|f| f.role_arn.as_deref());
    let of_it = || failures().filter(move |f| role.is_none() || f.role_arn.as_deref() == role);
    let subject = of_it().find_map(|f| f.subject.as_ref().map(Subject::as_str));
    let by_subject = subject.and_then(|s| s.strip_prefix("system:serviceaccount:")).and_then(|s| s.split_once(':'));
    // A consumer of the account's role, or the webhook, names the account and no subject.
    let by_name = || of_it().find_map(|f| f.service_account.as_ref()?.as_str().split_once('/'));
    Named { role, subject, account: by_subject.or_else(by_name) }
}

/// Kind, namespace and name of the one object that the failures of a log are told beside: a message that somebody sent
/// says whose they are, and so does what gathers logs.
pub fn object_in_logs(e: &Evidence) -> Option<(&'static str, String, String)> {
    let lines: Vec<&str> = e.logs.known()?.iter().map(|l| l.sample.as_str()).collect();
    let named = trustwalk_symptoms::named(&lines.join("\n"));
    let [object] = named.objects.as_slice() else { return None };
    let only = || if let [only] = named.namespaces.as_slice() { Some(only.clone()) } else { None };
    let namespace = object.namespace.clone().or_else(only)?;
    Some((object.kind, namespace, object.name.clone()))
}

/// Whether a finding shows a line among its proof.
fn rests_on(f: &Finding, line: &LogFailure) -> bool {
    f.proof.iter().any(|x| x.origin == line.origin && (x.value == line.sample || x.value == line.failure.message))
}

/// Whom the failures of a log are of, where they are of several: the role that each names, else its subject.
fn whose(line: &LogFailure) -> Option<&str> {
    line.failure.role_arn.as_deref().or_else(|| line.failure.subject.as_ref().map(Subject::as_str))
}

/// Identities named of those of one log.
const NAMED: usize = 5;

/// The identities whose failures a log that is all there is tells of, each with what it met first; empty where they are
/// of one, or none is named.
pub fn identities_of_log(e: &Evidence) -> Vec<(&str, Symptom)> {
    // What was parted already is of one, unless it is of nobody known.
    let parted = |identity: &Option<LogIdentity>| identity.as_ref().is_some_and(|i| *i != LogIdentity::default());
    let several = matches!(&e.target, Target::Log { identity, .. } if !parted(identity));
    let lines = e.logs.known().filter(|_| several);
    let mut all: BTreeMap<&str, Symptom> = BTreeMap::new();
    for line in lines.into_iter().flatten() {
        if let Some(who) = whose(line) {
            all.entry(who).or_insert(line.failure.symptom);
        }
    }
    if all.len() < 2 { Vec::new() } else { all.into_iter().collect() }
}

/// What the line of a log of several identities says: each of them, and what it met.
pub(super) fn several(e: &Evidence) -> Option<String> {
    let all = identities_of_log(e);
    let named = all.iter().take(NAMED).map(|(who, symptom)| format!("{who} ({})", symptom.name()));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = if all.len() > NAMED { format!(" and {} more", all.len() - NAMED) } else { String::new() };
    (!all.is_empty()).then(|| format!("{} identities fail: {named}{more}", all.len()))
}

/// Says of findings from a log of several identities whose failure each is of; and that they are several.
pub(super) fn of_several(e: &Evidence, findings: &mut [Finding]) -> Option<String> {
    let lines = e.logs.known()?;
    let all: BTreeSet<&str> = identities_of_log(e).into_iter().map(|(who, _)| who).collect();
    if all.is_empty() {
        return None;
    }
    for f in findings {
        let line = lines.iter().find(|l| rests_on(f, l));
        if let Some(who) = line.and_then(whose) {
            f.sentence = format!("of {who}: {}", f.sentence);
        }
    }
    let named = all.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = if all.len() > NAMED { " and others" } else { "" };
    Some(format!("the log tells of {} identities ({named}{more}): each is asked about by itself", all.len()))
}

/// What a fact tells and how a person reads it, with the names of the objects where they are known: of what was read,
/// else of what a log names.
#[expect(clippy::wildcard_enum_match_arm, reason = "few facts are of an object whose name may be known")]
pub fn tells(e: &Evidence, kind: Kind) -> String {
    let named = named_in_logs(e, None);
    let of_account = || {
        let read = e.service_account.known().map(|sa| (sa.namespace.as_str(), sa.name.as_str()));
        let of_workload = || e.workload.known().map(|w| (w.namespace.as_str(), w.template.service_account.as_str()));
        read.or_else(of_workload).or(named.account)
    };
    let of_role = || {
        let arn = e.role_arn.known().map(|arn| arn.trim()).or(named.role)?;
        arn.rsplit('/').next().filter(|name| !name.is_empty())
    };
    let cluster = || e.cluster.known().map(|c| c.name.as_str()).filter(|name| !name.is_empty());
    let told = match kind {
        Kind::ServiceAccount | Kind::Siblings => of_account().map(|(namespace, name)| {
            let command = shell::line("kubectl get serviceaccount {} -n {} -o yaml", &[name, namespace]);
            format!("see which role the service account names: `{command}`")
        }),
        Kind::Role | Kind::RoleArn | Kind::Namesake | Kind::Trusting => of_role().map(|name| {
            let query = "aws iam get-role --role-name {} --query Role.AssumeRolePolicyDocument";
            format!(
                "compare the token's `iss`, `sub` and `aud` with the trust policy: `{}`; CloudTrail's \
                 AssumeRoleWithWebIdentity event shows the subject",
                shell::line(query, &[name])
            )
        }),
        Kind::Associations | Kind::PodIdentityAgent | Kind::AgentPods | Kind::Addons => cluster().map(|name| {
            let command = shell::line("aws eks list-pod-identity-associations --cluster-name {}", &[name]);
            format!("see whether an association exists: `{command}`")
        }),
        Kind::Provider => e.provider.known().map(|p| p.arn.as_str()).map(|arn| {
            let template = "aws iam get-open-id-connect-provider --open-id-connect-provider-arn {}";
            let command = shell::line(template, &[arn]);
            format!("compare `iss`, `aud` and `azp` of the token with the provider: `{command}`")
        }),
        _ => None,
    };
    told.unwrap_or_else(|| kind.tells().to_owned())
}
