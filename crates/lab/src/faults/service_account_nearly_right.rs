//! `workload-runs-as-another-service-account`: the workload runs as a bare service account whose name is nearly the
//! annotated one's.

use super::fault::{Fault, Start, Target};
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

fn edit(world: &mut World) {
    world.annotations.insert(("payments".to_owned(), "ledgers".to_owned()), BTreeMap::new());
    world.workload(LEDGER, |ledger| "ledgers".clone_into(&mut ledger.service_account));
}
