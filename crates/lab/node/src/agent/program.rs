//! Which program a container runs, by its name and image.

use std::future::pending;

use super::{app, aws_node, context::Context, sdk::Sdk, sdk::image_name};

/// Container of the VPC CNI's daemon set that runs ipamd.
pub(crate) const AWS_NODE_CONTAINER: &str = "aws-node";
/// Image name of the VPC CNI.
const CNI_IMAGE: &str = "amazon-k8s-cni";

/// Whether a container's program is one of the lab's that calls AWS by itself.
pub(crate) fn acts(container: &str, image: &str) -> bool {
    container == AWS_NODE_CONTAINER || image_name(image) == CNI_IMAGE || Sdk::of_app(image).is_some()
}

/// Runs the container's program until it exits; returns the exit code.
pub(crate) async fn run(container: &str, context: &Context) -> i32 {
    if container == AWS_NODE_CONTAINER || image_name(&context.image) == CNI_IMAGE {
        return aws_node::run(context, Sdk::of_cni(&context.image)).await;
    }
    if let Some(sdk) = Sdk::of_app(&context.image) {
        return app::run(context, sdk).await;
    }
    // Anything else is some server that needs nothing of AWS.
    context.reports.ready(true);
    pending().await
}
