//! What runs beside an identity and as another: workloads that do not run as the account which has the role, and
//! associations for an account that nothing runs as.
//!
//! Of nearly the same name, or alone with it in one file, is what is meant here: in one namespace stands many a
//! workload that is to have no role at all.

use std::collections::{BTreeMap, BTreeSet};

use trustwalk_checkout::{Association, Place, Text, Workload};
use trustwalk_core::cause::Cause;
use trustwalk_core::evidence::{Fit, ROLE_ANNOTATION, alike};
use trustwalk_core::finding::Exhibit;

use crate::fill::Fill;
use crate::judge::{Merged, namespace, subject};
use crate::model::{Identity, Note, Report, Spot, Standing};
use crate::near::{likely, line};
use crate::put;
use crate::world::{World, role_annotation};

/// The add-on that runs the agent of Pod Identity.
const AGENT: &str = "eks-pod-identity-agent";

/// Who runs as whom, asked of many times.
struct Crew<'w> {
    world: &'w World,
    /// Subjects to which a role is given: by an annotation, an association or an add-on.
    with_role: BTreeSet<Text>,
    workloads: BTreeMap<Text, Vec<&'w Workload>>,
    /// Accounts and workloads of each file.
    of_file: BTreeMap<&'w str, (usize, Vec<&'w Workload>)>,
    /// Subjects of what was read, those of which parts are unknown by themselves.
    known: BTreeSet<Text>,
    open: BTreeSet<Text>,
}

fn of(workload: &Workload) -> Text {
    subject(&namespace(workload.namespace.as_ref()), &workload.account.value)
}

impl<'w> Crew<'w> {
    fn new(world: &'w World, accounts: &[Merged<'w>]) -> Self {
        let declared = &world.declared;
        let annotated = accounts.iter().filter(|a| role_annotation(&a.annotations).is_some()).map(Merged::subject);
        let associated = declared.associations.iter().map(|a| subject(&a.namespace.value, &a.account.value));
        let addons = declared.addons.iter().filter_map(|a| a.account.as_ref());
        let mut own = Self {
            world,
            with_role: annotated.chain(associated).chain(addons.map(|(ns, name)| subject(ns, name))).collect(),
            workloads: BTreeMap::new(),
            of_file: BTreeMap::new(),
            known: BTreeSet::new(),
            open: BTreeSet::new(),
        };
        for workload in &declared.workloads {
            own.workloads.entry(namespace(workload.namespace.as_ref())).or_default().push(workload);
            own.of_file.entry(&*workload.from.at.path).or_default().1.push(workload);
        }
        for account in accounts {
            own.of_file.entry(&*account.name.at.path).or_default().0 += 1;
        }
        for subject in accounts.iter().map(Merged::subject).chain(declared.workloads.iter().map(of)) {
            if subject.known().is_some() {
                own.known.insert(subject)
            } else {
                own.open.insert(subject)
            };
        }
        own
    }

    fn has_role(&self, workload: &Workload) -> bool {
        self.with_role.contains(&of(workload))
    }

    /// Whether somebody of this subject was read, or may have been.
    fn knows(&self, subject: &Text) -> bool {
        let may_be = |own: &Text| crate::admit::compared(own, false, subject) != Fit::Refuses;
        self.known.contains(subject) || self.open.iter().any(may_be)
    }
}

/// Judges them.
pub(crate) fn judge<'w>(world: &'w World, accounts: &[Merged<'w>], report: &mut Report) {
    let crew = Crew::new(world, accounts);
    for account in accounts.iter().filter(|a| a.workloads.is_empty() && role_annotation(&a.annotations).is_some()) {
        if let Some(workload) = as_another(&crew, account) {
            tell_account(account, workload, report);
        }
    }
    for association in &world.declared.associations {
        if let Some(workload) = of_another(&crew, association) {
            tell_association(association, workload, report);
        }
    }
    agents(&crew, report);
}

fn folder(place: &Place) -> &str {
    place.path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether one name is the other with more behind it: `app` and `app-worker`.
fn extends(a: &str, b: &str) -> bool {
    let longer = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with('-'));
    longer(a, b) || longer(b, a)
}

/// The workload that is to run as an account and runs as another, which has no role.
fn as_another<'w>(crew: &Crew<'w>, account: &Merged<'_>) -> Option<&'w Workload> {
    let name = account.name.value.known()?;
    let whole = account.namespace.known().is_some();
    // Of a namespace that no file names, what lies in one folder is applied together.
    let near = |w: &&Workload| (whole || folder(&w.from.at) == folder(&account.name.at)) && !crew.has_role(w);
    let all = crew.workloads.get(&account.namespace)?;
    let meant = |w: &&Workload| {
        let (Some(own), Some(theirs)) = (w.name.value.known(), w.account.value.known()) else { return false };
        if theirs == "default" { own == name || extends(own, name) } else { alike(theirs, name) }
    };
    if let Some(found) = all.iter().copied().filter(near).find(meant) {
        return Some(found);
    }
    // One account with a role and one workload in one file belong together, whatever they are called.
    let (accounts, workloads) = crew.of_file.get(&*account.name.at.path)?;
    let ([only], 1) = (workloads.as_slice(), accounts) else { return None };
    let bare = namespace(only.namespace.as_ref()) == account.namespace && only.account.value.known() == Some("default");
    (bare && !crew.has_role(only)).then_some(*only)
}

fn tell_account(account: &Merged<'_>, workload: &Workload, report: &mut Report) {
    let role = role_annotation(&account.annotations).map(|(_, role)| role.value.to_string()).unwrap_or_default();
    let sentence = format!(
        "{} {} runs as the service account {}, which names no role; {}, which names {role}, is what nothing that was \
         read runs as",
        workload.kind, workload.name.value, workload.account.value, account.name.value
    );
    let proof = vec![
        Exhibit::new("service account of the pods", workload.account.value.to_string(), line(&workload.account.at)),
        Exhibit::new("the other", format!("{ROLE_ANNOTATION}={role}"), line(&account.name.at)),
    ];
    let decide = "whether the workload is meant to have that role: who wrote it knows which account it should use";
    let finding = likely(Cause::WorkloadRunsAsAnotherServiceAccount, sentence, proof, decide);
    let related = vec![put::related("the account that has the role", &account.name.at)];
    let who = account.who();
    let found = put::found(finding, &who, &workload.account.at, related, &Fill::default());
    broken(report, &who);
    report.findings.push(found);
}

/// An identity to which something was found.
fn broken(report: &mut Report, who: &str) {
    for own in report.identities.iter_mut().filter(|i: &&mut Identity| i.who == who) {
        own.standing = Standing::Broken;
    }
    report.undetermined.retain(|note| note.identity.as_deref() != Some(who));
}

/// The workload that is to have the role of an association which is for another account.
fn of_another<'w>(crew: &Crew<'w>, association: &Association) -> Option<&'w Workload> {
    let (space, name) = (association.namespace.value.known()?, association.account.value.known()?);
    if crew.knows(&subject(&association.namespace.value, &association.account.value)) {
        return None;
    }
    let near = |w: &&Workload| {
        let (own, Some(account)) = (namespace(w.namespace.as_ref()), w.account.value.known()) else { return false };
        let Some(theirs) = own.known() else { return false };
        let elsewhere = theirs != space && account == name && account != "default";
        (elsewhere || theirs == space && alike(account, name)) && !crew.has_role(w)
    };
    let mut all = crew.world.declared.workloads.iter().filter(near);
    // Of several namespaces each may have an association of its own, elsewhere.
    let first = all.next()?;
    let same = |w: &Workload| of(w) == of(first);
    all.all(same).then_some(first)
}

fn tell_association(association: &Association, workload: &Workload, report: &mut Report) {
    let theirs = format!("{}/{}", association.namespace.value, association.account.value);
    let space = namespace(workload.namespace.as_ref());
    let own = format!("{space}/{}", workload.account.value);
    let sentence = format!(
        "the Pod Identity association is for the service account {theirs}, which nothing that was read runs as; {} {} \
         runs as {own}, which has no role",
        workload.kind, workload.name.value
    );
    let proof = vec![
        Exhibit::new("association", theirs, line(&association.account.at)),
        Exhibit::new("service account of the pods", own, line(&workload.account.at)),
    ];
    let decide = "whether the workload is meant to have that role";
    let finding = likely(Cause::AssociationForAnotherServiceAccount, sentence, proof, decide);
    let wrong = if space == association.namespace.value { &association.account } else { &association.namespace };
    let who = crate::associations::who(association);
    let related = vec![put::related("what runs as the other", &workload.account.at)];
    broken(report, &who);
    report.findings.push(put::found(finding, &who, &wrong.at, related, &Fill::default()));
}

/// Clusters with associations to which no file adds the agent: told once for each. It is open where the files have pods
/// that are to get a role so, and else to be looked at.
fn agents(crew: &Crew<'_>, report: &mut Report) {
    let world = crew.world;
    for cluster in world.declared.clusters.iter().filter(|c| !c.built_in_agent) {
        let of_cluster = |text: &Text| *text == cluster.name.value;
        let ours: Vec<&Association> = world.declared.associations.iter().filter(|a| of_cluster(&a.cluster)).collect();
        let Some(first) = ours.first() else { continue };
        // An add-on whose name is not known may be it, and one of a cluster that is not known may be for this one.
        let may_be = |a: &trustwalk_checkout::Addon| {
            (of_cluster(&a.cluster) || a.cluster.known().is_none())
                && a.name.value.known().is_none_or(|name| name == AGENT)
        };
        if world.declared.addons.iter().any(may_be) {
            continue;
        }
        let text = format!(
            "no file adds {AGENT} to the cluster {}, and without it no association gives anybody a role: whether it is \
             installed otherwise, which `aws eks list-addons` tells",
            cluster.name.value
        );
        let note = Note { text, identity: None, at: Some(Spot::from(&first.from.at)), when: None };
        let runs = |a: &&Association| {
            let subject = subject(&a.namespace.value, &a.account.value);
            world.declared.workloads.iter().any(|w| of(w) == subject)
        };
        let waiting: Vec<String> = ours.iter().copied().filter(runs).map(crate::associations::who).collect();
        if waiting.is_empty() {
            report.notes.push(note);
            continue;
        }
        report.undetermined.push(note);
        let sound = |i: &&mut Identity| waiting.contains(&i.who) && i.standing == Standing::Sound;
        report.identities.iter_mut().filter(sound).for_each(|i| i.standing = Standing::Undetermined);
    }
}
