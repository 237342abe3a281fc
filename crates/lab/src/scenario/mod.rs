//! A world of one's own, from a file: accounts, issuers, clusters and faults. The form of the file is
//! `docs/schema/lab-scenario.json`; this reads it, and refuses what cannot be before anything starts.

mod documents;
mod fleet;
mod form;
mod kept;
mod kinds;
mod names;
mod run;
mod scene;
mod token;
mod trust;
mod unread;
mod workloads;
mod wrong;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Read,
    path::Path,
};

use serde_json::{Value, json};
use trustwalk_lab_aws::Account;

pub use wrong::WrongScenario;

use crate::{
    faults::{self, Target},
    world::allow,
};
pub(crate) use form::{ChainForm, Kind, WorkloadKind};
use form::{ClusterForm, Form, RoleForm, UserForm};
pub(crate) use kept::KeptScenario;
pub(crate) use kinds::nature;
pub(crate) use names::Names;
use names::{REGION, line};
pub(crate) use run::begin;
pub(crate) use scene::Scene;

/// Largest file: a thousand roles take about half of it.
pub const LARGEST: u64 = 1 << 20;
/// Most accounts.
const ACCOUNTS: usize = 100;
/// Most clusters, and most that have an API server, with a task or two for each of their pods.
const CLUSTERS: usize = 1000;
const SERVED: usize = 16;
/// Most nodes of a cluster: each workload of every node is a task.
const NODES: u8 = 50;
/// Most issuers besides those of clusters: each makes a key.
const ISSUERS: usize = 200;

/// The story, as a scenario.
pub const STORY: &str = include_str!("story.yaml");

/// A world that can be.
#[derive(Debug)]
pub struct Scenario {
    pub(crate) form: Form,
    pub(crate) names: Names,
    /// The file's text.
    text: String,
    /// What it and its manifests came to when it was kept, if it was.
    kept_digest: Option<String>,
    /// Manifests of each cluster, by its name: those of the file, then those of its files.
    pub(crate) manifests: BTreeMap<String, Vec<Value>>,
}

impl Scenario {
    /// Reads a scenario. Files that it names are looked for in `folder`.
    pub fn read(text: &str, folder: &Path) -> Result<Self, WrongScenario> {
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > LARGEST {
            return Err(WrongScenario::new(0, format!("a scenario has {LARGEST} bytes at most")));
        }
        let mut scenario = Self::of(text, BTreeMap::new())?;
        scenario.manifests = scenario.read_manifests(folder)?;
        Ok(scenario)
    }

    /// A scenario with these manifests.
    fn of(text: &str, manifests: BTreeMap<String, Vec<Value>>) -> Result<Self, WrongScenario> {
        let mut form: Form = serde_saphyr::from_str(text).map_err(|error| unread::unread(&error, text))?;
        fleet::write_out(&mut form)?;
        bounded(&form)?;
        let names = Names::of(&form)?;
        let scenario = Self { form, names, text: text.to_owned(), kept_digest: None, manifests };
        scenario.check()?;
        Ok(scenario)
    }

    fn read_manifests(&self, folder: &Path) -> Result<BTreeMap<String, Vec<Value>>, WrongScenario> {
        let mut all = BTreeMap::new();
        for cluster in &self.form.clusters {
            let mut own: Vec<Value> = Vec::new();
            for one in &cluster.manifests {
                own.push(manifest(&one.value, one.referenced.line())?);
            }
            for file in &cluster.manifest_files {
                let refused = |why: String| {
                    WrongScenario::new(line(file), format!("`{}` cannot be read: {why}", file.value))
                        .with("name a file of manifests, from the scenario's folder")
                };
                let mut text = String::new();
                let open = File::open(folder.join(&file.value)).map_err(|e| refused(e.to_string()))?;
                open.take(LARGEST).read_to_string(&mut text).map_err(|e| refused(e.to_string()))?;
                let documents: Vec<Value> =
                    serde_saphyr::from_multiple(&text).map_err(|e| refused(unread::unread(&e, &text).to_string()))?;
                for one in documents.iter().filter(|one| !one.is_null()) {
                    own.push(manifest(one, line(file))?);
                }
            }
            if !own.is_empty() && !cluster.served {
                return Err(WrongScenario::new(line(&cluster.name), "a cluster without an API server has no objects")
                    .with("write `served: true`"));
            }
            all.insert(cluster.name.value.clone(), own);
        }
        Ok(all)
    }

    fn check(&self) -> Result<(), WrongScenario> {
        for account in &self.form.accounts {
            for provider in &account.providers {
                self.names.issuer(&provider.issuer)?;
            }
            for role in &account.roles {
                self.trust_of(role, &account.id.value)?;
                for (name, document) in inline_of(role) {
                    identity(&name, &document, line(&role.name))?;
                }
            }
            for policy in &account.policies {
                identity(&policy.name.value, &policy.document.to_string(), line(&policy.name))?;
            }
            for user in &account.users {
                for document in policies_of(user) {
                    identity(&user.name.value, &document, line(&user.name))?;
                }
            }
        }
        self.chains()?;
        for issuer in &self.form.issuers {
            issuer.documents.check(&issuer.name)?;
        }
        for cluster in &self.form.clusters {
            cluster.documents.check(&cluster.name)?;
            self.cluster(cluster)?;
        }
        for fault in &self.form.faults {
            let there = faults::REGISTRY.iter().filter(|fault| fault.target != Target::Job).map(|fault| fault.name);
            let found = faults::find(&fault.fault.value).filter(|found| found.target != Target::Job);
            found.ok_or_else(|| {
                WrongScenario::unknown(line(&fault.fault), "fault of a workload", &fault.fault.value, there)
            })?;
            self.target(&fault.on)?;
        }
        Ok(())
    }

    /// Each host presents one chain.
    fn chains(&self) -> Result<(), WrongScenario> {
        let mut hosts: BTreeMap<String, ChainForm> = BTreeMap::new();
        let clusters = self.form.clusters.iter().map(|cluster| (&cluster.name, cluster.chain));
        for (name, chain) in clusters.chain(self.form.issuers.iter().map(|issuer| (&issuer.name, issuer.chain))) {
            let host = host_of(&self.names.issuer(name)?);
            if hosts.insert(host.clone(), chain).is_some_and(|other| other != chain) {
                let what = format!("`{}` is on `{host}`, which presents another chain already", name.value);
                return Err(WrongScenario::new(line(name), what)
                    .with("give all issuers of a host the same `chain`; EKS has one host for each region"));
            }
        }
        Ok(())
    }

    fn cluster(&self, cluster: &ClusterForm) -> Result<(), WrongScenario> {
        let account = self.names.account_of(cluster);
        if cluster.nodes.is_some_and(|nodes| nodes > NODES) {
            return Err(WrongScenario::new(line(&cluster.name), format!("a cluster has {NODES} nodes at most")));
        }
        let mut seen = BTreeSet::new();
        for workload in &cluster.workloads {
            let name = &workload.name;
            if name.value.split('/').filter(|part| !part.is_empty()).count() != 2
                || name.value.matches('/').count() != 1
            {
                let what = format!("`{}` names no workload", name.value);
                return Err(WrongScenario::new(line(name), what).with("write `NAMESPACE/NAME`"));
            }
            if !cluster.served {
                return Err(WrongScenario::new(line(name), "a cluster without an API server has no workloads")
                    .with("write `served: true` beside its name"));
            }
            if !seen.insert(&name.value) {
                return Err(WrongScenario::new(line(name), format!("`{}` is there twice", name.value)));
            }
            if let Some(role) = &workload.role {
                self.names.role(role, &account)?;
            }
        }
        Ok(())
    }

    /// Refuses what is no workload of the short form.
    fn target(&self, on: &form::Word) -> Result<(), WrongScenario> {
        let mut known = Vec::new();
        for cluster in &self.form.clusters {
            known.extend(cluster.workloads.iter().map(|one| format!("{}/{}", cluster.name.value, one.name.value)));
        }
        if known.contains(&on.value) {
            return Ok(());
        }
        Err(WrongScenario::unknown(line(on), "workload", &on.value, known.iter().map(String::as_str)))
    }

    /// A role's trust policy.
    fn trust_of(&self, role: &RoleForm, account: &str) -> Result<Value, WrongScenario> {
        let mut statements = Vec::new();
        for form in &role.trust {
            statements.push(trust::statement(&form.value, form.referenced.line(), &self.names, account)?);
        }
        if statements.is_empty() {
            return Err(WrongScenario::new(line(&role.name), format!("the role `{}` trusts nobody", role.name.value))
                .with("write a statement under `trust`"));
        }
        Ok(json!({"Version": "2012-10-17", "Statement": statements}))
    }
}

/// Inline policies of a role.
fn inline_of(role: &RoleForm) -> BTreeMap<String, String> {
    let short = (!role.allow.is_empty()).then(|| ("allow".to_owned(), allowing(&role.allow)));
    role.inline.iter().map(|(name, document)| (name.clone(), document.to_string())).chain(short).collect()
}

/// Policies of a user.
fn policies_of(user: &UserForm) -> Vec<String> {
    let short = (!user.allow.is_empty()).then(|| allowing(&user.allow));
    user.policies.iter().map(ToString::to_string).chain(short).collect()
}

fn allowing(actions: &[String]) -> String {
    allow(&actions.iter().map(String::as_str).collect::<Vec<_>>()).to_string()
}

/// Host of an issuer's URL.
pub(crate) fn host_of(url: &str) -> String {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    rest.split('/').next().unwrap_or_default().to_ascii_lowercase()
}

/// Refuses a policy that IAM would not save.
fn identity(name: &str, document: &str, line: u64) -> Result<(), WrongScenario> {
    let why = Account::refuses_identity(document);
    why.map_or(Ok(()), |why| Err(WrongScenario::new(line, format!("IAM would not save the policy `{name}`: {why}"))))
}

/// A manifest that can be applied.
fn manifest(value: &Value, line: u64) -> Result<Value, WrongScenario> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let whole = text("/apiVersion") && text("/kind") && text("/metadata/name");
    let wrong = || WrongScenario::new(line, "a manifest has `apiVersion`, `kind` and `metadata.name`");
    whole.then(|| value.clone()).ok_or_else(|| wrong().with("write it as for kubectl apply"))
}

fn bounded(form: &Form) -> Result<(), WrongScenario> {
    let served = form.clusters.iter().filter(|cluster| cluster.served).count();
    let counts = [
        (form.accounts.len(), ACCOUNTS, "accounts"),
        (form.clusters.len(), CLUSTERS, "clusters"),
        (served, SERVED, "clusters with an API server"),
        (form.issuers.len(), ISSUERS, "issuers besides clusters"),
    ];
    if form.accounts.is_empty() {
        return Err(WrongScenario::new(0, "a scenario has an account").with("write `accounts` with `id` and `alias`"));
    }
    let over = counts.into_iter().find(|(count, most, _)| count > most);
    over.map_or(Ok(()), |(count, most, what)| {
        Err(WrongScenario::new(0, format!("{count} {what} are more than the {most} that a scenario has at most")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "accounts:\n- {id: '111122223333', alias: main}\n";

    fn wrong(text: &str) -> String {
        Scenario::read(text, Path::new(".")).map(drop).map_err(|wrong| wrong.to_string()).unwrap_err()
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_what_to_do() {
        let more = |rest: &str| format!("{ONE}{rest}");
        for (text, says) in [
            (String::new(), "a scenario has an account; write `accounts` with `id` and `alias`"),
            (more("cluster: []\n"), "line 3: a member `cluster` is not known here; write `clusters`"),
            (more("clusters:\n- {name: one, account: mian}\n"), "line 4: there is no account `mian`; write `main`"),
            (more("issuers:\n- {name: hub, kind: githup}\n"), "line 4: `githup` is not known here; write `github`"),
            (more("issuers:\n- {name: lab, kind: spire}\n"), "write its `url`"),
            (
                more("clusters:\n- {name: one, account: main}\nfaults:\n- {fault: sub-wrong-namespac, on: one/a/b}\n"),
                "line 6: there is no fault of a workload `sub-wrong-namespac`; write `sub-wrong-namespace`",
            ),
            ("accounts:\n- {id: 1234, alias: main}\n".to_owned(), "line 2: "),
            (
                "accounts:\n- id: '111122223333'\n  alias: main\n  roles:\n  - {name: r, trust: [{}]}\n".to_owned(),
                "line 5: a statement of trust has one principal",
            ),
        ] {
            let told = wrong(&text);
            assert!(told.contains(says), "{text}\n{told}");
        }
    }

    #[test]
    fn the_storys_scenario_can_be() {
        let scenario = Scenario::read(STORY, Path::new(".")).unwrap();
        assert_eq!(scenario.form.clusters.len(), 1);
    }
}
