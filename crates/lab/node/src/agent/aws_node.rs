//! The VPC CNI's node agent: ipamd needs to list the instance's network interfaces
//! before it is of use (amazon-vpc-cni-k8s, `cmd/aws-k8s-agent`, `pkg/awsutils`).

use serde_json::json;

use super::{app, context::Context, exchange::Session, failure::Failure, sdk::Sdk, wording};

const DESCRIBE: wording::Call<'static> = wording::Call { service: "ec2", operation: "DescribeNetworkInterfaces" };
const MISSING_PERMISSIONS: &str = "Unauthorized operation: failed to call ec2:DescribeNetworkInterfaces due to \
    missing permissions. Please refer https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/iam-policy.md to \
    attach relevant policy to IAM role";

/// Appends a line to the node's ipamd.log, in its JSON form.
fn log(context: &Context, level: &str, caller: &str, message: &str) {
    let now = context.settings.now();
    let stamp = now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let line = json!({"level": level, "ts": stamp, "caller": caller, "msg": message});
    context.node_logs.ipamd(&context.node).line(&line.to_string(), now);
}

/// Appends a line to the container's log, in logrus' text form.
fn say(context: &Context, level: &str, rest: &str) {
    let stamp = context.settings.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    context.say(&format!("time=\"{stamp}\" level={level} {rest}"));
}

/// Two interface ids of this node, made from its name: stable, without randomness.
fn interfaces(node: &str) -> [String; 2] {
    [1_u64, 2].map(|salt| {
        let hash = node.bytes().fold(0xcbf2_9ce4_8422_2325_u64 ^ salt, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("eni-0{hash:016x}")
    })
}

async fn describe(context: &Context, session: &mut Session<'_>) -> Result<(), Failure> {
    app::call(context, session, DESCRIBE).await.map(drop)
}

/// Writes down a failed call, and says so in an Event when EC2 itself refused.
fn report(context: &Context, sdk: Sdk, failure: &Failure) {
    let [first, second] = interfaces(&context.node);
    let text = wording::text(sdk, DESCRIBE, failure);
    let message = format!("Failed to call ec2:DescribeNetworkInterfaces for [{first} {second}]: {text}");
    log(context, "error", "ipamd/ipamd.go:463", &message);
    if let Failure::Call(refused) = failure
        && refused.code == "UnauthorizedOperation"
    {
        context.reports.event("Warning", "MissingIAMPermissions", MISSING_PERMISSIONS);
    }
}

/// Runs ipamd behind its entry point; returns the exit code.
pub(super) async fn run(context: &Context, sdk: Sdk) -> i32 {
    say(context, "info", "msg=\"Starting IPAM daemon... \"");
    say(context, "info", "msg=\"Checking for IPAM connectivity... \"");
    log(context, "info", "aws-k8s-agent/main.go:28", "Starting L-IPAMD   ...");
    log(context, "info", "logger/logger.go:47", "Testing communication with server");
    let mut session = Session::new(context, sdk);
    let own = context.settings.begin();
    if let Err(failure) = describe(context, &mut session).await {
        report(context, sdk, &failure);
        log(
            context,
            "error",
            "aws-k8s-agent/main.go:30",
            "Initialization failure: ipamd init: failed to retrieve attached ENIs info",
        );
        say(context, "error", "msg=\"Failed to wait for IPAM daemon to complete\" error=\"exit status 1\"");
        return 1;
    }
    log(context, "info", "ipamd/rpc_handler.go:331", "Serving RPC Handler on 127.0.0.1:50051");
    say(context, "info", "msg=\"Copying config file... \"");
    say(context, "info", "msg=\"Successfully copied CNI plugin binary and config file.\"");
    context.reports.ready(true);
    // From here on ipamd stays up and ready: it only logs what fails.
    loop {
        own.pause().await;
        match describe(context, &mut session).await {
            Ok(()) => log(context, "debug", "ipamd/ipamd.go:702", "Reconciling ENI/IP pool info"),
            Err(failure) => report(context, sdk, &failure),
        }
    }
}
