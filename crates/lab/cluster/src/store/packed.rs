//! How an object is held: at hand, or packed where it is at rest, for there may be very many of those.

use std::sync::Arc;

use serde_json::{Value, value::RawValue};
use trustwalk_lab_keep::Snapshot;

use super::resting::Resting;
use crate::objects::{errors::ApiError, json as j, pod, size::weigh};

/// The annotation of pods that are there and run nothing. It is the lab's own.
pub const AT_REST: &str = "lab.trustwalk.example/at-rest";
const POINTER: &str = "/metadata/annotations/lab.trustwalk.example~1at-rest";

/// Whether nothing runs a pod, and it stays as it is.
pub fn is_at_rest(object: &Value) -> bool {
    j::text(object, POINTER) == "true"
}

/// An object as it is held. A clone shares it.
#[derive(Debug, Clone)]
pub(super) enum Held {
    AtHand(Arc<Value>),
    Packed(Arc<Packed>),
}

/// A pod at rest, with what is looked for first.
#[derive(Debug)]
pub(super) struct Packed {
    whole: Whole,
    /// What it takes as JSON, about.
    bytes: usize,
    uid: Arc<str>,
    /// UID of its controller.
    owner: Arc<str>,
    /// Its other owners'.
    others: Vec<String>,
    node: Arc<str>,
    active: bool,
    ready: bool,
    runs: bool,
}

/// What a packed pod is made of when it is asked for.
#[derive(Debug)]
enum Whole {
    /// JSON, which takes a fifth of it.
    Text(Box<RawValue>),
    /// What it shares with very many, and what is its own.
    One { of: Arc<Resting>, name: String, node: usize, version: u64 },
}

impl Packed {
    fn of(pod: &Value, bytes: usize) -> Option<Self> {
        let owner: Arc<str> = pod::owner_uid(pod).into();
        let owners = j::items(pod, "/metadata/ownerReferences").iter().map(|owner| j::text(owner, "/uid"));
        Some(Self {
            whole: Whole::Text(serde_json::value::to_raw_value(pod).ok()?),
            bytes,
            uid: j::uid(pod).into(),
            others: owners.filter(|other| **other != *owner).map(str::to_owned).collect(),
            owner,
            node: j::text(pod, "/spec/nodeName").into(),
            active: pod::is_active(pod),
            ready: pod::is_ready(pod),
            runs: j::text(pod, "/status/phase") == "Running",
        })
    }

    fn get(&self) -> Value {
        match &self.whole {
            // What was packed here was JSON, and is.
            Whole::Text(text) => serde_json::from_str(text.get()).unwrap_or_default(),
            Whole::One { of, name, node, version } => of.pod(name, &self.uid, *node, *version),
        }
    }

    /// Others like this one, which was made of what they share.
    pub(super) fn like(
        &self,
        of: &Arc<Resting>,
        (name, uid): (String, String),
        (node, named): (usize, Arc<str>),
        version: u64,
    ) -> Self {
        Self {
            whole: Whole::One { of: Arc::clone(of), name, node, version },
            bytes: self.bytes,
            uid: uid.into(),
            owner: Arc::clone(&self.owner),
            others: self.others.clone(),
            node: named,
            ..*self
        }
    }
}

impl Held {
    /// Holds an object that takes so many bytes.
    pub(super) fn of(object: Arc<Value>, bytes: usize) -> Self {
        if is_at_rest(&object)
            && let Some(packed) = Packed::of(&object, bytes)
        {
            return Self::Packed(Arc::new(packed));
        }
        Self::AtHand(object)
    }

    /// The object.
    pub(super) fn get(&self) -> Arc<Value> {
        match self {
            Self::AtHand(object) => Arc::clone(object),
            Self::Packed(packed) => Arc::new(packed.get()),
        }
    }

    /// What it was counted with.
    pub(super) fn bytes(&self) -> Result<usize, ApiError> {
        match self {
            Self::AtHand(object) => weigh(object),
            Self::Packed(packed) => Ok(packed.bytes),
        }
    }

    /// Whether an object of this uid is among its owners.
    pub(super) fn is_owned_by(&self, uid: &str) -> bool {
        match self {
            Self::AtHand(object) => pod::is_owned_by(object, uid),
            Self::Packed(packed) => *packed.owner == *uid || packed.others.iter().any(|other| other == uid),
        }
    }

    /// Tells it to a snapshot.
    pub(super) fn tell(&self, snapshot: &mut Snapshot, table: &str, key: &str) {
        if let Self::Packed(packed) = self
            && let Whole::Text(text) = &packed.whole
        {
            let text: &RawValue = text;
            snapshot.put(table, key, &text);
        } else {
            snapshot.put(table, key, self.get().as_ref());
        }
    }
}

/// An object as the store holds it: what is looked for first is at hand, however many there are.
#[derive(Debug, Clone)]
pub struct Seen(pub(super) Held);

impl From<Arc<Value>> for Seen {
    fn from(object: Arc<Value>) -> Self {
        Self(Held::AtHand(object))
    }
}

impl Seen {
    /// The object.
    pub fn whole(&self) -> Arc<Value> {
        self.0.get()
    }

    /// Its uid.
    pub fn uid(&self) -> &str {
        match &self.0 {
            Held::AtHand(object) => j::uid(object),
            Held::Packed(packed) => &packed.uid,
        }
    }

    /// UID of its controller, or empty.
    pub(crate) fn owner(&self) -> &str {
        match &self.0 {
            Held::AtHand(object) => pod::owner_uid(object),
            Held::Packed(packed) => &packed.owner,
        }
    }

    /// The node that a pod is bound to, or empty.
    pub(crate) fn node(&self) -> &str {
        match &self.0 {
            Held::AtHand(object) => j::text(object, "/spec/nodeName"),
            Held::Packed(packed) => &packed.node,
        }
    }

    /// Whether a pod has not come to its end.
    pub(crate) fn is_active(&self) -> bool {
        match &self.0 {
            Held::AtHand(object) => pod::is_active(object),
            Held::Packed(packed) => packed.active,
        }
    }

    /// Whether a pod is ready.
    pub(crate) fn is_ready(&self) -> bool {
        match &self.0 {
            Held::AtHand(object) => pod::is_ready(object),
            Held::Packed(packed) => packed.ready,
        }
    }

    /// Whether it is a pod at rest that is up: a kubelet has nothing to do for it.
    pub fn is_up_at_rest(&self) -> bool {
        matches!(&self.0, Held::Packed(packed) if packed.active && packed.runs && !packed.node.is_empty())
    }
}
