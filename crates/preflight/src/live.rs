//! Files laid over the live world: what somebody read of cluster and account fills in what the files do not tell.

use trustwalk_checkout::{Format, Identity as From, Node, Place, Role, Said, Text, Value, read_yaml};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::{self as core, Evidence, Observed, ROLE_ANNOTATION};
use trustwalk_core::link::Link;

use crate::evidence;
use crate::fill::Fill;
use crate::model::{Found, Identity, Spot};
use crate::put;
use crate::world::{World, account_of};

/// A tree all of which stands at one place.
fn at(node: &Node, place: &Place) -> Node {
    let value = match &node.value {
        Value::List(items) => Value::List(items.iter().map(|n| at(n, place)).collect()),
        Value::Map(members) => {
            let one = |(key, n): &(Said<Text>, Node)| (Said::new(key.value.clone(), place.clone()), at(n, place));
            Value::Map(members.iter().map(one).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Unknown(_) => node.value.clone(),
    };
    Said::new(value, place.clone())
}

impl World {
    /// Takes in a role that was read from the account: the files name it and do not declare it.
    pub fn add_live(&mut self, role: &core::Role, named_at: &Spot) {
        let place = named_at.place();
        let Some(trust) = read_yaml(&place.path, &role.trust_policy).all.into_iter().next() else { return };
        self.declared.roles.push(Role {
            from: From { format: Format::TrustPolicy, address: role.arn.clone(), at: place.clone() },
            arn: role.arn.as_str().into(),
            name: Said::new(role.name.as_str().into(), place.clone()),
            trust: at(&trust, &place),
            policies: Vec::new(),
            boundary: None,
            max_session: Some(Said::new(role.max_session.to_string().into(), place)),
            perhaps: None,
        });
    }

    /// The ARN of the role that an identity names, in the account that was looked at.
    pub fn role_in(&self, identity: &Identity, account: &str) -> Option<String> {
        let named = self.named(identity)?;
        let mut fill = Fill::default();
        fill.arn(&named, Some(account));
        let arn = fill.text(&named);
        (!crate::fill::is_made_up(&arn)).then_some(arn)
    }

    /// The role's text, symbols and all.
    fn named(&self, identity: &Identity) -> Option<Text> {
        let at = identity.role_at.as_ref()?;
        let annotations = self.declared.accounts.iter().flat_map(|a| &a.annotations);
        let annotated = annotations.filter(|(key, _)| key.value.known() == Some(ROLE_ANNOTATION)).map(|(_, v)| v);
        let addons = self.declared.addons.iter().filter_map(|a| a.role.as_ref());
        annotated.chain(addons).find(|r| Spot::from(&r.at) == *at).map(|r| r.value.clone())
    }
}

/// The token that the pods will have, where none was asked for: of the cluster's issuer, and for AWS.
fn foretold(world: &World, identity: &Identity, live: &mut Evidence) {
    let of_cluster = live.cluster.known().and_then(|c| c.issuer.clone());
    let of_provider = || live.provider.known().map(|p| p.url.clone());
    let of_document = || {
        let url = &live.discovery.known()?.fetched.url;
        url.strip_suffix("/.well-known/openid-configuration").map(str::to_owned)
    };
    let Some(issuer) = of_cluster.or_else(of_provider).or_else(of_document) else { return };
    let (Some(subject), None) = (&identity.subject, live.token.known()) else { return };
    let issuer = issuer.strip_prefix("https://").unwrap_or(&issuer);
    let audience = core::DEFAULT_AUDIENCE.to_owned();
    let token = evidence::token(issuer, subject.clone(), audience, format!("{}, by which it is foretold", identity.at));
    live.token = evidence::known(token, identity.at.to_string(), world.now);
}

/// What the live world says of a way that the files make: of its token, issuer, certificates, provider and trust. The
/// pods that run now are those of before the change, and what they say is not about it.
pub fn over_live(world: &World, identity: &Identity, mut live: Evidence) -> Vec<Found> {
    let Some(at) = &identity.role_at else { return Vec::new() };
    let nothing = || "it is that of before the change".to_owned();
    live.workload = Observed::NotCollected { reason: nothing() };
    live.pods = Observed::NotCollected { reason: nothing() };
    live.logs = Observed::NotCollected { reason: nothing() };
    live.injection_probe = Observed::NotCollected { reason: nothing() };
    live.exchange = Observed::Spared { reason: nothing() };
    live.trail = Observed::Spared { reason: nothing() }.into();
    live.dismissed.clear();
    let account = live.caller.known().map(|c| c.account.clone()).unwrap_or_default();
    let arn = world.role_in(identity, &account);
    if let Some(arn) = &arn {
        live.role_arn = evidence::known(arn.clone(), at.to_string(), world.now);
        if let Some(own) = live.service_account.known_mut() {
            own.annotations.insert(ROLE_ANNOTATION.to_owned(), arn.clone());
        }
    }
    if let (Some(named), None) = (world.named(identity), live.role.known()) {
        // A role that this change makes is there in the files alone.
        let mut fill = Fill::default();
        if let [role] = world.roles(&named).as_slice() {
            fill.arn(&role.arn, Some(&account).filter(|a| !a.is_empty()).map(String::as_str));
            fill.arn(&named, account_of(role, Some(&named)).as_deref());
            let text = crate::policy::rendered(&role.trust, &fill);
            if !crate::fill::is_made_up(&text) {
                live.role = evidence::known(evidence::role(role, &text, &fill), at.to_string(), world.now).into();
            }
        }
    }
    foretold(world, identity, &mut live);
    let counts =
        |link: Link| matches!(link, Link::Token | Link::Issuer | Link::Keys | Link::Tls | Link::Provider | Link::Trust);
    let place = at.place();
    put::of(diagnose(&live))
        .into_iter()
        .filter(|f| counts(f.link()) && f.severity == trustwalk_core::severity::Severity::Error)
        .filter(|f| f.cause != Cause::RoleArnMalformedOrNotARole)
        .map(|f| {
            let who = put::related("who is to have the role", &identity.at.place());
            put::found(f, &identity.who, &place, vec![who], &Fill::default())
        })
        .collect()
}
