//! The managed policies of AWS that every account has.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::callers::lasting_id;
use crate::state::{Managed, PolicyVersion};

/// Name of the CNI's managed policy.
const CNI: &str = "AmazonEKS_CNI_Policy";
/// Its default version, v5 (AWS managed policy reference).
const CNI_V5: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"AmazonEKSCNIPolicy","Effect":"Allow","#,
    r#""Action":["ec2:AssignPrivateIpAddresses","ec2:AttachNetworkInterface","#,
    r#""ec2:CreateNetworkInterface","ec2:DeleteNetworkInterface","ec2:DescribeInstances","#,
    r#""ec2:DescribeTags","ec2:DescribeNetworkInterfaces","ec2:DescribeInstanceTypes","#,
    r#""ec2:DescribeSubnets","ec2:DetachNetworkInterface","ec2:ModifyNetworkInterfaceAttribute","#,
    r#""ec2:UnassignPrivateIpAddresses"],"Resource":"*"},{"Sid":"AmazonEKSCNIPolicyENITag","#,
    r#""Effect":"Allow","Action":["ec2:CreateTags"],"#,
    r#""Resource":["arn:aws:ec2:*:*:network-interface/*"]}]}"#
);

/// Others, with what they allow: some in full, most abridged to what tools about identity come across.
const OTHERS: [(&str, &str); 16] = [
    ("AmazonS3ReadOnlyAccess", r#"["s3:Get*","s3:List*"]"#),
    ("AmazonRoute53FullAccess", r#"["route53:*"]"#),
    (
        "AmazonEKSWorkerNodePolicy",
        r#"["ec2:DescribeInstances","eks:DescribeCluster","eks-auth:AssumeRoleForPodIdentity"]"#,
    ),
    ("AmazonEKSWorkerNodeMinimalPolicy", r#"["eks-auth:AssumeRoleForPodIdentity"]"#),
    ("AmazonEKSClusterPolicy", r#"["ec2:Describe*","elasticloadbalancing:*","autoscaling:Describe*"]"#),
    ("AmazonEKSVPCResourceController", r#"["ec2:CreateNetworkInterface","ec2:DeleteNetworkInterface"]"#),
    ("AmazonEKSServicePolicy", r#"["ec2:Describe*","ec2:CreateNetworkInterface"]"#),
    ("AmazonEKSComputePolicy", r#"["ec2:RunInstances","ec2:CreateFleet"]"#),
    ("AmazonEKSBlockStoragePolicy", r#"["ec2:CreateVolume","ec2:AttachVolume"]"#),
    ("AmazonEKSLoadBalancingPolicy", r#"["elasticloadbalancing:*"]"#),
    ("AmazonEKSNetworkingPolicy", r#"["ec2:CreateNetworkInterface"]"#),
    ("AmazonEC2ContainerRegistryReadOnly", r#"["ecr:Get*","ecr:BatchGetImage","ecr:BatchCheckLayerAvailability"]"#),
    ("AmazonEC2ContainerRegistryPullOnly", r#"["ecr:GetAuthorizationToken","ecr:BatchGetImage"]"#),
    ("AmazonSSMManagedInstanceCore", r#"["ssm:UpdateInstanceInformation","ssmmessages:*"]"#),
    ("AdministratorAccess", r#""*""#),
    (
        "ReadOnlyAccess",
        r#"["iam:Get*","iam:List*","eks:Describe*","eks:List*","ec2:Describe*","cloudtrail:LookupEvents"]"#,
    ),
];
/// Those under a path.
const ON_PATHS: [(&str, &str); 2] = [
    ("service-role/AmazonEBSCSIDriverPolicy", r#"["ec2:CreateSnapshot","ec2:AttachVolume","ec2:DescribeVolumes"]"#),
    ("service-role/AmazonEFSCSIDriverPolicy", r#"["elasticfilesystem:DescribeAccessPoints"]"#),
];
/// When they were made: long before the lab.
const MADE: i64 = 1_430_000_000;

/// Them by ARN.
pub(crate) fn managed(partition: &str) -> BTreeMap<String, Managed> {
    let allow = |actions: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"*"}}]}}"#)
    };
    let made = Timestamp::from_second(MADE).unwrap_or_default();
    let policy = |name: &str, version: &str, document: &str| {
        let arn = format!("arn:{partition}:iam::aws:policy/{name}");
        let policy = Managed::new(&arn, version, document, made);
        (arn, policy)
    };
    let others = OTHERS.iter().chain(&ON_PATHS).map(|(name, actions)| policy(name, "v1", &allow(actions)));
    others.chain([policy(CNI, "v5", CNI_V5)]).collect()
}

impl Managed {
    /// A policy with one version of this id, such as `v1`.
    pub(crate) fn new(arn: &str, version: &str, document: &str, created: Timestamp) -> Self {
        let number = version.trim_start_matches('v').parse().unwrap_or(1);
        let first = PolicyVersion { id: version.to_owned(), document: document.to_owned(), created };
        Self {
            id: lasting_id("ANPA", arn),
            versions: vec![first],
            default: version.to_owned(),
            next: number + 1,
            description: None,
            tags: BTreeMap::new(),
            created,
            updated: created,
        }
    }
}
