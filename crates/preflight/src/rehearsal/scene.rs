//! One way to a role as a lab sets it up: every value filled in, or the word that one of them is not known.

use serde_json::{Map, Value};
use trustwalk_checkout::{Association, Provider, Role, Text};
use trustwalk_core::evidence::CiJob;

use super::stand_ins::StandIns;
use crate::admit::{Weighed, account};
use crate::fill::{self, Fill, runs};
use crate::policy::rendered;

/// Where an account is asked that no policy names a region of.
const REGION: &str = "us-west-2";
/// The name of a role that the tool names, and of a session.
const NAME: &str = "rehearsed";
/// What stands for a branch, a tag or a number that only a run has.
const EXAMPLE: &str = "example";
/// The longest session that a role can have, for one of which the files do not tell the number (IAM API reference,
/// `CreateRole`).
const LONGEST: i64 = 43_200;

/// A provider that is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SceneProvider {
    /// Its URL.
    pub url: String,
    /// Its client ids.
    pub client_ids: Vec<String>,
    /// Its thumbprints; none where IAM is to find them.
    pub thumbprints: Vec<String>,
}

/// A role that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SceneRole {
    /// Its path.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its trust policy.
    pub trust: String,
    /// Its longest session, seconds.
    pub max_session: Option<i64>,
    /// Texts of its policies, as far as all of them is known.
    pub policies: Vec<String>,
    /// Path and name of other roles of the account that the trust policy names.
    pub others: Vec<(String, String)>,
}

/// Whom a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// A service account.
    ServiceAccount(String, String),
    /// Somebody with these claims.
    Claims(Map<String, Value>),
}

/// How the role is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// With a token at STS: its audience, the session's life where somebody says, and its name.
    Token(String, Option<i64>, String),
    /// Through an association in a cluster of this name.
    Association(String),
}

/// One way to a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    /// The account.
    pub account: String,
    /// Its partition.
    pub partition: String,
    /// Its region.
    pub region: String,
    /// URL of the issuer.
    pub issuer: String,
    /// The provider; none for an association.
    pub provider: Option<SceneProvider>,
    /// The role.
    pub role: SceneRole,
    /// The ARN that is asked for.
    pub arn: String,
    /// Whom the token is for.
    pub whom: Whom,
    /// How it is asked.
    pub asked: Asked,
    /// What stands in for what the files do not tell, in words.
    pub stood_in: Vec<String>,
}

/// What a way by a token is made of.
pub(crate) struct Parts<'a> {
    /// The role.
    pub(crate) role: &'a Role,
    /// As whoever asks names it; as it is declared where that is not known.
    pub(crate) named: Option<&'a Text>,
    /// Issuer, subject and audience, and what stands for symbols.
    pub(crate) weighed: &'a Weighed<'a>,
    /// The provider, where the files declare it.
    pub(crate) provider: Option<&'a Provider>,
    /// The job, where it is one.
    pub(crate) job: Option<&'a CiJob>,
}

/// A role's ARN in parts.
struct Arn {
    partition: String,
    account: String,
    path: String,
    name: String,
}

impl Arn {
    fn of(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", owner, resource] = parts.as_slice() else { return None };
        account(text)?;
        let path = resource.strip_prefix("role")?;
        let (path, name) = path.rsplit_once('/')?;
        let (partition, account) = ((*partition).to_owned(), (*owner).to_owned());
        Some(Self { partition, account, path: format!("{path}/"), name: name.to_owned() })
    }

    fn text(&self) -> String {
        format!("arn:{}:iam::{}:role{}{}", self.partition, self.account, self.path, self.name)
    }
}

/// The role's ARN as it is declared and as it is asked for. A name that a tool makes gets one that stands in.
fn arns(role: &Role, named: Option<&Text>, fill: &Fill, provider: Option<&str>) -> Result<(Arn, String), String> {
    let declared = fill.arn_text(&role.arn);
    let asked = named.map_or_else(|| declared.clone(), |named| fill.arn_text(named));
    if !fill::is_made_up_arn(&declared) && !fill::is_made_up_arn(&asked) {
        let own = Arn::of(&declared).ok_or_else(|| format!("`{declared}` is the ARN of no role"))?;
        return Ok((own, asked));
    }
    if declared != asked {
        let open = fill::shown(if fill::is_made_up_arn(&declared) { &declared } else { &asked });
        return Err(format!("whether `{open}` is the role that is meant is not told by the files"));
    }
    // Both are the same, whatever it is.
    let owner = account(&declared).or_else(|| account(provider?)).unwrap_or_else(|| fill::ACCOUNT.to_owned());
    let partition = declared.split(':').nth(1).filter(|p| p.starts_with("aws") && p.len() < 16).unwrap_or("aws");
    let (path, name) = ("/".to_owned(), NAME.to_owned());
    let own = Arn { partition: partition.to_owned(), account: owner, path, name };
    let text = own.text();
    Ok((own, text))
}

/// The role, with its policies as far as they are known.
fn role(declared: &Role, own: &Arn, trust: String, fill: &Fill, stand_ins: &StandIns) -> Result<SceneRole, String> {
    let seconds = |told: &trustwalk_checkout::Said<Text>| told.value.known().and_then(|s| s.parse().ok());
    let documents = declared.policies.iter().filter_map(|p| p.document.as_ref());
    let policies = documents.filter_map(|d| stand_ins.whole(&rendered(d, fill)).ok()).collect();
    Ok(SceneRole {
        path: own.path.clone(),
        name: own.name.clone(),
        others: others(&trust, own)?,
        trust,
        max_session: declared.max_session.as_ref().map(|told| seconds(told).unwrap_or(LONGEST)),
        policies,
    })
}

/// Other roles of the account that a trust policy names: IAM saves none that names somebody who is not there (IAM User
/// Guide, "Principal").
fn others(trust: &str, own: &Arn) -> Result<Vec<(String, String)>, String> {
    let document: Value = serde_json::from_str(trust).unwrap_or_default();
    let each = |value: Option<&Value>| match value {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let mut found = Vec::new();
    for arn in each(document.get("Statement")).iter().flat_map(|s| each(s.pointer("/Principal/AWS"))) {
        let Some(text) = arn.as_str() else { continue };
        if account(text).as_deref() != Some(own.account.as_str()) {
            continue;
        }
        let resource = text.splitn(6, ':').nth(5).unwrap_or_default();
        if resource.starts_with("user/") {
            return Err(format!("the trust policy names `{text}`, and the lab's accounts have no such user"));
        }
        if let Some(rest) = resource.strip_prefix("assumed-role/") {
            found.extend(rest.split_once('/').map(|(name, _)| ("/".to_owned(), name.to_owned())));
        } else if let Some(role) = Arn::of(text).filter(|role| role.text() != own.text()) {
            found.push((role.path, role.name));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// The region that a policy names, by the ARN of a cluster.
fn region(trust: &str) -> String {
    let after = trust.split(":eks:").nth(1).and_then(|rest| rest.split(':').next());
    let is = |text: &&str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    after.filter(is).unwrap_or(REGION).to_owned()
}

/// A way by a token.
pub(crate) fn of_token(parts: &Parts<'_>) -> Result<Box<Scene>, String> {
    let Parts { role: declared, weighed, .. } = parts;
    let fill = &weighed.fill;
    let stand_ins = StandIns::of_issuer(&weighed.issuer);
    let mut stood_in = stand_ins.shown.clone();
    let issuer = format!("https://{}", stand_ins.whole(&weighed.issuer)?);
    let (own, arn) = arns(declared, parts.named, fill, Some(&weighed.provider))?;
    if own.account == fill::ACCOUNT {
        stood_in.push("the account's number".to_owned());
    }
    let audience = stand_ins.whole(&weighed.claims.1)?;
    let provider = provider(parts.provider, &issuer, &audience, (fill, &stand_ins))?;
    if parts.provider.is_none() {
        stood_in.push(format!("the provider of {}, which no file declares", weighed.issuer_shown()));
    }
    let trust = stand_ins.whole(&weighed.text).map_err(|why| format!("of its trust policy: {why}"))?;
    let (whom, asked) = match parts.job {
        None => {
            let subject = stand_ins.whole(&weighed.claims.0)?;
            let of = subject.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
            let (namespace, name) = of.ok_or_else(|| format!("`{subject}` is no service account's"))?;
            let session = NAME.to_owned();
            (Whom::ServiceAccount(namespace.to_owned(), name.to_owned()), Asked::Token(audience, None, session))
        }
        Some(job) => {
            let claims = claims(job, &example(&weighed.claims.0, &mut stood_in));
            let input = |name: &str| job.inputs.get(name).filter(|text| !text.contains("${{") && !text.is_empty());
            let seconds = input("role-duration-seconds").and_then(|text| text.trim().parse().ok());
            let session = input("role-session-name").cloned().unwrap_or_else(|| NAME.to_owned());
            (Whom::Claims(claims), Asked::Token(audience, seconds, session))
        }
    };
    Ok(Box::new(Scene {
        region: region(&trust),
        role: role(declared, &own, trust, fill, &stand_ins)?,
        account: own.account,
        partition: own.partition,
        issuer,
        provider: Some(provider),
        arn,
        whom,
        asked,
        stood_in,
    }))
}

/// The provider as the files declare it, or one that knows the issuer and the audience.
fn provider(
    declared: Option<&Provider>,
    issuer: &str,
    audience: &str,
    (fill, stand_ins): (&Fill, &StandIns),
) -> Result<SceneProvider, String> {
    let Some(declared) = declared else {
        let client_ids = vec![audience.to_owned()];
        return Ok(SceneProvider { url: issuer.to_owned(), client_ids, thumbprints: Vec::new() });
    };
    let url = fill.text(&declared.url.value);
    let begins = runs(&url).first().is_some_and(|run| url.starts_with(run));
    let mut url = stand_ins.whole(&url)?;
    if begins && !url.contains("://") {
        url = format!("https://{url}");
    }
    let texts = |all: &[trustwalk_checkout::Said<Text>]| -> Vec<String> {
        all.iter().filter_map(|t| t.value.known().map(str::to_owned)).collect()
    };
    let client_ids = texts(&declared.client_ids);
    if client_ids.len() < declared.client_ids.len() && !client_ids.iter().any(|id| id == audience) {
        return Err("the client ids of its provider are not told by the files".to_owned());
    }
    // One that IAM would find is as good as one that is not known: certificates are not rehearsed.
    let thumbprints = declared.thumbprints.as_deref().map(texts).unwrap_or_default();
    Ok(SceneProvider { url, client_ids, thumbprints })
}

/// A subject with an example of what only the run has.
fn example(subject: &str, stood_in: &mut Vec<String>) -> String {
    let mut out = subject.to_owned();
    for run in runs(subject) {
        stood_in.push(format!("`{}`", fill::shown(run)));
        out = out.replace(run, EXAMPLE);
    }
    out
}

/// The claims of a job's token, as far as its files tell them.
fn claims(job: &CiJob, subject: &str) -> Map<String, Value> {
    let mut all = Map::new();
    let mut put = |name: &str, value: &str| {
        if !value.is_empty() && !value.contains("${{") {
            all.insert(name.to_owned(), Value::from(value));
        }
    };
    put("sub", subject);
    if job.platform == trustwalk_core::evidence::Platform::GithubActions {
        put("repository", &job.repository);
        put("repository_owner", job.repository.split('/').next().unwrap_or_default());
        put("environment", job.environment.as_deref().unwrap_or_default());
    }
    all
}

/// A way through an association.
pub(crate) fn of_association(association: &Association, declared: &Role) -> Result<Box<Scene>, String> {
    let mut fill = Fill::default();
    fill.arn(&declared.arn, crate::world::account_of(declared, Some(&association.role.value)).as_deref());
    fill.arn(&association.role.value, crate::world::account_of(declared, Some(&association.role.value)).as_deref());
    let none = StandIns::default();
    let (own, arn) = arns(declared, Some(&association.role.value), &fill, None)?;
    let trust = none.whole(&rendered(&declared.trust, &fill)).map_err(|why| format!("of its trust policy: {why}"))?;
    let mut stood_in = Vec::new();
    if own.account == fill::ACCOUNT {
        stood_in.push("the account's number".to_owned());
    }
    let namespace = none.whole(&fill.text(&association.namespace.value))?;
    let name = none.whole(&fill.text(&association.account.value))?;
    let issuer = StandIns::of_issuer(&fill.text(&Text::unknown("the cluster's issuer")));
    let issuer = issuer.whole(&fill.text(&Text::unknown("the cluster's issuer")))?;
    let cluster = association.cluster.known().filter(|name| !name.is_empty()).unwrap_or(NAME).to_owned();
    Ok(Box::new(Scene {
        region: region(&trust),
        role: role(declared, &own, trust, &fill, &none)?,
        account: own.account,
        partition: own.partition,
        issuer: format!("https://{issuer}"),
        provider: None,
        arn,
        whom: Whom::ServiceAccount(namespace, name),
        asked: Asked::Association(cluster),
        stood_in,
    }))
}
