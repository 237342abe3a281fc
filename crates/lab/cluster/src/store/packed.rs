//! How an object is held: at hand, or packed where it is at rest, for there may be very many of those.

use std::sync::Arc;

use serde_json::{Value, value::RawValue};
use trustwalk_lab_keep::Snapshot;

use crate::objects::json as j;

/// The annotation of pods that are there and run nothing. It is the lab's own.
pub const AT_REST: &str = "lab.trustwalk.example/at-rest";
const POINTER: &str = "/metadata/annotations/lab.trustwalk.example~1at-rest";

/// Whether nothing runs a pod, and it stays as it is.
pub fn is_at_rest(object: &Value) -> bool {
    j::text(object, POINTER) == "true"
}

/// An object as it is held. A clone shares it.
#[derive(Clone)]
pub(super) enum Held {
    AtHand(Arc<Value>),
    /// As JSON, which takes a fifth of it.
    Packed(Arc<RawValue>),
}

impl Held {
    /// Holds an object.
    pub(super) fn of(object: Arc<Value>) -> Self {
        if is_at_rest(&object)
            && let Ok(packed) = serde_json::value::to_raw_value(object.as_ref())
        {
            return Self::Packed(packed.into());
        }
        Self::AtHand(object)
    }

    /// The object.
    pub(super) fn get(&self) -> Arc<Value> {
        match self {
            Self::AtHand(object) => Arc::clone(object),
            // What was packed here was JSON, and is.
            Self::Packed(packed) => Arc::new(serde_json::from_str(packed.get()).unwrap_or_default()),
        }
    }

    /// Tells it to a snapshot.
    pub(super) fn tell(&self, snapshot: &mut Snapshot, table: &str, key: &str) {
        match self {
            Self::AtHand(object) => snapshot.put(table, key, object.as_ref()),
            Self::Packed(packed) => {
                let text: &RawValue = packed;
                snapshot.put(table, key, &text);
            }
        }
    }
}
