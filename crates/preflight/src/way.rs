//! One way from a subject to a role: what is weighed, and the evidence that is made of it.

use trustwalk_checkout::{Node, Place, Role, Said, Text};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::{Evidence, Observed};
use trustwalk_core::finding::Finding;
use trustwalk_core::link::Link;

use crate::admit::{Admission, Asking, Weighed, weigh};
use crate::evidence;
use crate::fill::Fill;
use crate::model::{Note, Related, Spot, Standing};
use crate::near::{self, Registered};
use crate::put;
use crate::rehearsal::{Judged, Parts, Scene, of_token};
use crate::world::World;

/// Somebody who is to have a role.
pub(crate) struct Claimant<'a> {
    /// For people: `service account shop/reader`.
    pub(crate) who: String,
    /// `sub`.
    pub(crate) subject: Text,
    /// `aud`, and where it is asked for.
    pub(crate) audience: Said<Text>,
    /// Where its name stands.
    pub(crate) at: &'a Place,
    /// The role that it names.
    pub(crate) role: &'a Said<Text>,
    /// What is known of it besides role and token.
    pub(crate) evidence: Evidence,
}

/// What a way came to.
#[derive(Debug, Default)]
pub(crate) struct Came {
    pub(crate) standing: Option<Standing>,
    pub(crate) findings: Vec<(Finding, Place, Vec<Related>, Fill)>,
    pub(crate) undetermined: Vec<Note>,
    /// Its exchange, as a lab can make it.
    pub(crate) exchange: Option<(Judged, Result<Box<Scene>, String>)>,
}

/// Follows a way.
pub(crate) fn follow(world: &World, claimant: &Claimant<'_>) -> Came {
    let mut came = Came::default();
    if let Some(hole) = claimant.role.value.known().and_then(hole) {
        came.standing = Some(Standing::Undetermined);
        came.undetermined.push(Note {
            text: format!(
                "{}: the ARN of its role holds `{hole}`, which something has to fill in first: give what comes of it",
                claimant.who
            ),
            identity: Some(claimant.who.clone()),
            at: Some(Spot::from(&claimant.role.at)),
            when: None,
        });
        return came;
    }
    if let Some(finding) = malformed(world, claimant) {
        came.standing = Some(Standing::Broken);
        came.findings.push((finding, claimant.role.at.clone(), Vec::new(), Fill::default()));
        return came;
    }
    let roles = world.roles(&claimant.role.value);
    if roles.is_empty() {
        let trusts = |role: &Role| near::names(role, &claimant.subject);
        if let Some((finding, at, mut related)) = near::role(world, claimant.role, &trusts) {
            related.push(put::related("who is to have the role", claimant.at));
            came.standing = Some(Standing::Broken);
            came.findings.push((finding, at, related, Fill::default()));
            return came;
        }
        came.standing = Some(Standing::Elsewhere);
        let text = format!(
            "{}: the role {} is not declared in what was read; --live reads it from the account",
            claimant.who, claimant.role.value
        );
        came.undetermined.push(Note {
            text,
            identity: Some(claimant.who.clone()),
            at: Some(Spot::from(&claimant.role.at)),
            when: None,
        });
        return came;
    }
    let each: Vec<Came> = roles.iter().map(|role| to_role(world, claimant, role)).collect();
    // Of several that may be meant, the one that fits is.
    let best = each.into_iter().min_by_key(|c| c.standing);
    best.unwrap_or(came)
}

/// What a text holds in the place of a value: `${ACCOUNT_ID}`, `<ACCOUNT_ID>`.
fn hole(text: &str) -> Option<&str> {
    let between = |open: &str, close: &str| {
        let start = text.find(open)?;
        let end = text.get(start..)?.find(close)? + start + close.len();
        text.get(start..end)
    };
    between("${", "}").or_else(|| between("{{", "}}")).or_else(|| between("<", ">"))
}

/// What is wrong with the role's name by itself.
fn malformed(world: &World, claimant: &Claimant<'_>) -> Option<Finding> {
    let text = &claimant.role.value;
    let mut fill = Fill::default();
    fill.arn(text, None);
    let told = fill.text(text);
    // Of what is not known nothing is wrong, unless what is known of it says so.
    if text.known().is_none() {
        let resource = told.split(':').nth(5)?;
        let kind = resource.split_once('/').map(|(kind, _)| kind)?;
        if crate::fill::is_made_up(kind) || kind == "role" {
            return None;
        }
    }
    let mut e = claimant.evidence.clone();
    e.role_arn = evidence::known(fill.shown(&told), where_is(&claimant.role.at), world.now);
    let found = put::of(diagnose(&e));
    found.into_iter().find(|f| f.cause == Cause::RoleArnMalformedOrNotARole)
}

fn where_is(at: &Place) -> String {
    format!("{}:{}", at.path, at.line)
}

fn to_role(world: &World, claimant: &Claimant<'_>, role: &Role) -> Came {
    let mut came = Came::default();
    let undetermined = |came: &mut Came, why: String| {
        came.standing = Some(Standing::Undetermined);
        came.undetermined.push(Note {
            text: why,
            identity: Some(claimant.who.clone()),
            at: Some(Spot::from(&role.trust.at)),
            when: None,
        });
    };
    let mut fill = Fill::default();
    let account = crate::world::account_of(role, Some(&claimant.role.value));
    fill.arn(&role.arn, account.as_deref());
    fill.arn(&claimant.role.value, account.as_deref());
    // Who names the role outright tells its account too.
    let arn = if claimant.role.value.known().is_some() { &claimant.role.value } else { &role.arn };
    let Some((issuer, provider)) = world.issuer(role, arn) else {
        return unnamed_issuer(world, claimant, role, fill);
    };
    // The ARN of the provider in the role's own account is what the tokens come through.
    let asking = Asking {
        provider,
        issuer,
        subject: claimant.subject.clone(),
        foretold: None,
        audience: claimant.audience.value.clone(),
        now: world.now,
    };
    let weighed = match weigh(&role.trust, &asking, fill) {
        Ok(weighed) => weighed,
        Err(why) => {
            undetermined(&mut came, format!("{}: the trust policy could not be understood: {why}", claimant.who));
            return came;
        }
    };
    let e = with_role(world, claimant, role, &asking, &weighed);
    let scene = |provider| {
        let named = Some(&claimant.role.value);
        of_token(&Parts { role, named, weighed: &weighed, provider, job: None })
    };
    came.findings = found(world, claimant, role, (&asking, &weighed), &e);
    if !came.findings.is_empty() {
        came.standing = Some(Standing::Broken);
        let judged = judged(&came.findings, &weighed.admission);
        came.exchange = judged.map(|judged| (judged, scene(world.provider(&asking.provider))));
        return came;
    }
    match near::provider(world, &e, &asking, &weighed.fill) {
        Registered::Near(finding, declared) => {
            let related = vec![put::related("the role", &role.from.at), put::related("who is to have it", claimant.at)];
            came.standing = Some(Standing::Broken);
            came.exchange = Some((Judged::Refused, scene(Some(declared))));
            came.findings.push((*finding, declared.url.at.clone(), related, weighed.fill));
            return came;
        }
        Registered::Other(other) => {
            let why = unregistered(&asking.issuer, other);
            undetermined(&mut came, format!("{}: {why}", claimant.who));
            return came;
        }
        Registered::Whatever => {}
    }
    match &weighed.admission {
        Admission::Yes => {
            came.standing = Some(Standing::Sound);
            came.exchange = Some((Judged::Admitted, scene(world.provider(&asking.provider))));
        }
        Admission::No => undetermined(
            &mut came,
            format!("{}: the trust policy of {} does not admit it", claimant.who, role.from.address),
        ),
        Admission::Depends(names) => {
            let why = format!(
                "{}: whether the trust policy of {} admits it depends on {}",
                claimant.who,
                role.from.address,
                listed(names)
            );
            undetermined(&mut came, why);
        }
    }
    came
}

/// What an exchange is to come to, of a way on which something was found; nothing where that is not known.
fn judged(found: &[(Finding, Place, Vec<Related>, Fill)], admission: &Admission) -> Option<Judged> {
    match admission {
        _ if found.iter().any(|(f, ..)| is_of_exchange(f)) => Some(Judged::Refused),
        Admission::No => Some(Judged::Refused),
        Admission::Yes => Some(Judged::Admitted),
        Admission::Depends(_) => None,
    }
}

/// Whether a finding is of what an exchange shows, and not of what stands around it.
pub(crate) fn is_of_exchange(finding: &Finding) -> bool {
    matches!(finding.link(), Link::Trust | Link::Provider)
        || crate::places::is_of_audience(finding.cause)
        || finding.cause == Cause::RequestedLifetimeExceedsLimit
}

/// What is found on a way to a role, each at its place.
fn found(
    world: &World,
    claimant: &Claimant<'_>,
    role: &Role,
    (asking, weighed): (&Asking, &Weighed<'_>),
    e: &Evidence,
) -> Vec<(Finding, Place, Vec<Related>, Fill)> {
    let mut all = Vec::new();
    for finding in put::of(diagnose(e)) {
        let of_trust = weighed.tells(finding.cause);
        let counts = if of_trust {
            weighed.admission == Admission::No
        } else if crate::places::is_of_audience(finding.cause) {
            e.provider.known().is_some() && claimant.audience.value.known().is_some()
        } else if finding.link() == Link::ServiceAccount {
            finding.cause != Cause::AnnotationMissingOnServiceAccount
        } else {
            crate::places::is_of_files(finding.cause)
        };
        if !counts {
            continue;
        }
        let at = if of_trust { weighed.place(finding.cause) } else { None };
        let (at, related) = crate::places::of(world, claimant, role, asking, finding.cause, at);
        let two = (finding.cause == Cause::FederatedArnWrongAccount)
            .then(|| near::account_of_two(world, role, claimant.role, finding.clone()));
        all.push(match two {
            Some((named, true)) => {
                let related = vec![put::related("what the role trusts", &at)];
                (named, claimant.role.at.clone(), related, weighed.fill.clone())
            }
            Some((own, false)) => (own, at, related, weighed.fill.clone()),
            None => (finding, at, related, weighed.fill.clone()),
        });
    }
    all
}

/// That the provider of an issuer may stand nowhere.
pub(crate) fn unregistered(issuer: &Text, other: &trustwalk_checkout::Provider) -> String {
    format!(
        "whether the account registers {issuer} is not told: the files declare the provider {}, and none for it",
        other.url.value
    )
}

/// A list of what decides.
pub(crate) fn listed(names: &[String]) -> String {
    if names.is_empty() { "what is not known".to_owned() } else { names.join(", ") }
}

fn with_role(world: &World, claimant: &Claimant<'_>, role: &Role, asking: &Asking, weighed: &Weighed<'_>) -> Evidence {
    let fill = &weighed.fill;
    let mut e = claimant.evidence.clone();
    let what = |node: &Node| format!("trust policy of {} ({})", role.from.address, where_is(&node.at));
    let arn = fill.arn_text(&role.arn);
    e.role_arn = evidence::known(arn, where_is(&claimant.role.at), world.now);
    e.role = evidence::known(evidence::role(role, &weighed.text, fill), what(&role.trust), world.now).into();
    e.policies = Observed::NotCollected { reason: "files tell a part of them".to_owned() }.into();
    let issuer = fill.text(&asking.issuer);
    let audience = fill.text(&claimant.audience.value);
    let origin = format!("{}, by which it is foretold", where_is(claimant.at));
    e.token = evidence::known(
        evidence::token(&issuer, fill.text(&claimant.subject), audience, origin),
        where_is(claimant.at),
        world.now,
    );
    if let Some(declared) = world.provider(&asking.provider)
        && let Some(provider) = evidence::provider(declared, &fill.text(&asking.provider), &issuer)
    {
        e.provider = evidence::known(provider, where_is(&declared.from.at), world.now).into();
    }
    e
}

/// A policy that names no issuer at all: it admits no web identity, whatever is unknown.
fn unnamed_issuer(world: &World, claimant: &Claimant<'_>, role: &Role, fill: Fill) -> Came {
    let mut came = Came::default();
    let statements = crate::policy::statements(&role.trust);
    let open = statements.is_empty()
        || statements.iter().any(|s| s.node.value.get("Principal").is_none_or(|p| !crate::policy::is_known(p)));
    if open {
        came.standing = Some(Standing::Undetermined);
        let text = format!(
            "{}: whom the role {} trusts is not told by the files: its trust policy is made elsewhere",
            claimant.who, role.from.address
        );
        came.undetermined.push(Note {
            text,
            identity: Some(claimant.who.clone()),
            at: Some(Spot::from(&role.trust.at)),
            when: None,
        });
        return came;
    }
    // Any issuer is as good as another for a policy that trusts none.
    let issuer = Text::from("oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE");
    let asking = Asking {
        provider: crate::world::provider_arn(&role.arn, &issuer),
        issuer,
        subject: claimant.subject.clone(),
        foretold: None,
        audience: claimant.audience.value.clone(),
        now: world.now,
    };
    let Ok(weighed) = weigh(&role.trust, &asking, fill) else { return came };
    let mut e = with_role(world, claimant, role, &asking, &weighed);
    if let Some(token) = e.token.known_mut() {
        token.iss = Some("https://ISSUER".to_owned());
    }
    let found = put::of(diagnose(&e)).into_iter().filter(|f| weighed.tells(f.cause));
    for mut finding in found {
        // The issuer was made up for the question, and is shown to nobody.
        finding.proof.retain(|x| !x.value.contains("EXAMPLE") && !x.value.contains("ISSUER"));
        let at = statements.first().map_or_else(|| role.trust.at.clone(), |s| s.node.at.clone());
        let related = vec![put::related("who is to have the role", claimant.at)];
        came.findings.push((finding, at, related, weighed.fill.clone()));
    }
    came.standing = Some(if came.findings.is_empty() { Standing::Undetermined } else { Standing::Broken });
    came
}
