//! The half of the walk that needs no cluster: token, issuer, provider, role, exchange.

use std::path::Path;

use serde_json::Value;
use trustwalk_core::evidence::{
    Addon, CiJob, Evidence, Exchange, Observed, Provider, Role, Shared, Source, Target, TokenClaims, TokenSource,
};

use super::bearer::Bearer;
use super::given;
use super::kept::RoleFacts;
use super::trail::{self, Concerned, Trail};
use super::world::World;
use crate::claims;
use crate::error::CollectError;
use crate::github::Github;
use crate::job::{self, JobFiles};
use crate::secret::SecretToken;

/// Fills in everything from the token onwards, and tells the issuer it took. `deep` is whether the role's own events
/// are asked for in the trail, or why not.
pub(super) async fn fill(
    world: &World,
    evidence: &mut Evidence,
    bearer: Bearer,
    deep: Result<(), String>,
) -> Option<String> {
    let padded = matches!(bearer, Bearer::File(_, true));
    let (token, given, foretold) = match bearer {
        Bearer::Token(token, given) => (token, given, None),
        Bearer::File(token, _) => (token, TokenSource::HandedIn, None),
        Bearer::Foretold(claims, none) => (none, TokenSource::Cluster, Some(*claims)),
        Bearer::Nothing => {
            (Observed::NotCollected { reason: "no token was asked for".to_owned() }, TokenSource::HandedIn, None)
        }
    };
    let (caller, cluster) = tokio::join!(world.caller(), world.cluster());
    evidence.caller = caller;
    evidence.cluster = cluster;
    given::cluster(world, evidence);
    let read = || token.known().map(|t| claims::read(t, ("", given), None));
    let unchecked = foretold.as_ref().map_or_else(read, |f| f.known().cloned());
    let role_arn = evidence.role_arn.known().cloned();
    let issuer = issuer_url(world, evidence, unchecked.as_ref(), role_arn.as_deref()).await;
    given::issuer(world, evidence, issuer.as_deref());
    let minted = given == TokenSource::Cluster && unchecked.is_some();
    let ours = issuer.as_deref().is_some_and(|url| is_ours(world, evidence, minted, url));
    let place = Place::of(evidence, issuer.as_deref());
    let of_association = [&evidence.association_role, &evidence.association_target];
    let of_association = of_association.into_iter().filter_map(|r| r.known().map(|r| r.arn.clone()));
    let concerned: Vec<String> = role_arn.iter().cloned().chain(of_association).collect();
    let (facts, provider, (role, policies), exchange, trusting, trail, addons) = tokio::join!(
        async {
            match &issuer {
                Some(url) => Some(world.issuer_facts(url, ours).await),
                None => None,
            }
        },
        provider(world, &place, evidence),
        role_facts(world, evidence, role_arn.as_deref()),
        exchange(world, role_arn.as_deref(), &token),
        trusting(world, evidence, issuer.as_deref()),
        trail(world, &place, &concerned, deep),
        cluster_addons(world, evidence),
    );
    (evidence.provider, evidence.providers) = provider;
    evidence.trusting = trusting;
    evidence.role = role;
    evidence.policies = policies;
    evidence.exchange = exchange;
    evidence.addons = addons;
    let (trail, since) = with_deletions(world, evidence, &place, trail).await;
    evidence.trail = trail.into();
    evidence.trail_since = since;
    evidence.namesake = namesake(world, evidence, role_arn.as_deref()).await;
    let jwks = facts.as_ref().and_then(|f| f.jwks.clone());
    evidence.token = match foretold {
        Some(claims) => claims,
        None => token.map(|t| read_token(&t, given, padded, jwks.as_deref())),
    };
    if let Some(facts) = facts {
        evidence.discovery = facts.discovery;
        evidence.keys = facts.keys;
        evidence.chains = facts.chains;
    } else {
        let reason = "neither token nor cluster tells the issuer; give --issuer URL".to_owned();
        evidence.discovery = Observed::NotCollected { reason }.into();
    }
    evidence.clock = world.aws.clock();
    issuer
}

fn read_token(token: &SecretToken, given: TokenSource, padded: bool, jwks: Option<&str>) -> TokenClaims {
    let origin = match given {
        TokenSource::Cluster => "TokenRequest",
        TokenSource::HandedIn | TokenSource::Typed => "the token file",
    };
    TokenClaims { padded, ..claims::read(token, (origin, given), jwks) }
}

/// Add-ons of the cluster, for whatever is walked from inside one.
async fn cluster_addons(world: &World, evidence: &Evidence) -> Observed<Vec<Addon>> {
    match evidence.target {
        Target::Workload { .. } | Target::ServiceAccount { .. } => world.addons().await,
        Target::Role { .. } | Target::Issuer { .. } | Target::Job { .. } | Target::Log { .. } => {
            Observed::NotCollected { reason: "the target is of no cluster".to_owned() }
        }
    }
}

/// Where the provider of an issuer would be.
struct Place {
    issuer: Option<String>,
    account: Option<String>,
    partition: String,
}

impl Place {
    fn of(evidence: &Evidence, issuer: Option<&str>) -> Self {
        let role = evidence.role_arn.known().map(|arn| meant(arn));
        let caller = evidence.caller.known();
        let partition = role.or(caller.map(|c| c.arn.as_str())).and_then(|arn| arn.split(':').nth(1));
        Self {
            issuer: issuer.map(str::to_owned),
            account: role.and_then(account_of).or_else(|| caller.map(|c| c.account.clone())),
            partition: partition.filter(|p| !p.is_empty()).unwrap_or("aws").to_owned(),
        }
    }

    /// The ARN that the provider has if there is one: IAM derives it from the URL (IAM API reference,
    /// `CreateOpenIDConnectProvider`).
    fn arn(&self) -> Option<String> {
        let issuer = self.issuer.as_deref()?;
        let path = issuer.strip_prefix("https://").unwrap_or(issuer);
        Some(format!("arn:{}:iam::{}:oidc-provider/{path}", self.partition, self.account.as_ref()?))
    }
}

async fn trail(world: &World, place: &Place, roles: &[String], deep: Result<(), String>) -> Trail {
    if let Err(reason) = deep {
        return (Observed::NotCollected { reason }, None);
    }
    let mut named: Vec<(&str, &str)> = Vec::new();
    for arn in roles.iter().map(|arn| meant(arn)) {
        if let Some(name) = role_name(arn).filter(|_| !named.iter().any(|(known, _)| *known == arn)) {
            named.push((arn, name));
        }
    }
    let provider = place.arn();
    trail::read(world, &Concerned { roles: named, provider: provider.as_deref() }).await
}

async fn with_deletions(world: &World, evidence: &Evidence, place: &Place, mut trail: Trail) -> Trail {
    if let (true, Some(arn)) = (evidence.provider.is_absent(), place.arn()) {
        trail::add_deletions(world, &arn, &mut trail).await;
    }
    trail
}

/// The issuer that counts is the token's own; else that of the cluster whose workload it is; else the one given; else
/// the platform's, or the one the role trusts, where the subject is of no cluster; else the cluster's.
async fn issuer_url(
    world: &World,
    evidence: &Evidence,
    token: Option<&TokenClaims>,
    role: Option<&str>,
) -> Option<String> {
    let of_token = token.and_then(|t| t.iss.clone()).filter(|iss| iss.starts_with("https://"));
    let inside = matches!(evidence.target, Target::Workload { .. } | Target::ServiceAccount { .. });
    let of_cluster = || evidence.cluster.known().and_then(|c| c.issuer.clone()).filter(|_| inside);
    if let Some(known) = of_token.or_else(of_cluster).or_else(|| world.options.issuer.clone()) {
        return Some(known);
    }
    let elsewhere = match &evidence.target {
        Target::Job { .. } => true,
        Target::Role { subject: Some(subject), .. } => !subject.starts_with("system:serviceaccount:"),
        Target::Role { subject: None, .. }
        | Target::Workload { .. }
        | Target::ServiceAccount { .. }
        | Target::Issuer { .. }
        | Target::Log { .. } => false,
    };
    if !elsewhere {
        return evidence.cluster.known().and_then(|c| c.issuer.clone());
    }
    if let Some(issuer) = evidence.job.known().and_then(CiJob::issuer) {
        return Some(issuer);
    }
    let (role, _) = role_facts(world, evidence, role).await;
    let only = only_issuer(&role.known()?.trust_policy)?;
    // That the role trusts an issuer does not make it the job's.
    let path = only.trim_start_matches("https://");
    evidence.job.known().is_none_or(|job| job.may_be_from(path)).then_some(only)
}

/// Whether an issuer is named by the user or by the user's own cluster. Any other is a stranger's word, and no address
/// inside a network is dialled for it.
fn is_ours(world: &World, evidence: &Evidence, minted: bool, url: &str) -> bool {
    let same = |other: Option<&String>| other.is_some_and(|o| o.trim_end_matches('/') == url.trim_end_matches('/'));
    let workload = matches!(evidence.target, Target::Workload { .. } | Target::ServiceAccount { .. });
    (minted && workload)
        || same(world.options.issuer.as_ref())
        || same(evidence.cluster.known().and_then(|c| c.issuer.as_ref()))
}

/// The issuer of the only OIDC provider that a trust policy names.
fn only_issuer(trust_policy: &str) -> Option<String> {
    let policy: Value = serde_json::from_str(trust_policy).ok()?;
    let each = |v: &Value| v.as_array().cloned().unwrap_or_else(|| vec![v.clone()]);
    let mut issuers: Vec<String> = each(policy.get("Statement")?)
        .iter()
        .filter_map(|statement| statement.pointer("/Principal/Federated"))
        .flat_map(each)
        .filter_map(|principal| {
            let principal = principal.as_str()?;
            // The only one of IAM's built-in providers whose tokens name their issuer so (IAM User Guide, OIDC keys).
            if principal == "accounts.google.com" {
                return Some(principal.to_owned());
            }
            Some(principal.split_once(":oidc-provider/")?.1.to_owned())
        })
        .collect();
    issuers.sort();
    issuers.dedup();
    match issuers.as_slice() {
        [only] => Some(format!("https://{}", only.trim_start_matches("https://"))),
        _ => None,
    }
}

/// The account number in an ARN.
fn account_of(arn: &str) -> Option<String> {
    let account = arn.split(':').nth(4)?;
    (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then(|| account.to_owned())
}

/// The ARN inside a value: what YAML and shells leave around it keeps STS from reading it, and not us.
fn meant(arn: &str) -> &str {
    arn.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '\\'))
}

/// The role's name if the ARN is a role's: the last part of its path.
fn role_name(arn: &str) -> Option<&str> {
    let resource = arn.split(':').nth(5)?;
    let path = resource.strip_prefix("role/")?;
    path.rsplit('/').next().filter(|n| !n.is_empty())
}

async fn role_facts(world: &World, evidence: &Evidence, arn: Option<&str>) -> RoleFacts {
    role_of(world, evidence.caller.known().map(|c| c.account.as_str()), arn).await
}

/// A role and its policies, when it is of the account whose credentials these are.
pub(super) async fn role_of(world: &World, caller: Option<&str>, arn: Option<&str>) -> RoleFacts {
    let none = |reason: String| {
        (Observed::NotCollected { reason: reason.clone() }.into(), Observed::NotCollected { reason }.into())
    };
    let Some(arn) = arn else { return none("no role is named".to_owned()) };
    let arn = meant(arn);
    let Some(name) = role_name(arn) else { return none(format!("`{arn}` is not a role's ARN")) };
    let (Some(theirs), Some(ours)) = (account_of(arn), caller) else {
        return world.role_facts(name).await;
    };
    if theirs == ours {
        world.role_facts(name).await
    } else {
        none(format!("the role is in account {theirs} and these credentials are of {ours}; use a profile of {theirs}"))
    }
}

/// Roles that could be the workload's, when it names none or names what is none.
async fn trusting(world: &World, evidence: &Evidence, issuer: Option<&str>) -> Shared<Observed<Vec<Role>>> {
    let none = |reason: &str| Observed::NotCollected { reason: reason.to_owned() }.into();
    let no_role = |arn: &String| role_name(meant(arn)).is_none() || account_of(meant(arn)).is_none();
    let none_named = evidence.role_arn.is_absent() || evidence.role_arn.known().is_some_and(no_role);
    let unnamed = none_named && evidence.service_account.known().is_some();
    match issuer {
        _ if !unnamed => none("a role is named"),
        None => none("the issuer is not known"),
        Some(url) => {
            let namespace = evidence.service_account.known().map(|s| s.namespace.clone()).unwrap_or_default();
            world.trusting(url.strip_prefix("https://").unwrap_or(url), &namespace).await
        }
    }
}

/// The role of the same name in the caller's own account, when the one asked for is in another.
async fn namesake(world: &World, evidence: &Evidence, arn: Option<&str>) -> Observed<String> {
    let none = |reason: &str| Observed::NotCollected { reason: reason.to_owned() };
    let Some(name) = arn.and_then(role_name) else { return none("no role is named") };
    let theirs = arn.and_then(account_of);
    match evidence.caller.known() {
        Some(caller) if theirs.is_some_and(|t| t != caller.account) => {
            Observed::clone(&world.role_facts(name).await.0).map(|role| role.arn)
        }
        _ => none("the role is in the caller's own account"),
    }
}

async fn exchange(world: &World, role_arn: Option<&str>, token: &Observed<SecretToken>) -> Observed<Exchange> {
    let none = |reason: &str| Observed::NotCollected { reason: reason.to_owned() };
    if world.options.no_exchange {
        return none("--no-exchange was given");
    }
    match (role_arn, token) {
        (Some(arn), Observed::Known { value, .. }) => world.aws.exchange(arn, value.expose()).await,
        (None, _) => none("no role is named"),
        (_, Observed::NotCollected { reason }) => none(reason),
        (_, Observed::Spared { reason }) => Observed::Spared { reason: reason.clone() },
        (_, Observed::Denied { permission, .. }) => {
            none(&format!("there is no token to show, as {permission} is lacking"))
        }
        (_, Observed::Absent { .. } | Observed::Unreachable { .. }) => none("there is no token to show"),
    }
}

/// The provider whose URL is the token's issuer, in the role's account, and all providers of the caller's.
async fn provider(
    world: &World,
    place: &Place,
    evidence: &Evidence,
) -> (Shared<Observed<Provider>>, Observed<Vec<String>>) {
    let providers = world.provider_list().await;
    let one = registered(world, place, &providers, evidence).await;
    (one, providers)
}

async fn registered(
    world: &World,
    place: &Place,
    providers: &Observed<Vec<String>>,
    evidence: &Evidence,
) -> Shared<Observed<Provider>> {
    let (Some(issuer), Some(account), Some(arn)) = (&place.issuer, &place.account, place.arn()) else {
        return Observed::NotCollected { reason: "issuer or account is not known".to_owned() }.into();
    };
    let ours = evidence.caller.known().map(|c| c.account.as_str());
    if ours.is_some_and(|o| o != account) {
        let reason = format!("the provider would be in account {account}; use a profile of that account");
        return Observed::NotCollected { reason }.into();
    }
    let Some(list) = providers.known() else { return world.provider_facts(&arn).await };
    let suffix = format!(":oidc-provider/{}", issuer.strip_prefix("https://").unwrap_or(issuer));
    match list.iter().find(|arn| arn.ends_with(&suffix)) {
        Some(arn) => world.provider_facts(arn).await,
        None => Observed::Absent {
            source: Source {
                what: format!("an OIDC provider for {issuer} in account {account}"),
                at: world.options.now,
                by_hand: Some("aws iam list-open-id-connect-providers".to_owned()),
            },
        }
        .into(),
    }
}

/// Walks from a role, with a token file or a subject.
pub(super) async fn walk_role(world: &World, arn: &str, subject: Option<&str>) -> Evidence {
    let target = Target::Role { arn: arn.to_owned(), subject: subject.map(str::to_owned) };
    let mut evidence = world.blank(target);
    let source = Source { what: "--role".to_owned(), at: world.options.now, by_hand: None };
    evidence.role_arn = Observed::Known { value: arn.to_owned(), source };
    let bearer = match given::token(world, &mut evidence) {
        Some(given) => given,
        None if subject.is_none() => refused_of(world, arn).await,
        None => Bearer::Nothing,
    };
    let issuer = Box::pin(fill(world, &mut evidence, bearer, Ok(()))).await;
    if let (Some(subject), None) = (subject, evidence.token.known()) {
        let source = Source { what: "--subject".to_owned(), at: world.options.now, by_hand: None };
        let value = claims::assumed(subject, issuer, evidence.provider.known());
        evidence.token = Observed::Known { value, source };
    }
    evidence
}

/// Where nobody says whose token it is about: the one that the role was refused to last, as the trail tells it, and
/// that did not get the role since.
async fn refused_of(world: &World, arn: &str) -> Bearer {
    let arn = meant(arn);
    let Some(name) = role_name(arn) else { return Bearer::Nothing };
    let (found, _) = trail::read(world, &Concerned { roles: vec![(arn, name)], provider: None }).await;
    let exchanges = || {
        let all = found.known().into_iter().flatten();
        all.filter(|t| t.name == "AssumeRoleWithWebIdentity" && t.role.as_deref() == Some(arn) && !t.is_our_own())
    };
    let Some(last) = exchanges().filter(|t| t.error.is_some() && t.subject.is_some()).max_by_key(|t| t.at) else {
        return Bearer::Nothing;
    };
    let since = exchanges().any(|t| t.error.is_none() && t.subject == last.subject && t.at > last.at);
    let Some(claims) = claims::of_event(last).filter(|_| !since) else { return Bearer::Nothing };
    let what = format!("the exchange that CloudTrail has as refused, event {}", last.id);
    let source = Source { what, at: world.options.now, by_hand: None };
    let none = Observed::NotCollected { reason: "of a token that was refused only the event is there".to_owned() };
    Bearer::Foretold(Box::new(Observed::Known { value: claims, source }), none)
}

/// Walks from an issuer alone.
pub(super) async fn walk_issuer(world: &World, url: &str) -> Evidence {
    let mut evidence = world.blank(Target::Issuer { url: url.to_owned() });
    let (facts, _, caller) = tokio::join!(world.issuer_facts(url, true), world.provider_list(), world.caller());
    evidence.discovery = facts.discovery;
    evidence.keys = facts.keys;
    evidence.chains = facts.chains;
    evidence.caller = caller;
    let place = Place::of(&evidence, Some(url));
    (evidence.provider, evidence.providers) = provider(world, &place, &evidence).await;
    evidence.clock = world.aws.clock();
    evidence
}

/// Walks from a CI job's files; and what GitHub was asked about them and did not tell.
pub(super) async fn walk_jobs(
    world: &World,
    path: &Path,
    subject: Option<&str>,
) -> Result<(Vec<Evidence>, Vec<String>), CollectError> {
    let (mut jobs, mut unread) = job::read(path, &world.options.job_answers, world.options.now)?;
    if world.options.github {
        let github = Github::new(world.dialer.clone(), world.options.roots.clone(), crate::env::env_var);
        unread.extend(job::ask_github(&mut jobs, github).await);
    }
    let mut all = Vec::new();
    for found in jobs {
        all.push(Box::pin(walk_job(world, found, subject)).await);
    }
    given::logs_of_jobs(&mut all);
    Ok((all, unread))
}

async fn walk_job(world: &World, found: JobFiles, subject: Option<&str>) -> Evidence {
    let audience = found.job.audiences().into_iter().next();
    let mut evidence = world.blank(Target::Job { name: found.name.clone() });
    evidence.dismissed.extend(found.beside.iter().map(|step| format!("not looked at: {step}")));
    if world.options.logs.is_empty() {
        evidence.hear(found.logs);
    }
    evidence.role_arn = match &world.options.role {
        Some(role) => Observed::Known {
            value: role.clone(),
            source: Source { what: "--role".to_owned(), at: world.options.now, by_hand: None },
        },
        None => found.role,
    };
    let source = Source { what: format!("CI job {}", found.name), at: world.options.now, by_hand: None };
    evidence.job = Observed::Known { value: found.job, source };
    let bearer = given::token_of_job(world, &mut evidence, found.token, subject);
    let issuer = Box::pin(fill(world, &mut evidence, bearer, Ok(()))).await;
    if let (Some(subject), None) = (subject, evidence.token.known()) {
        let source = Source { what: "--subject".to_owned(), at: world.options.now, by_hand: None };
        let mut value = claims::assumed(subject, issuer, evidence.provider.known());
        value.aud = audience.map_or(value.aud, |aud| vec![aud]);
        evidence.token = Observed::Known { value, source };
    }
    evidence
}

/// Logs alone: what they say, and nothing about anything else.
pub(super) fn walk_logs(world: &World) -> Evidence {
    let name = world.options.logs.join(", ");
    world.blank(Target::Log { name, identity: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trust_policy_tells_the_issuer_when_it_names_one_alone() {
        let policy = |federated: &str| format!(r#"{{"Statement": {{"Principal": {{"Federated": {federated}}}}}}}"#);
        let one = "arn:aws:iam::111122223333:oidc-provider/a.example/x";
        assert_eq!(only_issuer(&policy(&format!("\"{one}\""))).as_deref(), Some("https://a.example/x"));
        let two = format!("[\"{one}\", \"{one}\", \"arn:aws:iam::111122223333:oidc-provider/b.example\"]");
        assert_eq!(only_issuer(&policy(&two)), None);
        assert_eq!(only_issuer(&policy(&format!("[\"{one}\", \"{one}\"]"))).as_deref(), Some("https://a.example/x"));
        assert_eq!(only_issuer(&policy("\"accounts.google.com\"")).as_deref(), Some("https://accounts.google.com"));
        for none in ["not JSON", "{}", &policy("\"cognito-identity.amazonaws.com\"")] {
            assert_eq!(only_issuer(none), None);
        }
    }

    #[test]
    fn role_names_and_accounts_are_taken_from_arns_only_when_they_are_arns() {
        assert_eq!(role_name("arn:aws:iam::111122223333:role/path/cni"), Some("cni"));
        assert_eq!(role_name("arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"), None);
        assert_eq!(role_name("arn:aws:iam::111122223333:role/"), None);
        assert_eq!(role_name(meant("\"arn:aws:iam::111122223333:role/cni\" ")), Some("cni"));
        assert_eq!(account_of("arn:aws:iam::111122223333:role/x").as_deref(), Some("111122223333"));
        assert_eq!(account_of("arn:aws:iam::11112222:role/x"), None);
    }
}
