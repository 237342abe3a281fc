//! Whether a webhook is the one that injects web identity: by what it is called for, where and with which program, and
//! by a name alone only as far as its domain is the owner's.

use super::Webhook;

/// What is known of whether a webhook injects web identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Injects {
    /// It does.
    Yes,
    /// It is called as if it did, and nothing else tells.
    Maybe,
    /// It is called for pods, and nothing tells what it does to them.
    Unknown,
    /// It does something else.
    No,
}

/// Where EKS's own API servers reach the webhook on their host. REPORTED: EKS does not document it.
const OF_EKS: &str = "https://127.0.0.1:23443/mutate";
/// Names that EKS and the project's manifests give it, in a domain that is Amazon's (amazon-eks-pod-identity-webhook,
/// `deploy/mutatingwebhook.yaml`).
const NAMES: [&str; 2] = ["iam-for-pods.amazonaws.com", "pod-identity-webhook.amazonaws.com"];
/// The end of the repository in which the program is published (its README).
const IMAGE: &str = "eks-pod-identity-webhook";
/// The service and the path that the project's manifests give it (`deploy/service.yaml`, `main.go`).
const SERVICE: (&str, &str) = ("pod-identity-webhook", "/mutate");
/// Ends of the names of webhooks that do something else to pods: the domain is that of the project.
const OTHERS: [&str; 14] = [
    ".istio.io",
    ".linkerd.io",
    ".hashicorp.com",
    ".consul.io",
    ".elbv2.k8s.aws",
    ".vpc.k8s.aws",
    ".karpenter.sh",
    ".kyverno.svc",
    ".kyverno.svc-fail",
    ".kyverno.svc-ignore",
    ".gatekeeper.sh",
    ".azure-workload-identity.io",
    ".aadpodidentity.k8s.io",
    ".k8s.io",
];

impl Webhook {
    /// Whether it injects web identity.
    pub fn injects(&self) -> Injects {
        let by_place = self.endpoint == OF_EKS || (self.path == SERVICE.1 && self.service() == Some(SERVICE.0));
        if NAMES.contains(&self.name.as_str()) || by_place || self.runs_the_project() == Some(true) {
            return Injects::Yes;
        }
        let for_pods = self.rules.is_empty() || self.rules.iter().any(super::kubernetes::WebhookRule::is_for_pods);
        if !for_pods || OTHERS.iter().any(|end| self.name.ends_with(end)) {
            return Injects::No;
        }
        if super::injects_identity(&self.configuration, &self.name) { Injects::Maybe } else { Injects::Unknown }
    }

    /// Whether its pods run the project's program, as far as the image's repository tells.
    fn runs_the_project(&self) -> Option<bool> {
        let repository = self.image.as_deref()?.split('@').next()?.rsplit('/').next()?.split(':').next()?;
        Some(repository.ends_with(IMAGE))
    }

    /// The name of the service that it is called at.
    fn service(&self) -> Option<&str> {
        self.endpoint.strip_prefix("service ")?.split_once('/')?.1.split(':').next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::WebhookRule;

    fn hook(configuration: &str, name: &str) -> Webhook {
        Webhook { configuration: configuration.to_owned(), name: name.to_owned(), ..Webhook::default() }
    }

    fn for_new(resource: &str) -> Vec<WebhookRule> {
        let own = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        vec![WebhookRule {
            operations: own(&["CREATE"]),
            groups: own(&[""]),
            versions: own(&["v1"]),
            resources: own(&[resource]),
            scope: String::new(),
        }]
    }

    #[test]
    fn what_a_webhook_does_tells_more_than_its_name() {
        assert_eq!(hook("pod-identity-webhook", "iam-for-pods.amazonaws.com").injects(), Injects::Yes);
        assert_eq!(hook("pod-identity-webhook", "pod-identity.example.com").injects(), Injects::Maybe);
        let eks = Webhook { endpoint: OF_EKS.to_owned(), ..hook("any", "a.example.com") };
        assert_eq!(eks.injects(), Injects::Yes);
        let image = Some("registry.example/mirror/amazon-eks-pod-identity-webhook:v0.5.0@sha256:00".to_owned());
        assert_eq!(Webhook { image, ..hook("irsa", "irsa.example.com") }.injects(), Injects::Yes);
        let service = "service kube-system/pod-identity-webhook:443".to_owned();
        let named = Webhook { endpoint: service, path: "/mutate".to_owned(), ..hook("a", "b.example.com") };
        assert_eq!(named.injects(), Injects::Yes);
    }

    #[test]
    fn another_projects_webhook_is_not_taken_for_it() {
        for name in
            ["mutation.azure-workload-identity.io", "rev.namespace.sidecar-injector.istio.io", "pods.vpa.k8s.io"]
        {
            assert_eq!(
                Webhook { rules: for_new("pods"), ..hook("aad-pod-identity", name) }.injects(),
                Injects::No,
                "{name}"
            );
        }
        let elsewhere = Webhook { rules: for_new("deployments"), ..hook("pod-identity", "a.example.com") };
        assert_eq!(elsewhere.injects(), Injects::No);
        let some = Webhook { rules: for_new("pods"), ..hook("team-defaults", "pods.example.com") };
        assert_eq!(some.injects(), Injects::Unknown);
    }
}
