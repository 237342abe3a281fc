//! Lines with which a program begins: what failed before is another process's.

/// Lines of programs that use web identity, as each writes once, when it starts. In lower case.
const STARTS: &[&str] = &[
    // controller-runtime: Karpenter, ACK, the load balancer controller, external-secrets.
    "starting manager",
    // klog programs: cert-manager, cluster-autoscaler, drivers of storage.
    "starting controller",
    "starting leader election",
    "starting server",
    "starting application",
    // amazon-vpc-cni-k8s.
    "starting l-ipamd",
    "starting ipamd",
    // eks-pod-identity-agent and the webhook.
    "starting eks pod identity agent",
    "starting server on address",
    // Spring Boot.
    "starting application using java",
    "process running for",
    " using java ",
    // gunicorn.
    "booting worker with pid",
    "starting gunicorn",
    // Loki, Thanos, Vector, Fluent Bit, Velero.
    "starting loki",
    "starting thanos",
    "starting velero server",
    "vector has started",
    "[engine] started",
    "starting prometheus",
    "starting external-dns",
    "starting external-secrets",
];

/// Whether a program began with this line, in lower case.
pub(crate) fn is_start(lower: &str) -> bool {
    STARTS.iter().any(|s| lower.contains(s))
}
