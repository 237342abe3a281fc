//! The service accounts of the add-ons that EKS keeps.

/// Namespace and name of the service account that an add-on gives its role (EKS User Guide, "Create an IAM role" of
/// each add-on).
const ADDONS: [(&str, &str, &str); 10] = [
    ("vpc-cni", "kube-system", "aws-node"),
    ("aws-ebs-csi-driver", "kube-system", "ebs-csi-controller-sa"),
    ("aws-efs-csi-driver", "kube-system", "efs-csi-controller-sa"),
    ("aws-fsx-csi-driver", "kube-system", "fsx-csi-controller-sa"),
    ("aws-mountpoint-s3-csi-driver", "kube-system", "s3-csi-driver-sa"),
    ("amazon-cloudwatch-observability", "amazon-cloudwatch", "cloudwatch-agent"),
    (
        "aws-network-flow-monitoring-agent",
        "amazon-network-flow-monitor",
        "aws-network-flow-monitor-agent-service-account",
    ),
    ("external-dns", "external-dns", "external-dns"),
    ("cert-manager", "cert-manager", "cert-manager"),
    ("adot", "opentelemetry-operator-system", "adot-col-prom-metrics"),
];

/// Namespace and name of the service account to which an add-on of EKS gives its role, for those that are known.
pub fn account_of_addon(addon: &str) -> Option<(&'static str, &'static str)> {
    ADDONS.iter().find(|(name, ..)| *name == addon).map(|(_, namespace, name)| (*namespace, *name))
}
