//! Evidence of many identities as it is stored: what several share stands once, in a table, and each of them refers
//! to its place there.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::sync::OnceLock;

use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{
    Discovery, Evidence, HostChain, Keys, NetworkPolicy, Observed, PodIdentityAssociation, Provider, Role, RolePolicy,
    Run, ServiceAccount, Shared, Target, TrailEvent,
};

/// The fields of [`Evidence`] that are shared, by the table in which each stands.
macro_rules! tables {
    ($($(#[doc = $words:literal])+ $table:ident: $type:ty = $($field:ident),+;)+) => {
        /// What identities share, each thing once.
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Tables {
            $($(#[doc = $words])+ pub $table: Vec<Shared<$type>>,)+
        }

        /// Where in its table each shared field of one identity stands; nowhere, where nobody asked for it.
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        struct Places {
            $($(#[serde(default, skip_serializing_if = "Option::is_none")] $field: Option<usize>,)+)+
        }

        impl Places {
            const NAMES: &[&str] = &[$($(stringify!($field),)+)+];
        }

        #[derive(Default)]
        struct Tally {
            $($table: Table<$type>,)+
        }

        impl Tally {
            /// Takes the shared fields out of one identity.
            fn take(&mut self, blank: &Evidence, of: &mut Evidence) -> Places {
                Places { $($($field: {
                    let one = std::mem::replace(&mut of.$field, blank.$field.clone());
                    (one != blank.$field).then(|| self.$table.place(one))
                },)+)+ }
            }

            fn tables(self) -> Tables {
                Tables { $($table: self.$table.all,)+ }
            }
        }

        impl Tables {
            /// Gives one identity its shared fields.
            fn give(&self, places: &Places, to: &mut Evidence) {
                $($(if let Some(one) = places.$field.and_then(|at| self.$table.get(at)) {
                    to.$field = one.clone();
                })+)+
            }

            /// Whether all is there that one identity refers to.
            fn have(&self, places: &Places) -> bool {
                $($(places.$field.is_none_or(|at| at < self.$table.len()))&&+)&&+
            }
        }
    };
}

tables! {
    /// Runs: one, unless evidence of several was put together.
    runs: Run = run;
    /// Service accounts, by namespace.
    service_accounts: Observed<Vec<ServiceAccount>> = siblings;
    /// Roles that trust an issuer.
    trusting: Observed<Vec<Role>> = trusting;
    /// Network policies that select the same pods.
    network_policies: Observed<Vec<NetworkPolicy>> = network_policies;
    /// Pod Identity associations, by namespace.
    associations: Observed<Vec<PodIdentityAssociation>> = associations;
    /// Roles.
    roles: Observed<Role> = role, association_role, association_target;
    /// Policies of roles.
    policies: Observed<Vec<RolePolicy>> = policies, association_policies, association_own_policies;
    /// Discovery documents.
    discoveries: Observed<Discovery> = discovery;
    /// Key sets.
    keys: Observed<Keys> = keys;
    /// Chains that an issuer's hosts present.
    chains: Vec<Observed<HostChain>> = chains;
    /// Providers.
    providers: Observed<Provider> = provider;
    /// What `CloudTrail` remembers.
    trails: Observed<Vec<TrailEvent>> = trail;
}

/// A table while it is made.
struct Table<T> {
    all: Vec<Shared<T>>,
    /// By where in memory the table's own things stand.
    placed: BTreeMap<usize, usize>,
    /// By what they say: several can have one hash.
    alike: BTreeMap<u64, Vec<usize>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { all: Vec::new(), placed: BTreeMap::new(), alike: BTreeMap::new() }
    }
}

impl<T: PartialEq + Serialize> Table<T> {
    fn place(&mut self, one: Shared<T>) -> usize {
        if let Some(at) = self.placed.get(&one.place()) {
            return *at;
        }
        let alike = self.alike.entry(hash(&*one)).or_default();
        if let Some(at) = alike.iter().find(|at| self.all.get(**at) == Some(&one)) {
            return *at;
        }
        let at = self.all.len();
        alike.push(at);
        self.placed.insert(one.place(), at);
        self.all.push(one);
        at
    }
}

fn hash(value: &impl Serialize) -> u64 {
    struct Bytes(DefaultHasher);
    impl io::Write for Bytes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut bytes = Bytes(DefaultHasher::new());
    // What cannot be written is compared with the others of its kind.
    let _ = serde_json::to_writer(&mut bytes, value);
    bytes.0.finish()
}

/// One identity without what it shares.
#[derive(Debug, Clone, PartialEq)]
struct Identity {
    own: Evidence,
    places: Places,
}

/// Evidence of many identities as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Packed {
    /// What they share.
    pub shared: Tables,
    identities: Vec<Identity>,
}

impl Packed {
    /// Puts together what identities share, be it the same or only alike.
    pub fn of(evidence: Vec<Evidence>) -> Self {
        let blank = blank();
        let mut tally = Tally::default();
        let identities = evidence.into_iter().map(|mut own| {
            let places = tally.take(&blank, &mut own);
            Identity { own, places }
        });
        let identities = identities.collect();
        Self { identities, shared: tally.tables() }
    }

    /// Whether every identity refers to what is there.
    pub fn is_whole(&self) -> bool {
        self.identities.iter().all(|i| self.shared.have(&i.places))
    }

    /// The evidence of each identity. What one refers to and is not there is not known of it.
    pub fn unpacked(self) -> Vec<Evidence> {
        let Self { shared, identities } = self;
        let whole = |Identity { mut own, places }| {
            shared.give(&places, &mut own);
            own
        };
        identities.into_iter().map(whole).collect()
    }

    /// Each identity without what it shares, and its run.
    pub(super) fn own_mut(&mut self) -> impl Iterator<Item = (&mut Evidence, Option<usize>)> {
        self.identities.iter_mut().map(|i| (&mut i.own, i.places.run))
    }

    /// Each identity without what it shares.
    pub fn own(&self) -> impl ExactSizeIterator<Item = &Evidence> {
        self.identities.iter().map(|i| &i.own)
    }
}

/// What an identity is before anything is known of it.
fn blank() -> Evidence {
    Evidence::new(Target::Log { name: String::new() }, 0)
}

impl Serialize for Identity {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut members = members(&self.own).map_err(S::Error::custom)?;
        // Own is what does not stand in a table.
        let run = members_of_a_run().map_err(S::Error::custom)?;
        members.retain(|name, _| !run.contains_key(name) && !Places::NAMES.contains(&name.as_str()));
        let unasked = serde_json::to_value(Observed::<()>::default()).map_err(S::Error::custom)?;
        members.retain(|_, fact| !fact.is_null() && *fact != unasked);
        members.extend(self::members(&self.places).map_err(S::Error::custom)?);
        members.serialize(to)
    }
}

/// What a run is made of.
fn members_of_a_run() -> Result<&'static Map<String, Value>, &'static str> {
    static RUN: OnceLock<Option<Map<String, Value>>> = OnceLock::new();
    RUN.get_or_init(|| members(&Run::default()).ok()).as_ref().ok_or("a run is no JSON object")
}

fn members(of: &impl Serialize) -> Result<Map<String, Value>, serde_json::Error> {
    match serde_json::to_value(of)? {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(serde_json::Error::custom("it is no JSON object"))
        }
    }
}

impl<'de> Deserialize<'de> for Identity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut own = Map::deserialize(from)?;
        let mut places = Map::new();
        for name in Places::NAMES {
            places.extend(own.remove_entry(*name));
        }
        // Which moment it was stands in the run.
        own.insert("now".to_owned(), Value::from(0));
        let places = serde_json::from_value(Value::Object(places)).map_err(serde::de::Error::custom)?;
        let mut own: Evidence = serde_json::from_value(Value::Object(own)).map_err(serde::de::Error::custom)?;
        own.run = Shared::default();
        Ok(Self { own, places })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Vec<Evidence> {
        let one = |name: &str| {
            let mut e = Evidence::new(Target::Log { name: name.to_owned() }, 7);
            e.role = Observed::NotCollected { reason: "the same".to_owned() }.into();
            e.region = Some("us-west-2".to_owned());
            e
        };
        vec![one("a"), one("b")]
    }

    #[test]
    fn what_is_alike_stands_once_and_is_shared_when_it_is_unpacked() {
        let packed = Packed::of(two());
        assert_eq!((packed.shared.runs.len(), packed.shared.roles.len(), packed.shared.keys.len()), (1, 1, 0));
        let [a, b] = <[Evidence; 2]>::try_from(packed.unpacked()).unwrap();
        assert!(a.run.is(&b.run) && a.role.is(&b.role));
        assert_eq!([a, b], two().as_slice());
    }

    #[test]
    fn what_is_written_and_read_again_is_the_same() {
        let text = serde_json::to_string(&Packed::of(two())).unwrap();
        assert_eq!(text.matches("us-west-2").count(), 1, "{text}");
        let read: Packed = serde_json::from_str(&text).unwrap();
        assert_eq!(read.unpacked(), two());
    }

    #[test]
    fn a_reference_to_nothing_is_not_followed() {
        let text = r#"{"shared": {}, "identities": [{"target": {"kind": "log", "name": "a"}, "role": 3}]}"#;
        assert!(!serde_json::from_str::<Packed>(text).unwrap().is_whole());
        assert!(Packed::of(two()).is_whole());
    }
}
