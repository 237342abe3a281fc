//! `thumbprint-mismatch`: the issuer stands behind new authorities; the provider lists the old top certificate.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{AWS_NODE, Generation, World};

pub(super) static FAULT: Fault = Fault {
    name: "thumbprint-mismatch",
    summary: "the issuer stands behind new authorities; the provider lists the old top certificate",
    source: "https://gitlab.com/gitlab-com/gl-infra/production/-/issues/17287",
    target: Target::Workload(AWS_NODE),
    symptom: "HTTPS certificate doesn't match configured thumbprint",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.issuer.generation = Generation::New;
}
