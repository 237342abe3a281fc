//! Which versions there are, of Kubernetes and of add-ons (EKS API reference, `DescribeClusterVersions`,
//! `DescribeAddonVersions`, `DescribeAddonConfiguration`). Those of add-ons are a few of many, and whether they suit a
//! version of Kubernetes is not held to what EKS says.

use serde_json::{Value, json};

use super::{Answer, Desk, invalid, missing};

/// Platform version of the lab's clusters.
pub(super) const PLATFORM: &str = "eks.5";
/// The newest version of Kubernetes, which is the default.
pub(super) const NEWEST: &str = "1.36";
/// Minors that are supported.
const MINORS: std::ops::RangeInclusive<u32> = 29..=36;

/// An add-on of EKS's own.
struct Known {
    name: &'static str,
    kind: &'static str,
    /// The newest first.
    versions: [&'static str; 3],
    /// Service account, and the policies that its role wants.
    account: Option<(&'static str, &'static [&'static str])>,
}

const CNI: &[&str] = &["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"];
const EBS: &[&str] = &["arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"];
const EFS: &[&str] = &["arn:aws:iam::aws:policy/service-role/AmazonEFSCSIDriverPolicy"];

const ADDONS: [Known; 9] = [
    Known {
        name: "vpc-cni",
        kind: "networking",
        versions: ["v1.20.4-eksbuild.1", "v1.19.6-eksbuild.1", "v1.11.2-eksbuild.1"],
        account: Some(("aws-node", CNI)),
    },
    Known {
        name: "coredns",
        kind: "networking",
        versions: ["v1.12.4-eksbuild.1", "v1.11.4-eksbuild.2", "v1.11.1-eksbuild.4"],
        account: None,
    },
    Known {
        name: "kube-proxy",
        kind: "networking",
        versions: ["v1.36.0-eksbuild.2", "v1.35.0-eksbuild.2", "v1.34.0-eksbuild.2"],
        account: None,
    },
    Known {
        name: "eks-pod-identity-agent",
        kind: "security",
        versions: ["v1.3.10-eksbuild.2", "v1.3.8-eksbuild.2", "v1.3.4-eksbuild.1"],
        account: None,
    },
    Known {
        name: "aws-ebs-csi-driver",
        kind: "storage",
        versions: ["v1.53.0-eksbuild.1", "v1.48.0-eksbuild.1", "v1.38.1-eksbuild.1"],
        account: Some(("ebs-csi-controller-sa", EBS)),
    },
    Known {
        name: "aws-efs-csi-driver",
        kind: "storage",
        versions: ["v2.1.15-eksbuild.1", "v2.1.11-eksbuild.1", "v2.0.9-eksbuild.1"],
        account: Some(("efs-csi-controller-sa", EFS)),
    },
    Known {
        name: "metrics-server",
        kind: "observability",
        versions: ["v0.8.0-eksbuild.2", "v0.7.2-eksbuild.4", "v0.7.2-eksbuild.1"],
        account: None,
    },
    Known {
        name: "snapshot-controller",
        kind: "storage",
        versions: ["v8.3.0-eksbuild.1", "v8.2.0-eksbuild.1", "v8.1.0-eksbuild.2"],
        account: None,
    },
    Known {
        name: "amazon-cloudwatch-observability",
        kind: "observability",
        versions: ["v4.7.0-eksbuild.1", "v4.3.1-eksbuild.1", "v3.3.0-eksbuild.1"],
        account: Some(("cloudwatch-agent", &["arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"])),
    },
];

fn known(name: &str) -> Option<&'static Known> {
    ADDONS.iter().find(|addon| addon.name == name)
}

/// Whether EKS offers a version of Kubernetes.
pub(super) fn is_supported(version: &str) -> bool {
    let minor = version.strip_prefix("1.").and_then(|minor| minor.parse().ok());
    minor.is_some_and(|minor| MINORS.contains(&minor))
}

/// The version of an add-on that is asked for, or the newest; nothing when there is none such.
pub(super) fn of_addon(name: &str, asked: Option<&str>) -> Option<String> {
    let addon = known(name)?;
    match asked {
        None => addon.versions.first().map(|version| (*version).to_owned()),
        // `latest` and `default` are words of tools, not of EKS.
        Some(asked) => {
            let full = |version: &&&str| **version == asked || version.split('-').next() == Some(asked);
            addon.versions.iter().find(full).map(|version| (*version).to_owned())
        }
    }
}

/// `DescribeAddonVersions`.
pub(super) fn addons(desk: &Desk<'_>) -> Answer {
    desk.may("DescribeAddonVersions", "*")?;
    let (name, version) = (desk.asked("addonName"), desk.asked("kubernetesVersion"));
    if let Some(unknown) = name.as_ref().filter(|name| known(name).is_none()) {
        return Err(missing(format!("No addon versions found for addon: {unknown}")));
    }
    let wanted = ADDONS.iter().filter(|addon| name.as_ref().is_none_or(|name| name == addon.name));
    let minors: Vec<String> = match version {
        Some(version) if is_supported(&version) => vec![version],
        Some(version) => return Err(invalid(format!("unsupported Kubernetes version {version}"))),
        None => MINORS.rev().map(|minor| format!("1.{minor}")).collect(),
    };
    let shown = |addon: &Known| {
        let versions: Vec<Value> =
            addon.versions.iter().enumerate().map(|(at, v)| one(addon, at, v, &minors)).collect();
        json!({"addonName": addon.name, "type": addon.kind, "publisher": "eks", "owner": "aws",
            "defaultNamespace": "kube-system", "addonVersions": versions})
    };
    desk.page("addons", wanted.map(shown).collect())
}

fn one(addon: &Known, at: usize, version: &str, minors: &[String]) -> Value {
    // The newest is the default, which with EKS it is not always.
    let suits = |minor: &String| json!({"clusterVersion": minor, "platformVersions": ["*"], "defaultVersion": at == 0});
    let compatibilities: Vec<Value> = minors.iter().map(suits).collect();
    json!({"addonVersion": version, "architecture": ["amd64", "arm64"], "computeTypes": ["ec2", "auto", "hybrid"],
        "compatibilities": compatibilities, "requiresConfiguration": false,
        "requiresIamPermissions": addon.account.is_some()})
}

/// `DescribeAddonConfiguration`: no configuration is described, and any is taken.
pub(super) fn configuration(desk: &Desk<'_>) -> Answer {
    desk.may("DescribeAddonConfiguration", "*")?;
    let need = |name: &str| desk.asked(name).ok_or_else(|| invalid(format!("{name} is required")));
    let (name, version) = (need("addonName")?, need("addonVersion")?);
    let none = || missing(format!("No addon versions found for addon: {name}"));
    let addon = known(&name).filter(|_| of_addon(&name, Some(&version)).is_some()).ok_or_else(none)?;
    let accounts = addon.account.iter();
    let accounts: Vec<Value> = accounts
        .map(|(account, policies)| json!({"serviceAccount": account, "recommendedManagedPolicies": policies}))
        .collect();
    let schema = json!({"$schema": "http://json-schema.org/draft-06/schema#", "type": "object"}).to_string();
    Ok(json!({"addonName": name, "addonVersion": version, "configurationSchema": schema,
        "podIdentityConfiguration": accounts}))
}

/// `DescribeClusterVersions`.
pub(super) fn clusters(desk: &Desk<'_>) -> Answer {
    desk.may("DescribeClusterVersions", "*")?;
    let all = MINORS.rev().map(|minor| format!("1.{minor}"));
    let shown = |version: String| {
        let newest = version == NEWEST;
        json!({"clusterVersion": version, "clusterType": "eks", "defaultPlatformVersion": PLATFORM,
            "defaultVersion": newest, "status": "STANDARD_SUPPORT", "versionStatus": "STANDARD_SUPPORT",
            "kubernetesPatchVersion": format!("{version}.2")})
    };
    desk.page("clusterVersions", all.map(shown).collect())
}
