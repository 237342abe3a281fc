//! A value that several identities refer to, which stands once in memory.

use std::any::Any;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value that several identities refer to. It is read as if it were one's own; whoever changes it gets a copy of
/// one's own first. What was worked out from it is kept beside it, as long as it is not changed.
pub struct Shared<T>(Arc<Inner<T>>);

struct Inner<T> {
    value: T,
    worked_out: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl<T: Clone> Clone for Inner<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), worked_out: OnceLock::new() }
    }
}

impl<T> Shared<T> {
    /// Whether both refer to the very same value.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether nobody else refers to it.
    pub(super) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// What `work` makes of the value, once for all who share it. One kind of thing is kept of each value.
    pub(super) fn once<M: Any + Send + Sync>(&self, work: impl Fn(&T) -> M) -> Arc<M> {
        let kept = self.0.worked_out.get_or_init(|| Arc::new(work(&self.0.value)));
        Arc::clone(kept).downcast().unwrap_or_else(|_| Arc::new(work(&self.0.value)))
    }

    /// Where the value stands, to be compared with other places as long as both values are there.
    pub(super) fn place(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        let inner = Arc::make_mut(&mut self.0);
        inner.worked_out = OnceLock::new();
        &mut inner.value
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(Inner { value, worked_out: OnceLock::new() }))
    }
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Self {
        Self::from(T::default())
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.is(other) || **self == **other
    }
}

impl<T: Eq> Eq for Shared<T> {}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(to)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::deserialize(from).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_changes_a_shared_value_changes_only_its_own() {
        let one = Shared::from(vec![1]);
        let mut other = one.clone();
        assert!(one.is(&other));
        other.push(2);
        assert_eq!((one.as_slice(), other.as_slice()), (&[1][..], &[1, 2][..]));
        assert!(!one.is(&other) && one == vec![1].into());
    }

    #[test]
    fn what_was_worked_out_is_kept_until_the_value_changes() {
        let count = |v: &Vec<u8>| v.len();
        let mut one = Shared::from(vec![1]);
        let other = one.clone();
        assert!(Arc::ptr_eq(&one.once(count), &other.once(count)));
        drop(other);
        one.push(2);
        assert_eq!(*one.once(count), 2);
        // Of another kind it is worked out each time.
        assert_eq!(*one.once(|v| v.first().copied()), Some(1));
    }
}
