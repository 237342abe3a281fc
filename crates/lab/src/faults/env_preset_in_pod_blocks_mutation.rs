//! `env-preset-in-pod-blocks-mutation`: everything that the webhook sets is set by hand, so it mounts nothing.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World, names::REGION};

pub(super) static FAULT: Fault = Fault {
    name: "env-preset-in-pod-blocks-mutation",
    summary: "role, token file, region and endpoint are preset by hand, so the webhook mounts nothing",
    source: "https://github.com/aws/amazon-eks-pod-identity-webhook/issues/82",
    target: Target::Workload(LEDGER),
    symptom: "token",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.workload(on.id, |ledger| {
        ledger.set("AWS_ROLE_ARN", &on.role_arn());
        ledger.set("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token");
        // With these two besides, the webhook takes the container for complete (`addEnvToContainer`).
        ledger.set("AWS_REGION", REGION);
        ledger.set("AWS_STS_REGIONAL_ENDPOINTS", "regional");
    });
}
