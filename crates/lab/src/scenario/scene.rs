//! What a scenario has brought to a running lab.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Map, Value, json};
use trustwalk_lab_aws::{Account, Credentials};
use trustwalk_lab_issuer::Issuer;

use super::ChainForm;
use crate::{
    LabError, faults, pods,
    site::{Hit, Site},
    world::WorkloadId,
};

/// An account with who has keys of it.
pub(crate) struct Member {
    pub(crate) alias: String,
    pub(crate) account: Account,
    pub(crate) users: Vec<(String, Credentials)>,
}

/// An issuer, and what its tokens say.
pub(crate) struct Signer {
    pub(crate) issuer: Issuer,
    pub(crate) audience: String,
    pub(crate) claims: Map<String, Value>,
}

/// What a scenario has brought.
pub(crate) struct Scene {
    pub(crate) members: Vec<Member>,
    pub(crate) signers: BTreeMap<String, Signer>,
    pub(crate) chains: BTreeMap<String, ChainForm>,
    pub(crate) sites: Vec<Site>,
    /// Names of clusters, those without an API server among them.
    pub(crate) clusters: Vec<String>,
}

impl Scene {
    /// Cluster and workload of `CLUSTER/NAMESPACE/NAME`.
    async fn target(&self, on: &str) -> Result<(&Site, WorkloadId), LabError> {
        let mut there = String::new();
        for site in &self.sites {
            let world = site.world.lock().await;
            for id in world.base.workloads.keys() {
                let name = format!("{}/{}/{}", site.place.cluster, id.namespace, id.name);
                if name == on {
                    return Ok((site, *id));
                }
                // Writing to a string cannot fail.
                let _ = write!(there, "{}`{name}`", if there.is_empty() { "" } else { ", " });
            }
        }
        Err(LabError::NotInScenario { what: "workload", name: on.to_owned(), there })
    }

    /// Injects a fault into a workload of the scenario's.
    pub(crate) async fn hit(&self, name: &str, on: &str) -> Result<WorkloadId, LabError> {
        let fault = faults::find(name).ok_or_else(|| LabError::NoSuchFault(name.to_owned()))?;
        let (site, id) = self.target(on).await?;
        let mut applied = site.world.lock().await;
        let hit = Hit { fault: fault.name, on: Some(id) };
        if !applied.active.insert(hit) {
            return Ok(id);
        }
        if applied.is_settled() {
            applied.active.remove(&hit);
            return Err(LabError::NoEffect { fault: fault.name, on: on.to_owned() });
        }
        site.settle(&mut applied, Some((fault, Some(id)))).await.map(|_| id)
    }

    /// Takes every fault out, or one wherever it is; which were in.
    pub(crate) async fn mend(&self, name: Option<&str>) -> Result<Vec<&'static str>, LabError> {
        let mut mended = Vec::new();
        for site in &self.sites {
            let mut applied = site.world.lock().await;
            let out: Vec<Hit> =
                applied.active.iter().copied().filter(|hit| name.is_none_or(|name| name == hit.fault)).collect();
            if out.is_empty() {
                continue;
            }
            for hit in &out {
                applied.active.remove(hit);
            }
            site.settle(&mut applied, None).await?;
            for hit in out {
                if let Some(id) = hit.on {
                    pods::restart(&site.store, id)?;
                }
                mended.push(hit.fault);
            }
        }
        Ok(mended)
    }

    /// What is there, for people and programs.
    pub(crate) async fn shown(&self) -> Value {
        let mut active = Vec::new();
        for site in &self.sites {
            let hits = site.world.lock().await.active.clone();
            active.extend(hits.into_iter().map(|hit| {
                let on = hit.on.map(|id| format!("{}/{}/{}", site.place.cluster, id.namespace, id.name));
                json!({"fault": hit.fault, "on": on})
            }));
        }
        let accounts: Vec<Value> = self
            .members
            .iter()
            .map(|m| json!({"id": m.account.id(), "alias": m.alias, "region": m.account.region()}))
            .collect();
        let issuers: Map<String, Value> =
            self.signers.iter().map(|(name, signer)| (name.clone(), json!(signer.issuer.url()))).collect();
        json!({"accounts": accounts, "clusters": self.clusters, "issuers": issuers, "faults": active})
    }
}
