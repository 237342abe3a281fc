//! Evidence of identities that work: the story's `aws-node`, and a GitHub job.

use serde_json::{Value, json};
use trustwalk_core::evidence::{Evidence, Target};

use crate::certificates::authority;
use crate::error::ScenarioError;

/// The `now` of all evidence here: 2022-07-19T14:00:00Z.
pub const NOW: i64 = 1_658_239_200;

const ISSUER: &str = "oidc.eks.us-west-2.amazonaws.com/id/BFDB0123456789ABCDEF0123456789AB";

fn known(value: impl Into<Value>, what: &str) -> Value {
    let value: Value = value.into();
    json!({"state": "known", "value": value, "source": {"what": what, "at": NOW}})
}

fn absent(what: &str) -> Value {
    json!({"state": "absent", "source": {"what": what, "at": NOW}})
}

/// Evidence about which nothing is known.
pub fn blank() -> Evidence {
    Evidence::new(
        Target::Workload {
            resource: "DaemonSet".to_owned(),
            namespace: "kube-system".to_owned(),
            name: "aws-node".to_owned(),
        },
        NOW,
    )
}

/// The story's cluster with everything right.
pub fn story() -> Result<Value, ScenarioError> {
    let host = "oidc.eks.us-west-2.amazonaws.com";
    let ca = authority("Library", host)?;
    let role = "arn:aws:iam::111122223333:role/cni";
    let spec = |env: Value| {
        json!({"service_account": "aws-node", "host_network": true, "containers": [
            {"name": "aws-node", "image": "amazon-k8s-cni:v1.11", "env": env,
             "mounts": {"aws-iam-token": "/var/run/secrets/eks.amazonaws.com/serviceaccount"}}]})
    };
    let injected = json!([{"name": "AWS_ROLE_ARN", "value": role},
        {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"}]);
    let pod = |name: &str| {
        json!({"name": name, "uid": name, "created": NOW - 1000, "phase": "Running", "ready": true,
            "spec": spec(injected.clone())})
    };
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Federated": format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}")},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {format!("{ISSUER}:aud"): "sts.amazonaws.com",
            format!("{ISSUER}:sub"): "system:serviceaccount:kube-system:aws-node"}}}]});
    let mut e = serde_json::to_value(blank())?;
    let facts = json!({
        "clock": known(json!({"server": "https://sts.us-west-2.amazonaws.com", "ahead": 0}), "Date of an answer"),
        "roots": {"library": [ca.root], "library_name": "test", "user": []},
        "workload": known(json!({"kind": "DaemonSet", "namespace": "kube-system", "name": "aws-node",
            "created": NOW - 70_000_000, "template": spec(json!([])), "desired": 2, "ready": 2}),
            "DaemonSet kube-system/aws-node"),
        "pods": known(json!([pod("aws-node-1"), pod("aws-node-2")]), "pods of aws-node"),
        "logs": known(json!([]), "logs of aws-node"),
        "service_account": known(json!({"namespace": "kube-system", "name": "aws-node", "uid": "u",
            "created": NOW - 70_000_000, "annotations": {"eks.amazonaws.com/role-arn": role},
            "role_written_by": {"manager": "eks", "at": NOW - 5000}}), "ServiceAccount kube-system/aws-node"),
        "siblings": known(json!([]), "service accounts"),
        "webhooks": known(json!([{"configuration": "pod-identity-webhook", "name": "iam-for-pods.amazonaws.com",
            "failure_policy": "Ignore", "endpoint": "https://127.0.0.1:23443/mutate", "ca_verifies": true,
            "review_versions": ["v1beta1"], "created": NOW - 70_000_000}]), "webhooks"),
        "injection_probe": known(json!({"role_arn": role,
            "token_file": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token", "audience": "sts.amazonaws.com",
            "expiration_seconds": 86400}), "dry run"),
        "network_policies": known(json!([]), "network policies"),
        "associations": known(json!([]), "associations"),
        "pod_identity_agent": absent("DaemonSet eks-pod-identity-agent"),
        "token": known(json!({"origin": "TokenRequest", "source": "cluster", "alg": "RS256", "kid": "k1",
            "iss": format!("https://{ISSUER}"), "sub": "system:serviceaccount:kube-system:aws-node",
            "aud": ["sts.amazonaws.com"], "exp": NOW + 3600, "iat": NOW, "signature": true}), "TokenRequest"),
        "cluster": known(json!({"name": "prod", "arn": "arn:aws:eks:us-west-2:111122223333:cluster/prod",
            "issuer": format!("https://{ISSUER}"), "version": "1.22", "created": NOW - 70_000_000}),
            "eks:DescribeCluster prod"),
        "addons": known(json!([]), "eks:ListAddons prod"),
        "discovery": known(json!({"fetched": {"url": format!("https://{ISSUER}/.well-known/openid-configuration"),
            "status": 200, "millis": 20}, "issuer": format!("https://{ISSUER}"),
            "jwks_uri": format!("https://{ISSUER}/keys"), "algs": ["RS256"]}), "discovery"),
        "keys": known(json!({"fetched": {"url": format!("https://{ISSUER}/keys"), "status": 200, "millis": 20},
            "keys": [{"kid": "k1", "kty": "RSA", "usage": "sig"}, {"kid": "k2", "kty": "RSA", "usage": "sig"}]}),
            "keys"),
        "chains": [known(json!({"host": host, "port": 443, "tls": "TLSv1.3", "tls13_only": false, "proven": true,
            "chain": ca.chain, "roles": ["issuer", "jwks"]}), "oidc.eks.us-west-2.amazonaws.com:443")],
        "provider": known(json!({"arn": format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}"), "url": ISSUER,
            "client_ids": ["sts.amazonaws.com"], "thumbprints": ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
            "created": NOW - 70_000_000}), "iam:GetOpenIDConnectProvider"),
        "providers": known(json!([format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}")]),
            "iam:ListOpenIDConnectProviders"),
        "role_arn": known(json!(role), "annotation of kube-system/aws-node"),
        "role": known(json!({"arn": role, "name": "cni", "trust_policy": policy.to_string(), "max_session": 3600,
            "created": NOW - 50_000}), "iam:GetRole cni"),
        "caller": known(json!({"account": "111122223333", "arn": "arn:aws:iam::111122223333:user/ops"}),
            "sts:GetCallerIdentity"),
        "exchange": known(json!({"endpoint": "https://sts.us-west-2.amazonaws.com", "role_arn": role,
            "assumed": "arn:aws:sts::111122223333:assumed-role/cni/trustwalk", "status": 200}),
            "sts:AssumeRoleWithWebIdentity"),
        "policies": known(json!([{"name": "AmazonEKS_CNI_Policy",
            "arn": "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"}]), "policies of cni"),
        "trail": known(json!([]), "cloudtrail:LookupEvents"),
        "region": "us-west-2",
    });
    merge(&mut e, facts);
    Ok(e)
}

/// A GitHub job with everything right.
pub fn github_job() -> Result<Value, ScenarioError> {
    let issuer = "token.actions.githubusercontent.com";
    let ca = authority("Library", issuer)?;
    let provider = format!("arn:aws:iam::111122223333:oidc-provider/{issuer}");
    let role = "arn:aws:iam::111122223333:role/deploy";
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {format!("{issuer}:aud"): "sts.amazonaws.com",
            format!("{issuer}:sub"): "repo:acme/shop:ref:refs/heads/main"}}}]});
    let mut e = serde_json::to_value(Evidence::new(Target::Job { name: "deploy".to_owned() }, NOW))?;
    let facts = json!({
        "clock": known(json!({"server": "https://sts.us-west-2.amazonaws.com", "ahead": 0}), "Date of an answer"),
        "roots": {"library": [ca.root], "library_name": "test", "user": []},
        "job": known(json!({"platform": "github-actions", "repository": "acme/shop", "git_ref": "refs/heads/main",
            "event": "push", "permissions": {"id-token": "write"}, "assumes_role": true,
            "inputs": {"role-to-assume": role}}), "CI job"),
        "logs": known(json!([]), "job.log"),
        "token": known(json!({"origin": "the job's token", "alg": "RS256", "kid": "g1",
            "iss": format!("https://{issuer}"), "sub": "repo:acme/shop:ref:refs/heads/main",
            "aud": ["sts.amazonaws.com"], "exp": NOW + 300, "iat": NOW, "signature": true}), "token of the job"),
        "discovery": known(json!({"fetched": {"url": format!("https://{issuer}/.well-known/openid-configuration"),
            "status": 200}, "issuer": format!("https://{issuer}"),
            "jwks_uri": format!("https://{issuer}/.well-known/jwks")}), "discovery"),
        "keys": known(json!({"fetched": {"url": format!("https://{issuer}/.well-known/jwks"), "status": 200},
            "keys": [{"kid": "g1", "kty": "RSA", "usage": "sig"}]}), "keys"),
        "chains": [known(json!({"host": issuer, "port": 443, "tls": "TLSv1.3", "tls13_only": false, "proven": true,
            "chain": ca.chain, "roles": ["issuer", "jwks"]}), "token.actions.githubusercontent.com:443")],
        "provider": known(json!({"arn": provider, "url": issuer, "client_ids": ["sts.amazonaws.com"],
            "thumbprints": ["6938fd4d98bab03faadb97b34396831e3780aea1"], "created": NOW - 90_000}),
            "iam:GetOpenIDConnectProvider"),
        "providers": known(json!([provider]), "iam:ListOpenIDConnectProviders"),
        "role_arn": known(json!(role), "role-to-assume"),
        "role": known(json!({"arn": role, "name": "deploy", "trust_policy": policy.to_string(), "max_session": 3600,
            "created": NOW - 50_000}), "iam:GetRole deploy"),
        "caller": known(json!({"account": "111122223333", "arn": "arn:aws:iam::111122223333:user/ops"}),
            "sts:GetCallerIdentity"),
        "exchange": known(json!({"endpoint": "https://sts.us-east-1.amazonaws.com", "role_arn": role,
            "assumed": "arn:aws:sts::111122223333:assumed-role/deploy/trustwalk", "status": 200}),
            "sts:AssumeRoleWithWebIdentity"),
        "policies": known(json!([{"name": "deploy"}]), "policies of deploy"),
        "trail": known(json!([]), "cloudtrail:LookupEvents"),
    });
    merge(&mut e, facts);
    Ok(e)
}

fn merge(into: &mut Value, from: Value) {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}
