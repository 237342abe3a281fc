//! The managed policies of AWS that every account has.

use std::collections::BTreeMap;

/// ARN of the CNI's managed policy.
const CNI: &str = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy";
/// Its default version, v5 (AWS managed policy reference).
const CNI_V5: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"AmazonEKSCNIPolicy","Effect":"Allow","Action":["ec2:AssignPrivateIpAddresses","ec2:AttachNetworkInterface","ec2:CreateNetworkInterface","ec2:DeleteNetworkInterface","ec2:DescribeInstances","ec2:DescribeTags","ec2:DescribeNetworkInterfaces","ec2:DescribeInstanceTypes","ec2:DescribeSubnets","ec2:DetachNetworkInterface","ec2:ModifyNetworkInterfaceAttribute","ec2:UnassignPrivateIpAddresses"],"Resource":"*"},{"Sid":"AmazonEKSCNIPolicyENITag","Effect":"Allow","Action":["ec2:CreateTags"],"Resource":["arn:aws:ec2:*:*:network-interface/*"]}]}"#;

/// Them by ARN.
pub(crate) fn managed() -> BTreeMap<String, String> {
    let allow = |actions: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"*"}}]}}"#)
    };
    let plain = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
    BTreeMap::from([
        (CNI.to_owned(), CNI_V5.to_owned()),
        (plain("AmazonS3ReadOnlyAccess"), allow(r#"["s3:Get*","s3:List*"]"#)),
        (plain("AmazonRoute53FullAccess"), allow(r#"["route53:*"]"#)),
        (
            plain("AmazonEKSWorkerNodePolicy"),
            allow(r#"["ec2:DescribeInstances","eks:DescribeCluster","eks-auth:AssumeRoleForPodIdentity"]"#),
        ),
        (plain("AdministratorAccess"), allow(r#""*""#)),
        (
            plain("ReadOnlyAccess"),
            allow(r#"["iam:Get*","iam:List*","eks:Describe*","eks:List*","ec2:Describe*","cloudtrail:LookupEvents"]"#),
        ),
    ])
}
