//! The state folder, which one lab holds at a time, and the lab's own part of what is kept there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs::{File, TryLockError},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use trustwalk_lab_cluster::TlsMaterial;
use trustwalk_lab_issuer::pki::KeptHierarchy;
use trustwalk_lab_keep::{Batch, Journal, KeepError, Restored, Snapshot};

use crate::{LabError, Ports, Story, TrustModel, clock::Renewals, files, scenario::KeptScenario, world::Base};

/// The lock of a state folder.
const LOCK: &str = "state.lock";
/// What is there besides the state.
const OTHERS: &[&str] = &[LOCK];
/// The lab's own table.
const TABLE: &str = "lab";
/// The entry of the story's course.
pub(crate) const COURSE: &str = "course";

/// What never changes while a lab is kept.
#[derive(Serialize, Deserialize)]
pub(crate) struct Fixed {
    pub(crate) story: Story,
    pub(crate) trust_model: TrustModel,
    pub(crate) ports: Ports,
    /// The scenario that the lab began with, if it did.
    pub(crate) scenario: Option<KeptScenario>,
    /// The story's cluster.
    pub(crate) site: KeptSite,
    pub(crate) hierarchies: [String; 2],
}

/// What never changes of a cluster. Its keys and its token are secrets.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptSite {
    /// Port of its API server; 0 without one.
    pub(crate) port: u16,
    pub(crate) endpoint: String,
    pub(crate) token: String,
    pub(crate) api: KeptTls,
    pub(crate) webhook: KeptTls,
    pub(crate) foreign_ca: String,
    pub(crate) registered: Vec<String>,
}

/// A serving certificate with its key and authority: base64 of DER, and PEM.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptTls {
    chain: Vec<String>,
    key: String,
    authority: String,
}

/// Where the world stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stand {
    pub(crate) base: Base,
    /// Whether the issuer was switched to the other authorities.
    pub(crate) switched: bool,
    pub(crate) faults: BTreeSet<KeptHit>,
}

impl Stand {
    /// A base without a fault.
    pub(crate) fn at(base: Base) -> Self {
        Self { base, switched: false, faults: BTreeSet::new() }
    }
}

/// A fault on what it hits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct KeptHit {
    pub(crate) fault: String,
    /// Kind, namespace and name of a workload.
    pub(crate) on: Option<[String; 3]>,
}

impl Course {
    /// A world at rest.
    pub(crate) fn at(now: Stand) -> Self {
        Self { now, towards: None }
    }
}

/// Where the world stands and, while it is on its way, where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Course {
    pub(crate) now: Stand,
    pub(crate) towards: Option<Stand>,
}

/// The lab's time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Hours {
    pub(crate) moved: i64,
    pub(crate) renewals: Renewals,
}

/// What was kept of a lab.
pub(crate) struct Before {
    pub(crate) restored: Restored,
    pub(crate) fixed: Fixed,
    pub(crate) course: Course,
    pub(crate) hours: Hours,
    pub(crate) hierarchies: [KeptHierarchy; 2],
}

/// The hold on a state folder, and what goes into it.
pub(crate) struct Kept {
    pub(crate) journal: Arc<Journal>,
    /// The lab's own entries as they are now.
    own: Mutex<BTreeMap<String, Value>>,
    /// Held for as long as the lab is.
    _lock: File,
}

/// Keeps how one cluster's world stands.
pub(crate) struct Keeper {
    kept: Arc<Kept>,
    name: String,
}

impl Keeper {
    /// One that keeps it under a name.
    pub(crate) fn new(kept: &Arc<Kept>, name: String) -> Self {
        Self { kept: Arc::clone(kept), name }
    }

    pub(crate) fn put(&self, course: &Course) {
        self.kept.put(&self.name, course);
    }
}

impl KeptTls {
    pub(crate) fn of(tls: &TlsMaterial) -> Self {
        let chain = tls.chain.iter().map(|certificate| STANDARD.encode(certificate)).collect();
        Self { chain, key: STANDARD.encode(tls.key.secret_der()), authority: tls.ca_pem.clone() }
    }

    pub(crate) fn again(&self) -> Result<TlsMaterial, LabError> {
        let read = |text: &String| STANDARD.decode(text).map_err(|error| damaged(&error.to_string()));
        let chain = self.chain.iter().map(|one| read(one).map(CertificateDer::from)).collect::<Result<_, _>>()?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(read(&self.key)?));
        Ok(TlsMaterial { chain, key, ca_pem: self.authority.clone() })
    }
}

/// That an entry of the lab's own is not what it should be.
pub(crate) fn damaged(why: &str) -> LabError {
    KeepError::Damaged { path: TABLE.to_owned(), why: why.to_owned() }.into()
}

/// Takes a state folder, and reads what was kept there.
pub(crate) fn open(dir: &Path) -> Result<(Kept, Option<Before>), LabError> {
    files::private_dir(dir)?;
    let path = dir.join(LOCK);
    let fresh_lock = !path.exists();
    if fresh_lock && std::fs::read_dir(dir).map_err(LabError::io("look into the state's folder"))?.next().is_some() {
        let path = dir.display().to_string();
        return Err(LabError::NotOwn { path, why: "there is something in it, and it is no lab's state" });
    }
    let (lock, _) = files::open_or_create(&path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(LabError::StateInUse(dir.display().to_string()));
        }
        Err(TryLockError::Error(error)) => return Err(LabError::io(format!("lock `{}`", path.display()))(error)),
    }
    let (journal, mut restored) = Journal::open(dir, OTHERS, &name())?;
    let before = if restored.is_there() { Some(before(&mut restored)?) } else { None };
    let before =
        before.map(|(fixed, course, hours, hierarchies)| Before { restored, fixed, course, hours, hierarchies });
    Ok((Kept { journal: Arc::new(journal), own: Mutex::default(), _lock: lock }, before))
}

/// A name that no other lab has.
fn name() -> String {
    let mut bytes = [0_u8; 16];
    // Without randomness the lab itself does not start.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    bytes.iter().fold(String::new(), |mut name, byte| {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
        name
    })
}

impl Before {
    /// What never changed of a scenario's cluster, and how its world stood.
    pub(crate) fn site(&mut self, cluster: &str) -> Result<(KeptSite, Course), LabError> {
        let site = entry(&mut self.restored, &site_entry(cluster))?;
        Ok((site, entry(&mut self.restored, &course_entry(cluster))?))
    }
}

/// The entry of a scenario's cluster.
pub(crate) fn site_entry(cluster: &str) -> String {
    format!("site/{cluster}")
}

/// The entry of how its world stands.
pub(crate) fn course_entry(cluster: &str) -> String {
    format!("course/{cluster}")
}

fn entry<T: DeserializeOwned>(restored: &mut Restored, name: &str) -> Result<T, LabError> {
    restored.take_one(TABLE, name)?.ok_or_else(|| damaged(&format!("`{name}` is not there")))
}

type Own = (Fixed, Course, Hours, [KeptHierarchy; 2]);

fn before(restored: &mut Restored) -> Result<Own, LabError> {
    let fixed: Fixed = entry(restored, "fixed")?;
    let [old, new] = fixed.hierarchies.clone();
    let hierarchies = [entry(restored, &old)?, entry(restored, &new)?];
    Ok((fixed, entry(restored, COURSE)?, entry(restored, "hours")?, hierarchies))
}

impl Kept {
    /// Keeps an entry of the lab's own.
    pub(crate) fn put(&self, name: &str, value: &impl Serialize) {
        let value = json!(value);
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch = Batch::default();
        batch.put(TABLE, name, &value);
        own.insert(name.to_owned(), value);
        self.journal.keep(batch);
    }

    pub(crate) fn tell(&self, snapshot: &mut Snapshot) {
        for (name, value) in self.own.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            snapshot.put(TABLE, name, value);
        }
    }
}

/// Names of the entries of the two hierarchies.
pub(crate) const HIERARCHIES: [&str; 2] = ["hierarchy-old", "hierarchy-new"];

impl Hours {
    /// Those of a lab that begins.
    pub(crate) fn at(now: Timestamp) -> Self {
        Self { moved: 0, renewals: Renewals::at(now) }
    }
}
