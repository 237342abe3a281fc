//! The managed policies of AWS that every account has.

use std::collections::BTreeMap;

/// ARN of the CNI's managed policy.
const CNI: &str = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy";
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
