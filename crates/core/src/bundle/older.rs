//! Bundles of formats 1 and 2, in which every identity stood whole.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::evidence::Evidence;

/// The evidence of an older bundle.
pub(super) fn evidence(bytes: &[u8]) -> serde_json::Result<Vec<Evidence>> {
    let read: Bundle = serde_json::from_slice(bytes)?;
    Ok(read.evidence.into_iter().map(|Whole(evidence)| evidence).collect())
}

#[derive(Deserialize)]
struct Bundle {
    evidence: Vec<Whole>,
}

/// One identity with all that is known of it.
struct Whole(Evidence);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut members = Map::deserialize(from)?;
        addons_of_the_cluster(&mut members);
        serde_json::from_value(Value::Object(members)).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Add-ons stood in the cluster, and at last beside it as well.
fn addons_of_the_cluster(members: &mut Map<String, Value>) {
    let Some(cluster) = members.get("cluster") else { return };
    let (Some(addons), Some(source)) = (cluster.pointer("/value/addons"), cluster.get("source")) else { return };
    let known = members.get("addons").is_some_and(|a| a.get("state").and_then(Value::as_str) == Some("known"));
    // An empty list was written where they could not be read, too.
    if known || addons.as_array().is_none_or(Vec::is_empty) {
        return;
    }
    let mut fact = Map::new();
    fact.insert("state".to_owned(), Value::from("known"));
    fact.insert("value".to_owned(), addons.clone());
    fact.insert("source".to_owned(), source.clone());
    members.insert("addons".to_owned(), Value::Object(fact));
}
