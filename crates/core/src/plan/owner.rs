//! Who keeps an object as it is: a change that is made otherwise than through its owner is gone at the owner's next
//! run.

use std::collections::BTreeMap;

use super::action::Action;
use super::associate;
use crate::evidence::{Addon, Evidence, ROLE_ANNOTATION, Role, ServiceAccount, Webhook, Workload, kept};

/// Who keeps an object as it is, by what the object says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Terraform, `OpenTofu` among them. It signs with no tag of its own; many give one that names it.
    Terraform,
    /// A stack of `CloudFormation` (User Guide, "Resource tag": `aws:cloudformation:stack-name`).
    CloudFormation {
        /// The stack's name.
        stack: Option<String>,
    },
    /// The AWS CDK, which makes stacks.
    Cdk {
        /// The stack's name.
        stack: Option<String>,
    },
    /// eksctl (its source, `pkg/apis/eksctl.io/v1alpha5`: the tags `alpha.eksctl.io/…`).
    Eksctl {
        /// The cluster's name.
        cluster: Option<String>,
    },
    /// A release of Helm (Helm documentation, annotations `meta.helm.sh/release-name`).
    Helm {
        /// The release.
        release: Option<String>,
        /// Its namespace.
        namespace: Option<String>,
    },
    /// Argo CD (its documentation, "Resource Tracking").
    ArgoCd {
        /// The application.
        application: Option<String>,
    },
    /// Flux (its documentation, labels of `Kustomization` and `HelmRelease`).
    Flux {
        /// Kind, namespace and name of what reconciles it.
        object: Option<String>,
    },
    /// An add-on of EKS (EKS User Guide, "Amazon EKS add-ons").
    Addon {
        /// The cluster.
        cluster: Option<String>,
        /// The add-on's name.
        name: String,
        /// Whether the add-on names a role itself.
        has_role: bool,
    },
    /// Something else that signs.
    Other {
        /// Its name.
        tool: &'static str,
        /// The sign.
        sign: String,
    },
}

impl Owner {
    /// The member of a cure's `by_hand` in which its way stands, where there is one.
    pub fn key(&self) -> Option<&'static str> {
        match self {
            Self::Terraform => Some("terraform"),
            Self::CloudFormation { .. } => Some("cloudformation"),
            Self::Cdk { .. } => Some("cdk"),
            Self::Eksctl { .. } => Some("eksctl"),
            Self::Helm { .. } => Some("helm"),
            Self::ArgoCd { .. } | Self::Flux { .. } => Some("git"),
            Self::Addon { .. } => Some("aws"),
            Self::Other { .. } => None,
        }
    }

    /// In words.
    pub fn words(&self) -> String {
        let named = |what: &str, name: &Option<String>| match name {
            Some(name) => format!("{what} {name}"),
            None => what.split(',').next().unwrap_or(what).to_owned(),
        };
        match self {
            Self::Terraform => "Terraform".to_owned(),
            Self::CloudFormation { stack } => named("CloudFormation, stack", stack),
            Self::Cdk { stack } => named("the CDK, stack", stack),
            Self::Eksctl { cluster } => named("eksctl, cluster", cluster),
            Self::Helm { release, .. } => named("Helm, release", release),
            Self::ArgoCd { application } => named("Argo CD, application", application),
            Self::Flux { object } => named("Flux,", object),
            Self::Addon { name, .. } => format!("the EKS add-on {name}"),
            Self::Other { tool, sign } => format!("{tool} ({sign})"),
        }
    }

    /// By the tags of a role or a provider.
    pub fn of_tags(tags: &BTreeMap<String, String>) -> Option<Self> {
        let tag = |key: &str| tags.get(key).cloned();
        let eksctl = ["alpha.eksctl.io/cluster-name", "eksctl.cluster.k8s.io/v1alpha1/cluster-name"];
        if eksctl.iter().any(|k| tags.contains_key(*k)) || tags.contains_key("alpha.eksctl.io/iamserviceaccount-name") {
            return Some(Self::Eksctl { cluster: eksctl.iter().find_map(|k| tag(k)) });
        }
        let stack = tag("aws:cloudformation:stack-name");
        if tags.keys().any(|k| k.starts_with(kept::CDK_TAGS)) {
            return Some(Self::Cdk { stack });
        }
        if stack.is_some() {
            return Some(Self::CloudFormation { stack });
        }
        let (key, value, tool) = tags.iter().find_map(|(k, v)| Some((k, v, kept::owner(k, v)?)))?;
        let terraform = [key, value].iter().any(|text| text.to_ascii_lowercase().contains("terraform"));
        Some(if terraform { Self::Terraform } else { Self::Other { tool, sign: format!("tag {key}={value}") } })
    }

    /// By what a service account says of itself, and the add-ons of its cluster. What deploys comes before what
    /// renders: Argo CD and Flux use Helm's charts and sign beside it.
    pub fn of_account(e: &Evidence, sa: &ServiceAccount) -> Option<Self> {
        let label = |key: &str| sa.labels.get(key).filter(|v| !v.is_empty()).cloned();
        let annotation = |key: &str| sa.annotations.get(key).filter(|v| !v.is_empty() && *v != kept::WITHHELD).cloned();
        let writes = |names: &[&str]| sa.managers.iter().any(|m| names.contains(&m.as_str()));
        if let Some(addon) = addon(e, sa) {
            let cluster = e.cluster.known().map(|c| c.name.clone());
            return Some(Self::Addon { cluster, name: addon.name.clone(), has_role: addon.role_arn.is_some() });
        }
        if let Some(owner) = deploys(&sa.labels, &sa.annotations, &sa.managers) {
            return Some(owner);
        }
        // Which add-on it is of is not known where they were not listed; that EKS keeps it, its fields say.
        if writes(&[EKS]) && e.addons.known().is_none_or(|all| !all.is_empty()) {
            return Some(by_eks(e, sa));
        }
        let by = label("app.kubernetes.io/managed-by").unwrap_or_default().to_ascii_lowercase();
        let release = annotation("meta.helm.sh/release-name");
        if release.is_some() || by == "helm" || writes(&["helm", "Helm"]) {
            return Some(Self::Helm { release, namespace: annotation("meta.helm.sh/release-namespace") });
        }
        if by == "eksctl" || writes(&["eksctl"]) {
            return Some(Self::Eksctl { cluster: e.cluster.known().map(|c| c.name.clone()) });
        }
        (by == "terraform" || writes(&["Terraform", "HashiCorp"])).then_some(Self::Terraform)
    }

    /// What deploys a workload from a repository, and may put back a template that was changed otherwise.
    pub fn by_repository(w: &Workload) -> Option<Self> {
        deploys(&w.labels, &w.annotations, &w.managers)
    }

    /// Who keeps what an action changes.
    pub fn of(e: &Evidence, action: &Action) -> Option<Self> {
        match action {
            Action::SetThumbprints { .. } | Action::AddClientId { .. } => Self::of_tags(&e.provider.known()?.tags),
            Action::SetTrustPolicy { role, .. } | Action::AttachPolicy { role, .. } => {
                Self::of_tags(&role_of(e, role)?.tags)
            }
            Action::Annotate { .. } => Self::of_account(e, e.service_account.known()?),
            Action::Associate { association: Some(id), .. } => Self::of_tags(&associate::find(e, id)?.tags),
            Action::SetWebhook { configuration, webhook, .. } => {
                Self::of_webhook(super::hooks::find(e, configuration, webhook)?)
            }
            Action::CreateProvider { .. }
            | Action::Associate { association: None, .. }
            | Action::Restart { .. }
            | Action::Renew { .. } => None,
        }
    }

    /// By who wrote a webhook's configuration last.
    fn of_webhook(hook: &Webhook) -> Option<Self> {
        let manager = &hook.written_by.as_ref()?.manager;
        if let Some(owner) = deploys(&Names::new(), &Names::new(), std::slice::from_ref(manager)) {
            return Some(owner);
        }
        match manager.as_str() {
            "helm" | "Helm" => Some(Self::Helm { release: None, namespace: None }),
            "Terraform" | "HashiCorp" => Some(Self::Terraform),
            // It puts the authority back whenever that is changed (cert-manager documentation, "CA Injector").
            "cert-manager-cainjector" | "cainjector" => {
                Some(Self::Other { tool: "cert-manager", sign: written(manager) })
            }
            EKS => Some(Self::Other { tool: "EKS", sign: written(manager) }),
            _ => None,
        }
    }

    /// Whether an action would be reverted by it while its own setting stays: an add-on that names a role writes that
    /// role (EKS API reference, `UpdateAddon`, `serviceAccountRoleArn`).
    pub fn reverts(&self, action: &Action) -> bool {
        let role = matches!(action, Action::Annotate { key, .. } if key == ROLE_ANNOTATION);
        role && matches!(self, Self::Addon { has_role: true, .. })
    }
}

type Names = BTreeMap<String, String>;

/// What deploys from a repository, by what an object says of itself.
fn deploys(labels: &Names, annotations: &Names, managers: &[String]) -> Option<Owner> {
    let label = |key: &str| labels.get(key).filter(|v| !v.is_empty()).cloned();
    let writes = |names: &[&str]| managers.iter().any(|m| names.contains(&m.as_str()));
    let tracked = annotations.get("argocd.argoproj.io/tracking-id").filter(|v| *v != kept::WITHHELD);
    let application = tracked.and_then(|id| id.split(':').next().filter(|a| !a.is_empty()).map(str::to_owned));
    let application = application.or_else(|| label("argocd.argoproj.io/instance"));
    if application.is_some() || writes(&["argocd-controller", "argocd-application-controller"]) {
        return Some(Owner::ArgoCd { application });
    }
    let flux = [("Kustomization", "kustomize"), ("HelmRelease", "helm")].into_iter().find_map(|(kind, of)| {
        let name = label(&format!("{of}.toolkit.fluxcd.io/name"))?;
        let namespace = label(&format!("{of}.toolkit.fluxcd.io/namespace")).unwrap_or_default();
        Some(format!("{kind} {namespace}/{name}"))
    });
    let found = flux.is_some() || writes(&["kustomize-controller", "helm-controller"]);
    found.then_some(Owner::Flux { object: flux })
}

/// Add-ons, each with the service account that its role is for (EKS User Guide, "AWS add-ons", the page of each).
const ACCOUNTS: [(&str, &str, &str); 7] = [
    ("vpc-cni", "kube-system", "aws-node"),
    ("aws-ebs-csi-driver", "kube-system", "ebs-csi-controller-sa"),
    ("aws-efs-csi-driver", "kube-system", "efs-csi-controller-sa"),
    ("aws-fsx-csi-driver", "kube-system", "fsx-csi-controller-sa"),
    ("aws-mountpoint-s3-csi-driver", "kube-system", "s3-csi-driver-sa"),
    ("amazon-cloudwatch-observability", "amazon-cloudwatch", "cloudwatch-agent"),
    ("external-dns", "external-dns", "external-dns"),
];

/// The name under which EKS writes the objects of add-ons (EKS User Guide, "Determine fields you can customize for
/// Amazon EKS add-ons").
const EKS: &str = "eks";

fn written(manager: &str) -> String {
    format!("field manager {manager}")
}

/// What of EKS keeps a service account whose fields it writes.
fn by_eks(e: &Evidence, sa: &ServiceAccount) -> Owner {
    let of = |(_, namespace, name): &&(&str, &str, &str)| (*namespace, *name) == (&*sa.namespace, &*sa.name);
    match ACCOUNTS.iter().find(of) {
        Some((addon, ..)) => Owner::Addon {
            cluster: e.cluster.known().map(|c| c.name.clone()),
            name: (*addon).to_owned(),
            has_role: sa.role_written_by.as_ref().is_some_and(|w| w.manager == EKS),
        },
        None => Owner::Other { tool: "an EKS add-on", sign: written(EKS) },
    }
}

/// The add-on that a service account is of.
fn addon<'a>(e: &'a Evidence, sa: &ServiceAccount) -> Option<&'a Addon> {
    let addons = e.addons.known().map(Vec::as_slice).unwrap_or_default();
    // Given to another account of the namespace, the add-on's role is not this one's.
    let given = |a: &Addon| {
        let mut others = e.siblings.known().into_iter().flatten().filter(|s| s.name != sa.name);
        a.role_arn.is_some() && others.any(|s| s.role_arn() == a.role_arn.as_deref())
    };
    let of_table =
        |a: &&Addon| !given(a) && ACCOUNTS.contains(&(a.name.as_str(), sa.namespace.as_str(), sa.name.as_str()));
    let written = sa.role_written_by.as_ref().is_some_and(|w| w.manager == EKS);
    let of_role = |a: &&Addon| written && a.role_arn.is_some() && a.role_arn.as_deref() == sa.role_arn();
    addons.iter().find(of_table).or_else(|| addons.iter().find(of_role))
}

/// The role of this name that the evidence is about.
pub(super) fn role_of<'a>(e: &'a Evidence, name: &str) -> Option<&'a Role> {
    [&e.role, &e.association_role, &e.association_target].into_iter().filter_map(|r| r.known()).find(|r| r.name == name)
}
