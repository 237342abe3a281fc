//! The tools by which a change cannot be made, and why: whoever looks for theirs learns that nothing was left out.

use std::collections::BTreeMap;

use super::action::{Action, WebhookField};

/// A tool that each step is shown for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Aws,
    Kubectl,
    Terraform,
    CloudFormation,
    Eksctl,
    Helm,
}

/// Every tool, by the name that it has in `by_hand`.
const TOOLS: [(&str, Tool); 6] = [
    ("aws", Tool::Aws),
    ("kubectl", Tool::Kubectl),
    ("terraform", Tool::Terraform),
    ("cloudformation", Tool::CloudFormation),
    ("eksctl", Tool::Eksctl),
    ("helm", Tool::Helm),
];

/// Why each tool that has no way has none.
pub(super) fn no_way(action: &Action, by_hand: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let without = TOOLS.iter().filter(|(name, _)| !by_hand.contains_key(*name));
    without.map(|(name, tool)| ((*name).to_owned(), why(action, *tool).to_owned())).collect()
}

fn why(action: &Action, tool: Tool) -> &'static str {
    match action {
        Action::SetThumbprints { .. }
        | Action::AddClientId { .. }
        | Action::CreateProvider { .. }
        | Action::SetTrustPolicy { .. }
        | Action::AttachPolicy { .. } => of_iam(action, tool),
        Action::Associate { .. } => match tool {
            Tool::Kubectl => "EKS keeps associations itself: the cluster has no object of them",
            Tool::Helm => "charts make objects of the cluster, and EKS keeps associations itself",
            Tool::Aws | Tool::Terraform | Tool::CloudFormation | Tool::Eksctl => "it is not known how",
        },
        Action::Annotate { .. } => match tool {
            Tool::Aws => "EKS annotates the accounts of its add-ons alone, and this one is of none",
            Tool::CloudFormation => "CloudFormation makes no service accounts, those of EKS add-ons aside",
            Tool::Kubectl => "an EKS add-on keeps the account, and writes it anew",
            Tool::Eksctl => "eksctl annotates accounts with a role alone, and of a cluster that it is told",
            Tool::Helm => "no chart makes the account: an EKS add-on does, or what a repository says",
            Tool::Terraform => "it is not known how",
        },
        Action::SetWebhook { set, .. } => of_webhook(set, tool),
        Action::Restart { .. } => match tool {
            Tool::Aws | Tool::CloudFormation | Tool::Eksctl => "nothing of AWS's restarts the pods of a workload",
            Tool::Kubectl | Tool::Terraform | Tool::Helm => "it is not known how",
        },
        Action::Renew { .. } => match tool {
            Tool::Aws | Tool::CloudFormation | Tool::Eksctl => "nothing of AWS's evicts pods",
            Tool::Terraform | Tool::Helm => "it makes workloads, and takes none of their pods away",
            Tool::Kubectl => "it is not known how",
        },
    }
}

fn of_iam(action: &Action, tool: Tool) -> &'static str {
    match tool {
        Tool::Kubectl => "it is an object of IAM's: the cluster has none of it",
        Tool::Helm => "charts make objects of the cluster, and this is one of IAM's",
        Tool::Eksctl => match action {
            Action::CreateProvider { .. } => {
                "eksctl registers the issuer of a cluster of EKS that it is told, for sts.amazonaws.com alone"
            }
            Action::SetTrustPolicy { .. } => {
                "eksctl writes a role's trust policy when it makes the role, and not again"
            }
            Action::AttachPolicy { .. } => "eksctl changes the policies of roles that it made, and this is none",
            Action::SetThumbprints { .. }
            | Action::AddClientId { .. }
            | Action::Annotate { .. }
            | Action::SetWebhook { .. }
            | Action::Associate { .. }
            | Action::Restart { .. }
            | Action::Renew { .. } => "eksctl registers providers, and changes none",
        },
        Tool::Aws | Tool::Terraform | Tool::CloudFormation => "it is not known how",
    }
}

fn of_webhook(set: &WebhookField, tool: Tool) -> &'static str {
    match (tool, set) {
        (Tool::Aws | Tool::CloudFormation | Tool::Eksctl, _) => "nothing of AWS's changes the webhooks of a cluster",
        (Tool::Helm, WebhookField::ReviewVersions(_)) => {
            "no value of the chart amazon-eks-pod-identity-webhook holds it: its template does"
        }
        (Tool::Kubectl | Tool::Terraform | Tool::Helm, _) => "it is not known how",
    }
}
