//! A table that knows which of its entries may have changed since it was last asked.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    ops::Deref,
};

/// Entries by name. It is read as the map that it is; whoever changes one goes through it.
#[derive(Debug, Clone)]
pub(crate) struct Table<V> {
    entries: BTreeMap<String, V>,
    touched: BTreeSet<String>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        BTreeMap::new().into()
    }
}

impl<V> From<BTreeMap<String, V>> for Table<V> {
    fn from(entries: BTreeMap<String, V>) -> Self {
        Self { entries, touched: BTreeSet::new() }
    }
}

impl<V> Deref for Table<V> {
    type Target = BTreeMap<String, V>;

    fn deref(&self) -> &Self::Target {
        &self.entries
    }
}

impl<V> Table<V> {
    /// An entry, to be changed.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let found = self.entries.get_mut(name)?;
        self.touched.insert(name.to_owned());
        Some(found)
    }

    /// Makes or replaces an entry.
    pub(crate) fn insert(&mut self, name: String, value: V) -> Option<V> {
        self.touched.insert(name.clone());
        self.entries.insert(name, value)
    }

    /// Takes an entry out.
    pub(crate) fn remove(&mut self, name: &str) -> Option<V> {
        let found = self.entries.remove(name)?;
        self.touched.insert(name.to_owned());
        Some(found)
    }

    /// The place of an entry.
    pub(crate) fn entry(&mut self, name: String) -> Entry<'_, String, V> {
        self.touched.insert(name.clone());
        self.entries.entry(name)
    }

    /// Takes out whatever is not wanted.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&String, &V) -> bool) {
        let lost: Vec<String> = self.entries.iter().filter(|(k, v)| !wanted(k, v)).map(|(k, _)| k.clone()).collect();
        for name in lost {
            self.remove(&name);
        }
    }

    /// Names of the entries that came, went or may be others since this was last asked.
    pub(crate) fn take_touched(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.touched)
    }

    /// Puts an entry in its place, or takes it out, as something that is no change.
    pub(crate) fn set(&mut self, name: String, value: Option<V>) {
        match value {
            Some(value) => drop(self.entries.insert(name, value)),
            None => drop(self.entries.remove(&name)),
        }
    }
}
