//! `token-file-unreadable-fsgroup`: a non-root container cannot read the projected token, which kubelets before 1.19
//! wrote for root only.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};
use serde_json::json;

pub(super) static FAULT: Fault = Fault {
    name: "token-file-unreadable-fsgroup",
    summary: "a non-root container cannot read the projected token, which kubelets before 1.19 wrote for root only",
    source: "https://github.com/velero-io/velero/issues/3138",
    target: Target::Workload(LEDGER),
    symptom: "Permission denied",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.kubernetes_minor = 18;
    world.workload(on.id, |ledger| ledger.security_context = json!({"runAsUser": 65534, "runAsNonRoot": true}));
}
