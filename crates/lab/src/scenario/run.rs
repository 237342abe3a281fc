//! A scenario in a running lab: its accounts, issuers and clusters.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use tokio::task::JoinSet;
use trustwalk_lab_aws::{Account, Provider, Role as AwsRole};
use trustwalk_lab_cluster::{Gvr, KINDS, User};
use trustwalk_lab_issuer::{
    Issuer, SigningKey,
    pki::{LeafKey, Presentation, days_after, thumbprint},
};

use super::{
    ChainForm, Kind, REGION, Scenario, WrongScenario,
    documents::DocumentsForm,
    fleet,
    form::{ClusterForm, Thumbprints, Word},
    host_of, inline_of, line, nature, policies_of,
    scene::{Member, Scene, Signer},
    workloads::{client_ids, world},
};
use crate::{
    Lab, LabError, again,
    clock::LEAF_AGE_DAYS,
    faults,
    kept::{Before, Course, Keeper, Stand, course_entry, damaged, site_entry},
    parts::{self, Given, Parts, Plan},
    site::{Applied, Site},
    world::{Base, Place, names::bare},
};

/// Makes what a scenario says, or puts it back as it was before.
pub(crate) async fn begin(lab: &Lab, scenario: &Scenario, mut before: Option<&mut Before>) -> Result<(), LabError> {
    let members = members(lab, scenario, before.as_deref_mut())?;
    let signers = match before.as_deref_mut() {
        Some(before) => signers_again(lab, scenario, before)?,
        None => signers(lab, scenario).await?,
    };
    for (name, documents) in scenario.documents() {
        // A cluster that was kept gets those that it had, below.
        if let Some(signer) = signers.get(name) {
            documents.befall(&signer.issuer).await?;
        }
    }
    let mut scene = Scene {
        members,
        signers,
        chains: BTreeMap::new(),
        sites: Vec::new(),
        clusters: scenario.form.clusters.iter().map(|cluster| cluster.name.value.clone()).collect(),
    };
    for (name, chain) in scenario.all_chains() {
        let host = host_of(scenario.names.url(name).map_or("", String::as_str));
        lab.inner.hosts.put(&host, 443, lab.addresses().issuer);
        scene.chains.insert(host, chain);
    }
    let is_new = before.is_none();
    if is_new {
        lab.inner.present(&scene.chains)?;
        providers(lab, scenario, &scene)?;
        roles(scenario, &scene)?;
    }
    for cluster in &scenario.form.clusters {
        let side = place_of_cluster(lab, scenario, &scene, cluster)?;
        if cluster.served {
            scene.sites.push(put_up(lab, scenario, cluster, side, before.as_deref_mut()).await?);
        } else if is_new {
            let (place, account, _) = side;
            let owner = lab.inner.story.account.for_cluster(&account, place, String::new(), String::new());
            owner.put_cluster(None, &BTreeMap::new(), true, lab.inner.clock.now());
        }
    }
    for fault in scenario.form.faults.iter().filter(|_| is_new) {
        let name = faults::find(&fault.fault.value).map_or("", |found| found.name);
        scene.hit(name, &fault.on.value).await?;
    }
    // It is empty: a lab starts once.
    let _set = lab.inner.scene.set(scene);
    Ok(())
}

/// The accounts with their users and policies.
fn members(lab: &Lab, scenario: &Scenario, mut before: Option<&mut Before>) -> Result<Vec<Member>, LabError> {
    let first = lab.inner.story.account.account();
    let mut members = Vec::new();
    for form in &scenario.form.accounts {
        let id = &form.id.value;
        let account =
            if first.id() == id { first.clone() } else { first.join_in(id, form.region.as_deref().unwrap_or(REGION)) };
        let alias = form.alias.value.clone();
        if first.id() != id
            && let Some(kept) = &lab.inner.kept
        {
            if let Some(before) = before.as_deref_mut() {
                account.restore(&mut before.restored)?;
            }
            account.keep_in(Arc::clone(&kept.journal));
        }
        if before.is_some() {
            // One that was deleted meanwhile has no keys.
            let users = form.users.iter().map(|user| &user.name.value);
            let users = users.filter_map(|name| Some((name.clone(), account.credentials_of(name)?))).collect();
            members.push(Member { alias, account, users });
            continue;
        }
        for policy in &form.policies {
            let arn = format!("arn:aws:iam::{id}:policy/{}", policy.name.value);
            account.put_policy(&arn, &policy.document.to_string());
        }
        let users = form.users.iter();
        let users = users.map(|user| (user.name.value.clone(), account.add_user(&user.name.value, &policies_of(user))));
        let users = users.collect();
        members.push(Member { alias, account, users });
    }
    Ok(members)
}

/// An issuer of a scenario's: its name, its kind, its claims besides, and whether its key is made at once.
type Said<'s> = (&'s Word, Kind, BTreeMap<String, Value>, bool);

impl Scenario {
    /// What befell the documents of each issuer.
    fn documents(&self) -> impl Iterator<Item = (&String, &DocumentsForm)> {
        let clusters = self.form.clusters.iter().map(|cluster| (&cluster.name.value, &cluster.documents));
        clusters.chain(self.form.issuers.iter().map(|issuer| (&issuer.name.value, &issuer.documents)))
    }

    fn said(&self) -> impl Iterator<Item = Said<'_>> {
        let clusters =
            self.form.clusters.iter().map(|cluster| (&cluster.name, Kind::Bucket, BTreeMap::new(), cluster.served));
        let issuers = self.form.issuers.iter().map(|issuer| (&issuer.name, issuer.kind, issuer.claims.clone(), true));
        clusters.chain(issuers)
    }
}

/// Serves an issuer, and keeps it where that is asked for.
fn signer(lab: &Lab, issuer: Issuer, kind: Kind, own: BTreeMap<String, Value>) -> Signer {
    if let Some(kept) = &lab.inner.kept {
        issuer.keep_in(Arc::clone(&kept.journal));
    }
    lab.inner.story.server.serve_issuer(issuer.clone());
    let nature = nature(kind);
    let mut claims = nature.claims;
    claims.extend(own);
    Signer { issuer, audience: nature.audience.to_owned(), claims }
}

/// Issuers with keys of their own, served.
async fn signers(lab: &Lab, scenario: &Scenario) -> Result<BTreeMap<String, Signer>, LabError> {
    let (mut signers, mut made) = (BTreeMap::new(), JoinSet::new());
    for (name, kind, claims, at_once) in scenario.said() {
        let (name, url) = (name.value.clone(), scenario.names.issuer(name)?);
        if !at_once {
            signers.insert(name, signer(lab, Issuer::unmade(&url)?, kind, claims));
            continue;
        }
        made.spawn_blocking(move || (name, url, kind, claims, SigningKey::generate()));
    }
    while let Some(done) = made.join_next().await {
        let (name, url, kind, own, key) = done.map_err(|_| LabError::Control("no key could be made".to_owned()))?;
        signers.insert(name, signer(lab, Issuer::new(&url, key?)?, kind, own));
    }
    Ok(signers)
}

/// Issuers with the keys that they had.
fn signers_again(lab: &Lab, scenario: &Scenario, before: &mut Before) -> Result<BTreeMap<String, Signer>, LabError> {
    let mut signers = BTreeMap::new();
    for (name, kind, own, at_once) in scenario.said() {
        let url = scenario.names.issuer(name)?;
        // One at an address of the story's is served already, with the keys that were kept for that address.
        let served = lab.inner.story.server.issuer(&url);
        let again = served.map_or_else(|| Issuer::again(&url, &mut before.restored), |issuer| Ok(Some(issuer)))?;
        let issuer = match again {
            // Nobody has asked for its key yet.
            None if !at_once => Issuer::unmade(&url)?,
            None => return Err(damaged(&format!("the keys of `{url}` are not there"))),
            Some(issuer) => issuer,
        };
        signers.insert(name.value.clone(), signer(lab, issuer, kind, own));
    }
    Ok(signers)
}

impl crate::running::Inner {
    /// Presents the chains of a scenario's hosts, as of now.
    pub(crate) fn present(&self, chains: &BTreeMap<String, ChainForm>) -> Result<(), LabError> {
        let story = &self.story;
        let from = days_after(self.clock.now(), -LEAF_AGE_DAYS);
        for (host, form) in chains {
            let hierarchy = if form.rotated { &story.authorities.new } else { &story.authorities.old };
            let chain = hierarchy.present(&[host.as_str()], from, form.presented.into(), LeafKey::P256)?;
            story.server.set_chain(host, &chain, form.tls13_only)?;
        }
        Ok(())
    }
}

/// What IAM found of an issuer's chain when its providers were made: the last certificate, before anything befell it.
/// What a host has always presented alone is what it presents now.
fn auto(lab: &Lab, host: &str, chain: ChainForm) -> Vec<String> {
    let presented: Presentation = chain.presented.into();
    let alone = matches!(presented, Presentation::LeafOnly | Presentation::SelfSigned);
    if alone && !chain.rotated {
        lab.inner.story.server.presented(host).last().map(thumbprint).into_iter().collect()
    } else {
        lab.inner.story.registered.clone()
    }
}

fn registered(lab: &Lab, scene: &Scene, url: &str, listed: &Thumbprints) -> Vec<String> {
    let host = host_of(url);
    match listed {
        Thumbprints::Auto => auto(lab, &host, scene.chains.get(&host).copied().unwrap_or_default()),
        Thumbprints::Listed(all) => all.clone(),
    }
}

fn providers(lab: &Lab, scenario: &Scenario, scene: &Scene) -> Result<(), LabError> {
    for (form, member) in scenario.form.accounts.iter().zip(&scene.members) {
        for provider in &form.providers {
            let url = scenario.names.issuer(&provider.issuer)?;
            member.account.put_provider(Provider {
                url: bare(&url).to_owned(),
                client_ids: client_ids(provider.client_ids.as_ref()),
                thumbprints: registered(lab, scene, &url, &provider.thumbprints),
                created: lab.inner.clock.now(),
                tags: BTreeMap::new(),
            });
        }
    }
    Ok(())
}

/// Roles as IAM would have them: all of them first, for they name each other.
fn roles(scenario: &Scenario, scene: &Scene) -> Result<(), LabError> {
    /// Longest session unless the role says otherwise, seconds: IAM's default.
    const SESSION: i64 = 3600;
    let mut made = Vec::new();
    for (form, member) in scenario.form.accounts.iter().zip(&scene.members) {
        for role in &form.roles {
            let trust = scenario.trust_of(role, member.account.id())?.to_string();
            let put = AwsRole {
                name: role.name.value.clone(),
                path: "/".to_owned(),
                trust_policy: trust.clone(),
                max_session: role.max_session.unwrap_or(SESSION),
                created: member.account.role(&role.name.value).map_or_else(jiff::Timestamp::now, |role| role.created),
                attached: role.attached.clone(),
                inline: inline_of(role),
                boundary: role.boundary.clone(),
                tags: BTreeMap::new(),
                last_used: None,
            };
            member.account.put_role(put.clone());
            made.push((member, role, put));
        }
    }
    for (member, role, put) in made {
        if let Some(why) = member.account.refuses_trust(&put.trust_policy) {
            let what = format!("IAM would not save the trust policy of `{}`: {why}", role.name.value);
            return Err(WrongScenario::new(line(&role.name), what).into());
        }
        // Once more: what it trusts has an id by now.
        member.account.put_role(put);
    }
    Ok(())
}

/// A cluster's place with its account.
type Side = (Place, Account, Vec<String>);

fn place_of_cluster(lab: &Lab, scenario: &Scenario, scene: &Scene, form: &ClusterForm) -> Result<Side, LabError> {
    let id = scenario.names.account_of(form);
    let (issuer, name) = (scenario.names.issuer(&form.name)?, form.name.value.clone());
    let (member, account_form) = scene
        .members
        .iter()
        .zip(&scenario.form.accounts)
        .find(|(member, _)| member.account.id() == id)
        .ok_or_else(|| WrongScenario::new(line(&form.account), "there is no such account"))?;
    let listed = account_form.providers.iter().find(|provider| provider.issuer.value == name);
    let thumbprints = listed.map_or(&Thumbprints::Auto, |provider| &provider.thumbprints);
    let place = Place {
        account: id,
        region: member.account.region().to_owned(),
        issuer_host: host_of(&issuer),
        node_role: format!("{name}-node"),
        cluster: name,
        issuer: issuer.clone(),
    };
    Ok((place, member.account.clone(), registered(lab, scene, &issuer, thumbprints)))
}

/// Tells EKS of a cluster that has an API server, and puts that up.
async fn put_up(
    lab: &Lab,
    scenario: &Scenario,
    form: &ClusterForm,
    (place, account, registered): Side,
    mut before: Option<&mut Before>,
) -> Result<Site, LabError> {
    let inner = &lab.inner;
    let name = &form.name.value;
    let kept = before.as_mut().map(|before| before.site(name)).transpose()?;
    let site = kept.as_ref().map(|(site, _)| site.clone());
    let registered = site.as_ref().map_or(registered, |site| site.registered.clone());
    let api = parts::listen(site.as_ref().map_or(0, |site| site.port)).await?;
    let address = parts::address(&api)?;
    let tls = parts::api_tls(site.as_ref())?;
    let (endpoint, ca) = (format!("https://{address}"), STANDARD.encode(&tls.ca_pem));
    let owner = inner.story.account.for_cluster(&account, place.clone(), endpoint, ca);
    let issuer = scenario.names.issuer(&form.name)?;
    let signer = inner.story.server.issuer(&issuer).ok_or_else(|| LabError::Control("no issuer".to_owned()))?;
    let world = world(scenario, form, &place)?;
    let plan = Plan {
        place: &place,
        aws: inner.addresses.aws,
        account: &owner,
        clock: &inner.clock,
        issuer: &signer,
        tls,
        served: true,
        nodes: parts::nodes(form.nodes.unwrap_or(NODES), &place.region),
        site: site.as_ref(),
        before,
    };
    let parts = Parts::make(plan, Some(address), &registered).await?;
    let applied = match &kept {
        Some((_, course)) => again::applied(course, Some(&world))?,
        None => Applied::new(&world, Base::Scenario),
    };
    if let Some(kept) = &inner.kept {
        kept.put(&site_entry(name), &parts.fixed);
        parts.cluster.store().keep_in(Arc::clone(&kept.journal), &place.cluster);
    }
    let cluster = parts.cluster.clone();
    let given = Given {
        place,
        clock: inner.clock.clone(),
        account: owner,
        server: inner.story.server.clone(),
        issuer: signer,
        authorities: inner.story.authorities.clone(),
        registered,
        world: applied,
        keeper: inner.kept.as_ref().map(|kept| Keeper::new(kept, course_entry(name))),
    };
    let site = parts.site(given, Some(address));
    let course = kept.as_ref().map_or_else(|| Course::at(Stand::at(Base::Scenario)), |(_, course)| course.clone());
    site.keep_course(&course.now, course.towards.as_ref());
    let is_new = kept.is_none();
    let admitted = parts.admit(&site, is_new.then_some(&world), &inner.down).await?;
    if is_new {
        fleet::lay(&cluster, &site.place, &form.rest).await?;
    }
    admitted.serve(api, &inner.down);
    for manifest in scenario.manifests.get(name).into_iter().flatten().filter(|_| is_new) {
        apply(&cluster, manifest)
            .await
            .map_err(|why| WrongScenario::new(line(&form.name), format!("the cluster `{name}` refuses {why}")))?;
    }
    Ok(site)
}

/// Nodes of a cluster that does not say how many.
const NODES: u8 = 2;

/// Creates an object as `kubectl create` would; why it was refused, otherwise.
async fn apply(cluster: &trustwalk_lab_cluster::Cluster, manifest: &Value) -> Result<(), String> {
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (api, kind, name) = (text("/apiVersion"), text("/kind"), text("/metadata/name"));
    let known = KINDS.iter().find(|known| known.kind == kind && known.api_version() == api);
    let known = known.ok_or_else(|| format!("`{kind} {name}`: its API server has no {api} {kind}"))?;
    let mut object = manifest.clone();
    if known.namespaced {
        let namespace = Some(text("/metadata/namespace")).filter(|n| !n.is_empty()).unwrap_or("default").to_owned();
        // It is there already, mostly.
        let _made = crate::pods::namespace(&cluster.store(), &namespace);
        trustwalk_lab_cluster::json::put(&mut object, "/metadata/namespace", namespace.into());
    }
    let gvr: Gvr = known.gvr();
    let done = cluster.admit_and_create(&gvr, object, &User::admin("lab-admin")).await;
    done.map(drop).map_err(|refused| format!("`{kind} {name}`: {}", refused.message))
}

impl Scenario {
    /// Where the first account is, behind whose endpoint all others are.
    pub(crate) fn first(&self) -> Place {
        let first = self.form.accounts.first();
        Place {
            account: first.map(|account| account.id.value.clone()).unwrap_or_default(),
            region: first.and_then(|account| account.region.clone()).unwrap_or_else(|| REGION.to_owned()),
            ..Place::story()
        }
    }

    fn all_chains(&self) -> impl Iterator<Item = (&str, ChainForm)> {
        let clusters = self.form.clusters.iter().map(|cluster| (cluster.name.value.as_str(), cluster.chain));
        clusters.chain(self.form.issuers.iter().map(|issuer| (issuer.name.value.as_str(), issuer.chain)))
    }
}
