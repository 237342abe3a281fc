//! Evidence of many identities as it is stored: what several share stands once, in a table, and each of them refers
//! to its place there.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::sync::OnceLock;

use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::fields::shared_fields;
use super::{
    Discovery, Evidence, Holds, HostChain, Keys, NetworkPolicy, Observed, PodIdentityAssociation, Provider, Role,
    RolePolicy, Run, ServiceAccount, Shared, TrailEvent, blank,
};

/// What stands in which table, and where.
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

        #[derive(Debug, Default)]
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

shared_fields!(tables);

/// A table while it is made.
#[derive(Debug)]
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

/// Puts together what identities share while they come, be it the same or only alike, and writes what is each one's own
/// on a line of JSON.
#[derive(Debug)]
pub struct Packing {
    blank: Evidence,
    tally: Tally,
    holds: Holds,
}

impl Default for Packing {
    fn default() -> Self {
        Self { blank: blank(), tally: Tally::default(), holds: Holds::default() }
    }
}

impl Packing {
    /// Adds one identity: its line, which names the places of what it shares.
    pub fn add(&mut self, mut own: Evidence) -> serde_json::Result<String> {
        let places = self.tally.take(&self.blank, &mut own);
        self.holds.identities += 1;
        self.holds.add(&own);
        serde_json::to_string(&Identity { own, places })
    }

    /// What they share, and what of other people's text all of it holds.
    pub fn done(self) -> (Tables, Holds) {
        let tables = self.tally.tables();
        let mut holds = self.holds;
        tables.count(&mut holds);
        (tables, holds)
    }
}

impl Tables {
    /// Adds what of other people's text is here.
    fn count(&self, held: &mut Holds) {
        for account in self.service_accounts.iter().filter_map(|all| all.known()).flatten() {
            held.annotated(account.annotations.values());
            held.labels += account.labels.len();
        }
        let trusting = self.trusting.iter().filter_map(|all| all.known()).flatten();
        for role in self.roles.iter().filter_map(|role| role.known()).chain(trusting) {
            held.tags += role.tags.len();
            held.policies += 1;
        }
        let policies = self.policies.iter().filter_map(|all| all.known()).flatten();
        held.policies += policies.filter(|p| p.document.is_some()).count();
        let providers = self.providers.iter().filter_map(|provider| provider.known());
        held.tags += providers.map(|p| p.tags.len()).sum::<usize>();
        let associations = self.associations.iter().filter_map(|all| all.known()).flatten();
        held.tags += associations.map(|a| a.tags.len()).sum::<usize>();
    }

    /// The identity of a line, with what it shares; nothing where it refers to what is not here.
    pub fn unpacked(&self, line: &str) -> serde_json::Result<Option<Evidence>> {
        let Identity { mut own, places } = serde_json::from_str(line)?;
        if !self.have(&places) {
            return Ok(None);
        }
        self.give(&places, &mut own);
        Ok(Some(own))
    }
}

impl Serialize for Identity {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut members = members(&self.own).map_err(S::Error::custom)?;
        // Own is what does not stand in a table.
        let run = members_of_a_run().map_err(S::Error::custom)?;
        members.retain(|name, _| !run.contains_key(name) && !Places::NAMES.contains(&name.as_str()));
        let unasked = serde_json::to_value(Observed::<()>::default()).map_err(S::Error::custom)?;
        members.retain(|_, fact| !fact.is_null() && *fact != unasked);
        // Who was asked about stands as it stands in a diagnosis.
        members.iter_mut().filter(|(name, _)| *name != "target").for_each(|(_, fact)| without_nulls(fact));
        members.extend(self::members(&self.places).map_err(S::Error::custom)?);
        members.serialize(to)
    }
}

/// Leaves out what is nothing: it is nothing again when it is read.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(without_nulls);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
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
    use crate::evidence::Target;

    fn two() -> Vec<Evidence> {
        let one = |name: &str| {
            let mut e = Evidence::new(Target::Log { name: name.to_owned(), identity: None }, 7);
            e.role = Observed::NotCollected { reason: "the same".to_owned() }.into();
            e.region = Some("us-west-2".to_owned());
            e
        };
        vec![one("a"), one("b")]
    }

    fn packed() -> (Vec<String>, Tables) {
        let mut packing = Packing::default();
        let lines = two().into_iter().map(|one| packing.add(one).unwrap()).collect();
        (lines, packing.done().0)
    }

    #[test]
    fn what_is_alike_stands_once_and_is_shared_when_it_is_unpacked() {
        let (lines, tables) = packed();
        assert_eq!((tables.runs.len(), tables.roles.len(), tables.keys.len()), (1, 1, 0));
        let [a, b] = [0, 1].map(|at: usize| tables.unpacked(&lines[at]).unwrap().unwrap());
        assert!(a.run.is(&b.run) && a.role.is(&b.role));
        assert_eq!([a, b], two().as_slice());
    }

    #[test]
    fn what_is_written_and_read_again_is_the_same() {
        let (lines, tables) = packed();
        let text = serde_json::to_string(&tables).unwrap();
        assert_eq!((lines.concat() + &text).matches("us-west-2").count(), 1, "{lines:?} {text}");
        let read: Tables = serde_json::from_str(&text).unwrap();
        let read: Vec<Evidence> = lines.iter().map(|line| read.unpacked(line).unwrap().unwrap()).collect();
        assert_eq!(read, two());
    }

    #[test]
    fn a_reference_to_nothing_is_not_followed() {
        let line = r#"{"target": {"kind": "log", "name": "a"}, "role": 3}"#;
        assert_eq!(Tables::default().unpacked(line).unwrap(), None);
    }
}
