//! How far a rotation is, from what is registered and what is presented.

use serde::Serialize;

use super::{Provider, Registered, Rotation, Shown, Weighed};

/// How far a rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// No rotation is under way: what is registered is presented.
    Steady,
    /// The chain that is to come is registered, and nobody presents it yet: the issuer can be switched.
    Prepared,
    /// Some addresses present one authority's chain, and some another's.
    Switching,
    /// Everybody presents the chain that was to come, and an older thumbprint is still registered.
    Switched,
    /// Something is registered that nobody presents: one that is to come, or one that has gone.
    Spare,
    /// A chain is presented of which nothing is registered, and AWS compares thumbprints there.
    Unregistered,
    /// No address compares thumbprints: AWS knows the chains by its own library.
    NotConsulted,
    /// Not everything was read.
    Unknown,
}

impl Stage {
    /// Its name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Prepared => "prepared",
            Self::Switching => "switching",
            Self::Switched => "switched",
            Self::Spare => "spare",
            Self::Unregistered => "unregistered",
            Self::NotConsulted => "not-consulted",
            Self::Unknown => "unknown",
        }
    }

    /// What it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Steady => "no rotation is under way: everything that is registered is presented",
            Self::Prepared => "the incoming chain is registered beside the present one, and the issuer can be switched",
            Self::Switching => "some addresses present one authority's chain, and some another's",
            Self::Switched => "every address presents another chain than the one that an older thumbprint is of",
            Self::Spare => {
                "a thumbprint is registered whose certificate nobody presents: one that is to come, or an old one"
            }
            Self::Unregistered => "a chain is presented of which nothing is registered, and AWS compares thumbprints",
            Self::NotConsulted => "AWS knows what is presented by its own library, and compares no thumbprint",
            Self::Unknown => "not everything that counts was read",
        }
    }

    /// What to do next, for whoever rotates.
    pub fn next(self) -> &'static str {
        match self {
            Self::Steady => "before the issuer's authority changes, give the chain that is to come with --incoming",
            Self::Prepared => "switch the issuer to the incoming chain, address by address",
            Self::Switching => "finish the switch; nothing is retired before every address presents the new chain",
            Self::Switched => "take the old thumbprint away with --retire, once its deadline has passed",
            Self::Spare => "give the chain that is to come with --incoming, or take the old one away with --retire",
            Self::Unregistered => "repair it: `trustwalk fix` adds the thumbprint of what is presented",
            Self::NotConsulted => "no thumbprint is needed while public authorities sign the issuer's certificate",
            Self::Unknown => "look again from where everything can be reached",
        }
    }
}

/// What has become of the chain whose thumbprint was registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Nobody presents it yet.
    ToCome,
    /// It is presented, and so is what was presented before it.
    Partly,
    /// It is presented, and what was before it is not.
    Switched,
    /// Not everything was read.
    Unknown,
}

impl Rotation {
    /// What has become of the chain of which these thumbprints were registered.
    pub fn arrival(&self, added: &[&str]) -> Arrival {
        let is_added = |r: &&Registered| added.iter().any(|t| t.eq_ignore_ascii_case(&r.thumbprint));
        let by: Vec<&String> = self.registered.iter().filter(is_added).flat_map(|r| &r.presented_by).collect();
        let read = || self.presented.iter().filter(|p| p.thumbprint.is_some());
        let unread = read().next().is_none() || read().count() < self.presented.len();
        let mut others = self.registered.iter().filter(|r| !is_added(r));
        if by.is_empty() {
            return if unread { Arrival::Unknown } else { Arrival::ToCome };
        }
        let everywhere = !unread && read().all(|p| by.contains(&&p.place));
        let left = others.any(|r| r.presented_by.is_empty());
        if everywhere || left { Arrival::Switched } else { Arrival::Partly }
    }
}

/// Where it stands.
pub(super) fn of(
    provider: Option<&Provider>,
    (shown, unread): (&Vec<(&str, &Weighed)>, &Vec<String>),
    incoming: Option<&Weighed>,
) -> Rotation {
    let thumbprints = provider.map(|p| p.thumbprints.as_slice()).unwrap_or_default();
    let registered: Vec<Registered> = thumbprints.iter().map(|t| registered(t, shown, incoming)).collect();
    let told = |place: &str, w: &Weighed| told(place, w, thumbprints);
    let mut presented: Vec<Shown> = shown.iter().map(|(place, w)| told(place, w)).collect();
    let stage = match provider {
        Some(_) if unread.is_empty() && !presented.is_empty() => stage(&registered, &presented, shown, incoming),
        Some(_) | None => Stage::Unknown,
    };
    presented.extend(unread.iter().map(|why| not_read(why)));
    Rotation {
        provider: provider.map(|p| p.arn.clone()),
        stage,
        registered,
        presented,
        incoming: incoming.map(|w| told(&w.host, w)),
        waits: Vec::new(),
        needless: None,
    }
}

fn stage(
    registered: &[Registered],
    presented: &[Shown],
    shown: &[(&str, &Weighed)],
    incoming: Option<&Weighed>,
) -> Stage {
    let consulted = |w: &Weighed| w.consulted;
    if !shown.iter().any(|(_, w)| consulted(w)) && !incoming.is_some_and(consulted) {
        return Stage::NotConsulted;
    }
    if presented.iter().any(|p| p.consulted && !p.registered) {
        return Stage::Unregistered;
    }
    let differs = |(_, a): &(&str, &Weighed)| shown.iter().any(|(_, b)| a.host == b.host && a.takes != b.takes);
    if shown.iter().any(differs) {
        return Stage::Switching;
    }
    let spare = |r: &&Registered| r.presented_by.is_empty();
    let to_come = |r: &Registered| r.incoming;
    let unused: Vec<&Registered> = registered.iter().filter(spare).collect();
    match (unused.is_empty(), incoming) {
        (true, _) => Stage::Steady,
        (false, Some(_)) if unused.iter().any(|r| to_come(r)) => Stage::Prepared,
        (false, Some(_)) if registered.iter().any(to_come) => Stage::Switched,
        (false, _) => Stage::Spare,
    }
}

fn registered(thumbprint: &str, shown: &[(&str, &Weighed)], incoming: Option<&Weighed>) -> Registered {
    let by = shown.iter().filter(|(_, w)| w.has(thumbprint));
    let everybody = shown.iter().map(|(_, w)| *w).chain(incoming);
    Registered {
        thumbprint: thumbprint.to_owned(),
        subject: everybody.into_iter().find_map(|w| w.subject_of(thumbprint)),
        presented_by: by.map(|(place, _)| (*place).to_owned()).collect(),
        incoming: incoming.is_some_and(|w| w.has(thumbprint)),
    }
}

fn told(place: &str, w: &Weighed, registered: &[String]) -> Shown {
    Shown {
        place: place.to_owned(),
        thumbprint: w.takes.clone(),
        subject: w.takes.as_deref().and_then(|t| w.subject_of(t)),
        expires: w.expires(),
        registered: registered.iter().any(|t| w.has(t)),
        consulted: w.consulted,
        doubt: w.doubt.clone(),
    }
}

fn not_read(why: &str) -> Shown {
    Shown {
        place: why.to_owned(),
        thumbprint: None,
        subject: None,
        expires: None,
        registered: false,
        consulted: false,
        doubt: Some("not read".to_owned()),
    }
}
