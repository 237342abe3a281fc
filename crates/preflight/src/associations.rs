//! Pod Identity associations and the roles that they name: EKS has to be let in, and not a token.

use trustwalk_checkout::{Association, Place, Role};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::{Evidence, PodIdentityAssociation, ServiceAccount, Target};
use trustwalk_core::finding::Finding;

use crate::evidence;
use crate::fill::Fill;
use crate::model::{Identity, Note, Report, Spot, Standing};
use crate::policy::{is_known, rendered};
use crate::put;
use crate::rehearsal::{Judged, Way, of_association};
use crate::world::{World, account_of};

/// Whom a role trusts that pods are to have by an association (EKS User Guide, "EKS Pod Identity").
const SERVICE: &str = "pods.eks.amazonaws.com";

/// Whose it is, for people.
pub(crate) fn who(association: &Association) -> String {
    format!("association of {}/{}", association.namespace.value, association.account.value)
}

/// Judges one.
pub(crate) fn judge(world: &World, association: &Association, report: &mut Report) {
    let who = who(association);
    let at = Spot::from(&association.account.at);
    let roles = world.roles(&association.role.value);
    let mut standing = Standing::Elsewhere;
    let mut found = Vec::new();
    let mut said = None;
    let note = |text: String| Note {
        text,
        identity: Some(who.clone()),
        at: Some(Spot::from(&association.role.at)),
        when: None,
    };
    match roles.as_slice() {
        [] => report.undetermined.push(note(format!(
            "{who}: the role {} is not declared in what was read; --live reads it from the account",
            association.role.value
        ))),
        [role] if is_known(&role.trust) => {
            found = refused(world, association, role);
            standing = if found.is_empty() { Standing::Sound } else { Standing::Broken };
            said = Some((if found.is_empty() { Judged::Admitted } else { Judged::Refused }, *role));
        }
        [role] => {
            // What is unknown may be whatever lets EKS in; a policy that certainly does needs no more.
            standing = if admits(role) { Standing::Sound } else { Standing::Undetermined };
            said = admits(role).then_some((Judged::Admitted, *role));
            if standing == Standing::Undetermined {
                let text =
                    format!("{who}: whether {} lets EKS in depends on what its files do not tell", role.from.address);
                report.undetermined.push(note(text));
            }
        }
        several => {
            let fits = several.iter().find(|r| admits(r));
            standing = if fits.is_some() { Standing::Sound } else { Standing::Undetermined };
            said = fits.map(|role| (Judged::Admitted, *role));
            if standing == Standing::Undetermined {
                report.undetermined.push(note(format!("{who}: which of several roles is meant is not known")));
            }
        }
    }
    report.ways.extend(said.map(|(judged, role)| {
        let scene = of_association(association, role);
        Way { who: who.clone(), at: at.clone(), when: None, judged, scene }
    }));
    report.identities.push(Identity {
        who: who.clone(),
        role: Some(association.role.value.to_string()),
        at,
        role_at: None,
        subject: None,
        standing,
        taken: Vec::new(),
    });
    for (finding, place, role_at) in found {
        let related = vec![put::related("the association", &association.role.at), put::related("the role", &role_at)];
        report.findings.push(put::found(finding, &who, &place, related, &Fill::default()));
    }
}

/// What core says of an association and its role.
fn asked(world: &World, association: &Association, role: &Role) -> Vec<Finding> {
    let mut fill = Fill::default();
    fill.arn(&role.arn, account_of(role, Some(&association.role.value)).as_deref());
    let (namespace, name) = (fill.text(&association.namespace.value), fill.text(&association.account.value));
    let mut e: Evidence =
        evidence::of(Target::ServiceAccount { namespace: namespace.clone(), name: name.clone() }, world.now);
    let at = |place: &Place| format!("{}:{}", place.path, place.line);
    let declared = evidence::role(role, &rendered(&role.trust, &fill), &fill);
    let own = PodIdentityAssociation {
        namespace: namespace.clone(),
        service_account: name.clone(),
        role_arn: Some(declared.arn.clone()),
        ..PodIdentityAssociation::default()
    };
    let account = ServiceAccount { namespace, name, ..ServiceAccount::default() };
    e.service_account = evidence::known(account, at(&association.account.at), world.now);
    e.pods = evidence::known(Vec::new(), at(&association.account.at), world.now);
    e.role_arn = evidence::absent(at(&association.account.at), world.now);
    e.associations = evidence::known(vec![own], at(&association.role.at), world.now).into();
    e.association_role = evidence::known(declared, at(&role.trust.at), world.now).into();
    put::of(diagnose(&e))
}

fn refused(world: &World, association: &Association, role: &Role) -> Vec<(Finding, Place, Place)> {
    let found = asked(world, association, role).into_iter();
    let found = found.filter(|f| f.cause == Cause::RoleDoesNotTrustPodIdentity);
    found.map(|f| (f, place(role), role.from.at.clone())).collect()
}

/// What of a trust policy keeps EKS out: the action of a statement for it, or else whom the first statement trusts.
fn place(role: &Role) -> Place {
    let all = crate::policy::statements(&role.trust);
    let trusts = |s: &&crate::policy::Statement<'_>| {
        let service = s.node.at_path(&["Principal", "Service"]);
        s.allows() && service.is_ok_and(|n| crate::policy::texts(n).iter().any(|t| t.known() == Some(SERVICE)))
    };
    if let Some(action) = all.iter().find(trusts).and_then(|s| s.node.value.get("Action")) {
        return action.at.clone();
    }
    let whom = all.iter().find(|s| s.allows()).and_then(|s| {
        let of = |names: &[&str]| s.node.at_path(names).ok();
        of(&["Principal", "Service"]).or_else(|| of(&["Principal"]))
    });
    whom.map_or_else(|| role.trust.at.clone(), |n| n.at.clone())
}

/// Whether a statement that is wholly known lets EKS assume the role and tag the session.
fn admits(role: &Role) -> bool {
    let all = crate::policy::statements(&role.trust);
    let denies = all.iter().any(|s| !s.allows());
    let says = |texts: &[trustwalk_checkout::Text], word: &str| texts.iter().any(|t| t.known() == Some(word));
    !denies
        && all.iter().filter(|s| s.is_known() && s.conditions.is_empty()).any(|s| {
            let texts = crate::policy::texts(s.node);
            says(&texts, SERVICE) && says(&texts, "sts:AssumeRole") && says(&texts, "sts:TagSession")
        })
}
