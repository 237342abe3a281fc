//! Kinds that charts of well-known controllers create: external-dns, the load balancer controller, the VPC CNI, the EBS
//! CSI driver, cert-manager, Karpenter, Argo CD.

use serde_json::{Value, json};
use trustwalk_lab_cluster::json as j;

use crate::support::{Lab, read};

fn of(api: &str, kind: &str, rest: Value) -> Value {
    let mut object = json!({"apiVersion": api, "kind": kind, "metadata": {"name": "chart"}});
    for (name, value) in rest.as_object().into_iter().flatten() {
        j::put(&mut object, &format!("/{name}"), value.clone());
    }
    object
}

/// Path of the list, and an object as a chart has it.
#[expect(clippy::too_many_lines, reason = "one entry for each kind")]
fn objects() -> Vec<(&'static str, Value)> {
    let selector = json!({"matchLabels": {"app": "chart"}});
    let hook = json!({"name": "v.chart.example", "clientConfig": {"url": "https://127.0.0.1:1/v"},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore", "rules": [{"apiGroups": ["example.com"],
        "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["things"]}]});
    vec![
        (
            "networking.k8s.io/v1/ingressclasses",
            of("networking.k8s.io/v1", "IngressClass", json!({"spec": {"controller": "ingress.k8s.aws/alb"}})),
        ),
        (
            "networking.k8s.io/v1/namespaces/default/ingresses",
            of(
                "networking.k8s.io/v1",
                "Ingress",
                json!({"spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix",
                "backend": {"service": {"name": "w", "port": {"number": 80}}}}]}}]}}),
            ),
        ),
        (
            "networking.k8s.io/v1/namespaces/default/networkpolicies",
            of(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                json!({"spec": {"podSelector": selector, "policyTypes": ["Ingress"]}}),
            ),
        ),
        (
            "scheduling.k8s.io/v1/priorityclasses",
            of("scheduling.k8s.io/v1", "PriorityClass", json!({"value": 1_000_000, "description": "d"})),
        ),
        (
            "policy/v1/namespaces/default/poddisruptionbudgets",
            of("policy/v1", "PodDisruptionBudget", json!({"spec": {"selector": selector, "maxUnavailable": "50%"}})),
        ),
        (
            "autoscaling/v2/namespaces/default/horizontalpodautoscalers",
            of(
                "autoscaling/v2",
                "HorizontalPodAutoscaler",
                json!({"spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment",
                "name": "w"}, "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target":
                {"type": "Utilization", "averageUtilization": 80}}}]}}),
            ),
        ),
        (
            "storage.k8s.io/v1/storageclasses",
            of(
                "storage.k8s.io/v1",
                "StorageClass",
                json!({"provisioner": "ebs.csi.aws.com", "volumeBindingMode": "WaitForFirstConsumer"}),
            ),
        ),
        (
            "storage.k8s.io/v1/csidrivers",
            of("storage.k8s.io/v1", "CSIDriver", json!({"spec": {"attachRequired": true, "podInfoOnMount": false}})),
        ),
        (
            "admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
            of("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", json!({"webhooks": [hook]})),
        ),
        (
            "coordination.k8s.io/v1/namespaces/default/leases",
            of(
                "coordination.k8s.io/v1",
                "Lease",
                json!({"spec": {"holderIdentity": "one", "leaseDurationSeconds": 15}}),
            ),
        ),
        (
            "flowcontrol.apiserver.k8s.io/v1/flowschemas",
            of(
                "flowcontrol.apiserver.k8s.io/v1",
                "FlowSchema",
                json!({"spec": {"matchingPrecedence": 1000, "priorityLevelConfiguration": {"name": "workload-low"}}}),
            ),
        ),
        (
            "apiregistration.k8s.io/v1/apiservices",
            of(
                "apiregistration.k8s.io/v1",
                "APIService",
                json!({"metadata": {"name": "v1.metrics.example"}, "spec": {"group": "metrics.example", "version": "v1",
                "groupPriorityMinimum": 100, "versionPriority": 100}}),
            ),
        ),
    ]
}

fn core_objects() -> Vec<(&'static str, Value)> {
    vec![
        (
            "persistentvolumeclaims",
            of(
                "v1",
                "PersistentVolumeClaim",
                json!({"spec": {"accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}}}),
            ),
        ),
        ("resourcequotas", of("v1", "ResourceQuota", json!({"spec": {"hard": {"pods": 10}}}))),
        (
            "limitranges",
            of(
                "v1",
                "LimitRange",
                json!({"spec": {"limits": [{"type": "Container",
            "default": {"cpu": "500m"}}]}}),
            ),
        ),
    ]
}

#[tokio::test]
async fn kinds_of_charts_are_created_applied_and_listed() {
    let lab = Lab::start().await;
    let paths = objects().into_iter().map(|(path, object)| (format!("/apis/{path}"), object));
    let basic = core_objects().into_iter().map(|(kind, o)| (format!("/api/v1/namespaces/default/{kind}"), o));
    for (path, object) in paths.chain(basic) {
        let strict = format!("{path}?fieldValidation=Strict&fieldManager=helm");
        let (code, made) = lab.call("POST", &strict, object.clone()).await;
        assert_eq!(code, 201, "{made}");
        let own = format!("{path}/{}?fieldManager=argocd&force=true", j::name(&object));
        let kind = "application/apply-patch+yaml";
        let applied = lab.send(Some(&lab.admin), "PATCH", &own, kind, &object.to_string()).await;
        let (code, applied) = read(applied).await;
        assert_eq!(code, 200, "{applied}");
        let (code, list) = lab.call("GET", &path, Value::Null).await;
        assert!(code == 200 && j::items(&list, "/items").iter().any(|o| j::name(o) == j::name(&object)), "{list}");
        let path = own.split('?').next().unwrap();
        assert_eq!(lab.call("DELETE", path, Value::Null).await.0, 200);
    }
}
