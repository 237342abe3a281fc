//! `workload-runs-as-another-service-account`: the workload runs as a bare service account whose name is nearly the
//! annotated one's.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};
use std::collections::BTreeMap;

pub(super) static FAULT: Fault = Fault {
    name: "workload-runs-as-another-service-account",
    summary: "the workload runs as a bare service account whose name is nearly the annotated one's",
    source: "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    target: Target::Workload(LEDGER),
    symptom: "assumed-role/HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    let nearly = format!("{}s", on.id.name);
    world.annotations.insert((on.id.namespace.to_owned(), nearly.clone()), BTreeMap::new());
    world.workload(on.id, |ledger| ledger.service_account = nearly);
}
