//! A refused action: which policy AWS says decided, and which one an add-on is known to need.

use crate::evidence::Workload;

/// What the add-ons everybody runs are known to need: namespace, kind and name of the workload, AWS's own policy for
/// it, and the actions that policy allows (AWS Managed Policy Reference, `AmazonEKS_CNI_Policy`). A log may ask for
/// anything; nothing else is attached.
const NEEDS: [(&str, &str, &str, &str, &[&str]); 1] = [(
    "kube-system",
    "DaemonSet",
    "aws-node",
    "AmazonEKS_CNI_Policy",
    &[
        "ec2:AssignPrivateIpAddresses",
        "ec2:AttachNetworkInterface",
        "ec2:CreateNetworkInterface",
        "ec2:CreateTags",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeInstances",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DescribeTags",
        "ec2:DetachNetworkInterface",
        "ec2:ModifyNetworkInterfaceAttribute",
        "ec2:UnassignPrivateIpAddresses",
    ],
)];

/// AWS's policy for a workload that is known to need this action.
pub(super) fn known_need(w: &Workload, action: &str) -> Option<&'static str> {
    let fits = |(namespace, kind, name, _, actions): &&(&str, &str, &str, &str, &[&str])| {
        w.namespace == *namespace && w.kind == *kind && w.name == *name && actions.contains(&action)
    };
    NEEDS.iter().find(fits).map(|(_, _, _, policy, _)| *policy)
}

/// Which policy AWS says decided, where that is none that can be attached to the role, and whether it is the
/// organisation's (IAM User Guide, "Troubleshoot access denied error messages").
pub(super) fn decided_by(sample: &str) -> Option<(&'static str, bool)> {
    let table = [
        ("service control polic", "a service control policy of the organisation", true),
        ("resource control polic", "a resource control policy of the organisation", true),
        ("permissions boundary", "its permissions boundary", false),
        ("session polic", "the policy its session was asked for with", false),
        ("VPC endpoint polic", "the policy of a VPC endpoint", false),
        ("explicit deny in a resource-based policy", "the resource's own policy", false),
        ("explicit deny in an identity-based policy", "a Deny in one of its own policies", false),
    ];
    table.iter().find(|(words, ..)| sample.contains(words)).map(|(_, policy, organisation)| (*policy, *organisation))
}
