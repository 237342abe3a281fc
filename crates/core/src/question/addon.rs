//! What the add-ons everybody runs are known to need.

use crate::evidence::Workload;

/// An add-on, and what its own documentation says that it needs.
#[derive(Debug)]
pub(super) struct AddOn {
    /// Namespace, kind and name of its workload, where these are the same everywhere.
    place: Option<(&'static str, &'static str, &'static str)>,
    /// The end of its image's repository.
    image: &'static str,
    /// The only kind of workload of that image that calls AWS.
    kind: &'static str,
    /// AWS's own policy for it, and what that allows without a condition.
    policy: Option<(&'static str, &'static [&'static str])>,
    /// What it calls whatever it is told to do, and what its documentation grants without a condition.
    pub(super) always: &'static [&'static str],
    /// Where that is written.
    pub(super) source: &'static str,
}

/// The add-ons. Actions that a documented policy grants under a condition only, and those that only some ways of use
/// need, are left out of `always`: that a role lacks one would prove nothing.
static ADD_ONS: [AddOn; 7] = [
    // AWS Managed Policy Reference, AmazonEKS_CNI_Policy; `always` is what it has in common with the policy for IPv6
    // (EKS User Guide, "Create IAM policy for clusters that use the IPv6 family").
    AddOn {
        place: Some(("kube-system", "DaemonSet", "aws-node")),
        image: "amazon-k8s-cni",
        kind: "DaemonSet",
        policy: Some((
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
        )),
        always: &["ec2:DescribeInstances", "ec2:DescribeInstanceTypes", "ec2:DescribeNetworkInterfaces"],
        source: "AWS Managed Policy Reference, AmazonEKS_CNI_Policy",
    },
    // kubernetes-sigs/aws-ebs-csi-driver, docs/example-iam-policy.json. The controller alone calls EC2. What AWS's
    // policy allows only under conditions, or only on some resources, is left out (AWS Managed Policy Reference,
    // AmazonEBSCSIDriverPolicy, version 15 of 13 May 2026).
    AddOn {
        place: Some(("kube-system", "Deployment", "ebs-csi-controller")),
        image: "aws-ebs-csi-driver",
        kind: "Deployment",
        policy: Some((
            "service-role/AmazonEBSCSIDriverPolicy",
            &[
                "ec2:DescribeAvailabilityZones",
                "ec2:DescribeInstances",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeSnapshots",
                "ec2:DescribeTags",
                "ec2:DescribeVolumes",
                "ec2:DescribeVolumesModifications",
                "ec2:DescribeVolumeStatus",
            ],
        )),
        always: &["ec2:DescribeAvailabilityZones", "ec2:DescribeInstances", "ec2:DescribeVolumes"],
        source: "aws-ebs-csi-driver, docs/example-iam-policy.json",
    },
    // AWS Managed Policy Reference, AmazonEFSCSIDriverPolicy, version 1; what it allows only under conditions is left
    // out. With volumes that somebody made beforehand the controller calls nothing.
    AddOn {
        place: Some(("kube-system", "Deployment", "efs-csi-controller")),
        image: "aws-efs-csi-driver",
        kind: "Deployment",
        policy: Some((
            "service-role/AmazonEFSCSIDriverPolicy",
            &[
                "ec2:DescribeAvailabilityZones",
                "elasticfilesystem:DescribeAccessPoints",
                "elasticfilesystem:DescribeFileSystems",
                "elasticfilesystem:DescribeMountTargets",
            ],
        )),
        always: &[],
        source: "AWS Managed Policy Reference, AmazonEFSCSIDriverPolicy",
    },
    // kubernetes/autoscaler, cluster-autoscaler/cloudprovider/aws/README.md, "IAM Policy".
    AddOn {
        place: Some(("kube-system", "Deployment", "cluster-autoscaler")),
        image: "cluster-autoscaler",
        kind: "Deployment",
        policy: None,
        always: &[
            "autoscaling:DescribeAutoScalingGroups",
            "autoscaling:SetDesiredCapacity",
            "autoscaling:TerminateInstanceInAutoScalingGroup",
        ],
        source: "cluster-autoscaler, cloudprovider/aws/README.md, \"IAM Policy\"",
    },
    // kubernetes-sigs/external-dns, docs/tutorials/aws.md, "IAM Policy".
    AddOn {
        place: None,
        image: "external-dns",
        kind: "Deployment",
        policy: None,
        always: &["route53:ListHostedZones", "route53:ListResourceRecordSets", "route53:ChangeResourceRecordSets"],
        source: "external-dns, docs/tutorials/aws.md, \"IAM Policy\"",
    },
    // kubernetes-sigs/aws-load-balancer-controller, docs/install/iam_policy.json.
    AddOn {
        place: Some(("kube-system", "Deployment", "aws-load-balancer-controller")),
        image: "aws-load-balancer-controller",
        kind: "Deployment",
        policy: None,
        always: &[
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeTargetGroups",
        ],
        source: "aws-load-balancer-controller, docs/install/iam_policy.json",
    },
    // Karpenter, "CloudFormation reference", AllowRegionalReadActions.
    AddOn {
        place: None,
        image: "karpenter/controller",
        kind: "Deployment",
        policy: None,
        always: &[
            "ec2:DescribeInstances",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
        ],
        source: "Karpenter, \"CloudFormation reference\"",
    },
];

/// The add-on that a workload is: by its own place, or by the image that it runs.
pub(super) fn add_on(w: &Workload) -> Option<&'static AddOn> {
    let runs = |end: &str| w.template.containers.iter().any(|c| !c.init && is_image(&c.image, end));
    ADD_ONS.iter().find(|a| {
        a.place == Some((w.namespace.as_str(), w.kind.as_str(), w.name.as_str())) || (w.kind == a.kind && runs(a.image))
    })
}

/// AWS's policy for an add-on, where it allows this action. Only the add-on at its own place counts: anybody can run
/// its image, and a policy is attached by this.
pub(super) fn policy_for(w: &Workload, action: &str) -> Option<&'static str> {
    let here = Some((w.namespace.as_str(), w.kind.as_str(), w.name.as_str()));
    let (policy, actions) = ADD_ONS.iter().find(|a| a.place == here)?.policy?;
    actions.contains(&action).then_some(policy)
}

/// Whether AWS's own policy of this ARN is known to allow this action without a condition.
pub(crate) fn known_to_allow(arn: &str, action: &str) -> bool {
    let Some((_, name)) = arn.split_once(":iam::aws:policy/") else { return false };
    let mut policies = ADD_ONS.iter().filter_map(|a| a.policy);
    policies.any(|(policy, actions)| policy == name && actions.contains(&action))
}

/// Whether an image's reference is one of the repository that ends so.
fn is_image(reference: &str, end: &str) -> bool {
    let named = reference.split_once('@').map_or(reference, |(name, _)| name);
    // A colon before the last slash belongs to the registry's port.
    let repository = match named.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => named,
    };
    repository.strip_suffix(end).is_some_and(|head| head.is_empty() || head.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::is_image;

    #[test]
    fn an_image_is_told_by_the_end_of_its_repository() {
        for (reference, end, same) in [
            ("registry.k8s.io/external-dns/external-dns:v0.14", "external-dns", true),
            ("localhost:5000/external-dns", "external-dns", true),
            ("my-external-dns:1", "external-dns", false),
            ("public.ecr.aws/karpenter/controller:1.0@sha256:00", "karpenter/controller", true),
            ("example.com/other/controller:1", "karpenter/controller", false),
        ] {
            assert_eq!(is_image(reference, end), same, "{reference}");
        }
    }
}
