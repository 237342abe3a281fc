//! Every way to a role that the files tell of, one after the other.

use std::collections::BTreeMap;

use trustwalk_checkout::{Account, Addon, Place, Said, Text, Workload};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::{AUDIENCE_ANNOTATION, DEFAULT_AUDIENCE, Evidence, LIFE_ANNOTATION, Observed, Target};

use crate::evidence;
use crate::fill::Fill;
use crate::model::{Identity, Note, Report, Spot, Standing};
use crate::put;
use crate::rehearsal::Way;
use crate::way::{Came, Claimant, follow};
use crate::world::{World, role_annotation};
use crate::{ahead, alone, associations, jobs, others, pods, workloads};

/// The namespace of a manifest that names none: that in which it is applied, the same for all.
const WHEREVER: &str = "the namespace that it is applied in";

/// Judges all that was read.
pub fn judge(world: &World) -> Report {
    let mut report = Report::new(world.files);
    let told =
        |at: &Place, why: &str| Note { text: why.to_owned(), identity: None, at: Some(Spot::from(at)), when: None };
    report.unread = world.declared.unread.iter().map(|u| told(&u.at, &u.why)).collect();
    let accounts = accounts(world);
    for account in &accounts {
        of_account(world, account, &mut report);
    }
    for addon in &world.declared.addons {
        of_addon(world, addon, &mut report);
    }
    for association in &world.declared.associations {
        associations::judge(world, association, &mut report);
    }
    others::judge(world, &accounts, &mut report);
    jobs::judge(world, &mut report);
    alone::judge(world, &mut report);
    let declared = &world.declared;
    let nothing = report.identities.is_empty()
        && declared.roles.is_empty()
        && declared.providers.is_empty()
        && declared.clusters.is_empty()
        && declared.addons.is_empty()
        && declared.associations.is_empty();
    if nothing {
        // Where nothing is of AWS, what was not read and does not speak of it either holds no identity.
        let silent = |n: &Note| n.at.as_ref().is_some_and(|at| world.silent.contains(&at.file));
        let (odd, unread) = std::mem::take(&mut report.unread).into_iter().partition(silent);
        report.unread = unread;
        report.notes.extend::<Vec<Note>>(odd);
    }
    ahead::tell(world, &mut report);
    report.finish();
    report
}

/// A service account with all that manifests say of it.
pub(crate) struct Merged<'w> {
    pub(crate) namespace: Text,
    pub(crate) name: &'w Said<Text>,
    pub(crate) annotations: Vec<(Said<Text>, Said<Text>)>,
    pub(crate) workloads: Vec<&'w Workload>,
}

impl Merged<'_> {
    pub(crate) fn who(&self) -> String {
        format!("service account {}/{}", self.namespace, self.name.value)
    }

    pub(crate) fn subject(&self) -> Text {
        subject(&self.namespace, &self.name.value)
    }
}

/// The subject of a service account's tokens.
pub(crate) fn subject(namespace: &Text, name: &Text) -> Text {
    ["system:serviceaccount:".into(), namespace.clone(), ":".into(), name.clone()].into_iter().collect()
}

pub(crate) fn namespace(of: Option<&Said<Text>>) -> Text {
    of.map_or_else(|| Text::unknown(WHEREVER), |n| n.value.clone())
}

/// The service accounts, those of one name in one namespace as one: a patch is a part of it.
fn accounts(world: &World) -> Vec<Merged<'_>> {
    let mut all: BTreeMap<(Text, Text), Merged<'_>> = BTreeMap::new();
    for account in &world.declared.accounts {
        let Account { name, annotations, .. } = account;
        let namespace = namespace(account.namespace.as_ref());
        let key = (namespace.clone(), name.value.clone());
        let own = all.entry(key).or_insert_with(|| Merged {
            namespace,
            name,
            annotations: Vec::new(),
            workloads: Vec::new(),
        });
        own.annotations.extend(annotations.iter().cloned());
    }
    for workload in &world.declared.workloads {
        let key = (self::namespace(workload.namespace.as_ref()), workload.account.value.clone());
        if let Some(own) = all.get_mut(&key) {
            own.workloads.push(workload);
        }
    }
    all.into_values().collect()
}

/// Evidence of a service account, with its first workload where it has one.
fn evidence_of(world: &World, account: &Merged<'_>) -> Evidence {
    let fill = Fill::default();
    let (namespace, name) = (fill.text(&account.namespace), fill.text(&account.name.value));
    let target = Target::ServiceAccount { namespace: namespace.clone(), name: name.clone() };
    let mut e = evidence::of(target, world.now);
    let what = format!("ServiceAccount {namespace}/{name}");
    let own = evidence::account(namespace.clone(), name.clone(), &account.annotations, &fill);
    e.service_account = evidence::known(own, what, world.now);
    if let Some(workload) = account.workloads.first() {
        let template = pods::spec(&workload.template, &name);
        let own = trustwalk_core::evidence::Workload {
            kind: workload.kind.clone(),
            namespace,
            name: fill.text(&workload.name.value),
            template,
            ..trustwalk_core::evidence::Workload::default()
        };
        let what = format!("{} {}/{}", own.kind, own.namespace, own.name);
        e.workload = evidence::known(own, what, world.now);
    }
    e
}

fn of_account(world: &World, account: &Merged<'_>, report: &mut Report) {
    let evidence = evidence_of(world, account);
    let Some((key, role)) = role_annotation(&account.annotations) else {
        return unannotated(world, account, evidence, report);
    };
    let asked = account.annotations.iter().rev().find(|(k, _)| k.value.known() == Some(AUDIENCE_ANNOTATION));
    let audience = asked.map_or_else(|| Said::new(DEFAULT_AUDIENCE.into(), key.at.clone()), |(_, value)| value.clone());
    let mut claimant =
        Claimant { who: account.who(), subject: account.subject(), audience, at: &account.name.at, role, evidence };
    // What its workloads say is asked of each of them.
    claimant.evidence.workload = Observed::NotCollected { reason: "each is judged by itself".to_owned() };
    let mut came = follow(world, &claimant);
    report.notes.extend(lives(account));
    for workload in &account.workloads {
        if !workloads::judge(workload, claimant.evidence.clone(), role, world.now, report) {
            came.standing = Some(Standing::Broken);
        }
    }
    tell(report, &claimant, came);
}

/// How long an account asks its tokens to live, where it asks for what it does not get: ten minutes are the least, and
/// after a day the kubelet renews a token whatever its life is (Kubernetes API reference,
/// `ServiceAccountTokenProjection`; amazon-eks-pod-identity-webhook, `pkg/validation.go`).
fn lives(account: &Merged<'_>) -> Option<Note> {
    let (_, told) = account.annotations.iter().rev().find(|(k, _)| k.value.known() == Some(LIFE_ANNOTATION))?;
    let text = told.value.known()?;
    let what = match text.parse::<i64>() {
        Ok(600..=86_400) => return None,
        Ok(..600) => "which is less than the webhook takes: 600",
        Ok(_) => "and the kubelet renews them after 86400 whatever their life is; an API server may give them less",
        Err(_) => "which is no whole number of seconds, and the webhook passes over it",
    };
    let text = format!("{}: {LIFE_ANNOTATION} asks for tokens that live `{text}` seconds, {what}", account.who());
    Some(Note { text, identity: Some(account.who()), at: Some(Spot::from(&told.at)), when: None })
}

/// Takes in what a way came to.
pub(crate) fn tell(report: &mut Report, claimant: &Claimant<'_>, came: Came) {
    let standing = came.standing.unwrap_or(Standing::Undetermined);
    report.identities.push(Identity {
        who: claimant.who.clone(),
        role: Some(claimant.role.value.to_string()),
        at: Spot::from(claimant.at),
        role_at: Some(Spot::from(&claimant.role.at)),
        subject: claimant.subject.known().map(str::to_owned),
        standing,
        taken: Vec::new(),
    });
    report.undetermined.extend(came.undetermined);
    report.ways.extend(came.exchange.map(|(judged, scene)| Way {
        who: claimant.who.clone(),
        at: Spot::from(claimant.at),
        when: None,
        judged,
        scene,
    }));
    for (finding, at, related, fill) in came.findings {
        report.findings.push(put::found(finding, &claimant.who, &at, related, &fill));
    }
}

/// An account that names no role in the way in which the webhook reads it.
fn unannotated(world: &World, account: &Merged<'_>, mut e: Evidence, report: &mut Report) {
    const OURS: [Cause; 2] = [Cause::AnnotationKeyWrong, Cause::AnnotationOnPodNotServiceAccount];
    e.role_arn = evidence::absent(account.who(), world.now);
    e.associations = evidence::known(Vec::new(), "the files", world.now).into();
    if associated(world, account) {
        return;
    }
    let found = put::of(diagnose(&e)).into_iter().find(|f| OURS.contains(&f.cause));
    if let Some(finding) = found {
        let at = wrong_place(account, finding.cause).unwrap_or_else(|| account.name.at.clone());
        let related = vec![put::related("service account", &account.name.at)];
        report.identities.push(Identity {
            who: account.who(),
            role: None,
            at: Spot::from(&account.name.at),
            role_at: None,
            subject: account.subject().known().map(str::to_owned),
            standing: Standing::Broken,
            taken: Vec::new(),
        });
        report.findings.push(put::found(finding, &account.who(), &at, related, &Fill::default()));
        return;
    }
    alone::waiting(world, account, e, report);
}

/// Whether an association or an add-on gives the account its role.
pub(crate) fn associated(world: &World, account: &Merged<'_>) -> bool {
    let subject = account.subject();
    let own = |namespace: &Text, name: &Text| {
        crate::admit::compared(&self::subject(namespace, name), false, &subject)
            != trustwalk_core::evidence::Fit::Refuses
    };
    world.declared.associations.iter().any(|a| own(&a.namespace.value, &a.account.value))
        || world
            .declared
            .addons
            .iter()
            .filter(|a| a.role.is_some())
            .filter_map(|a| a.account.as_ref())
            .any(|(namespace, name)| own(namespace, name))
}

/// Where a role stands that no webhook reads.
fn wrong_place(account: &Merged<'_>, cause: Cause) -> Option<Place> {
    let role = trustwalk_core::evidence::ROLE_ANNOTATION;
    if cause == Cause::AnnotationKeyWrong {
        let is_role = |value: &Text| value.to_string().contains(":role/");
        let near = account.annotations.iter().find(|(key, value)| {
            key.value.known().is_some_and(|k| k.to_ascii_lowercase().contains("role")) && is_role(&value.value)
        });
        return near.map(|(key, _)| key.at.clone());
    }
    account.workloads.iter().find_map(|w| {
        let own = w.template.at_path(&["metadata", "annotations"]).ok()?;
        let trustwalk_checkout::Value::Map(members) = &own.value else { return None };
        members.iter().find(|(key, _)| key.value.known() == Some(role)).map(|(key, _)| key.at.clone())
    })
}

/// An add-on with a role for its own service account.
fn of_addon(world: &World, addon: &Addon, report: &mut Report) {
    let (Some(role), Some((namespace, name))) = (&addon.role, &addon.account) else { return };
    let own = Merged {
        namespace: namespace.clone(),
        name: &Said::new(name.clone(), addon.name.at.clone()),
        annotations: vec![(Said::new(trustwalk_core::evidence::ROLE_ANNOTATION.into(), role.at.clone()), role.clone())],
        workloads: Vec::new(),
    };
    let claimant = Claimant {
        who: format!("add-on {} ({})", addon.name.value, own.who()),
        subject: own.subject(),
        audience: Said::new(DEFAULT_AUDIENCE.into(), addon.name.at.clone()),
        at: &addon.name.at,
        role,
        evidence: evidence_of(world, &own),
    };
    let came = follow(world, &claimant);
    if came.findings.is_empty() && !world.live {
        report.notes.push(thumbprints(world, addon, role));
    }
    tell(report, &claimant, came);
}

/// That a role of its own puts an add-on behind the provider, whose thumbprints may no longer match.
fn thumbprints(world: &World, addon: &Addon, role: &Said<Text>) -> Note {
    let explicit = world.declared.providers.iter().any(|p| p.thumbprints.as_ref().is_some_and(|t| !t.is_empty()));
    let registered = if explicit { ", and the files list its thumbprints" } else { "" };
    let text = format!(
        "the add-on {} gets a role of its own: from then on its pods depend on the cluster's OIDC \
            provider{registered}; \
         --live compares what is registered with the certificates that the issuer presents now",
        addon.name.value
    );
    Note { text, identity: None, at: Some(Spot::from(&role.at)), when: None }
}
