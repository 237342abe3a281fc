//! A cluster and an account with a secret in every place where people write freely.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::server::{Answer, Asked};
use super::{canary, echo, token};

/// The issuer of the cluster, which nobody serves.
pub(crate) const ISSUER: &str = "https://oidc.invalid/id/A";
/// The role of the workload.
pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/shop";

fn ok(body: &Value) -> Answer {
    (200, body.to_string())
}

/// The pod's specification, as the template or a pod has it.
fn spec(place: &str) -> Value {
    let c = |name: &str| canary(&[place, name].concat());
    json!({
        "serviceAccountName": "shop",
        "nodeSelector": {"note": c("selector")},
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": [c("alias")]}],
        "imagePullSecrets": [{"name": c("pull")}],
        "volumes": [{"name": "v", "csi": {"driver": "d", "volumeAttributes": {"password": c("volume")}}}],
        "containers": [{
            "name": "app", "image": "shop:1",
            "env": [
                {"name": "DATABASE_URL", "value": format!("postgres://bob:{}@db/x", c("url"))},
                {"name": "GREETING", "value": c("env")},
                {"name": "AWS_SECRET_ACCESS_KEY", "value": c("key")},
                {"name": "AWS_ACCESS_KEY_ID", "value": c("keyid")},
                {"name": "AWS_CONTAINER_CREDENTIALS_FULL_URI", "value": format!("http://{}/", c("uri"))},
                {"name": "AWS_ENDPOINT_URL_STS", "value": format!("https://bob:{}@sts.example/", c("endpoint"))},
                {"name": "AWS_PROFILE", "value": format!("password={}", c("profile"))},
                {"name": "aws_role_arn", "value": c("lower")},
            ],
            "command": ["serve", "--password", c("command")],
            "args": [format!("--header=Authorization: Bearer {}", c("argument")), c("bare")],
            "livenessProbe": {"exec": {"command": ["probe", c("probe")]}},
            "readinessProbe": {"httpGet": {"path": format!("/{}", c("path")), "port": 1,
                "httpHeaders": [{"name": "X-Api-Key", "value": c("header")}]}},
            "lifecycle": {"preStop": {"exec": {"command": [c("hook")]}}},
        }],
    })
}

fn meta(place: &str, name: &str) -> Value {
    let c = |own: &str| canary(&[place, own].concat());
    let applied = json!({"spec": {"token": c("applied")}}).to_string();
    json!({
        "name": name, "namespace": "shop", "creationTimestamp": "2026-11-01T00:00:00Z",
        // The template's are sent along with a dry run: a server that repeats a bare word gives it back.
        "labels": {"app": "shop", "note": if place == "template" { "x".to_owned() } else { c("label") }},
        "annotations": {"note": c("annotation"), "eks.amazonaws.com/role-arn": ROLE,
            "vault/token": c("vault"), "kubectl.kubernetes.io/last-applied-configuration": applied,
            "eks.amazonaws.com/audience": format!("password={}", c("audience"))},
        "managedFields": [{"manager": format!("token={}", c("manager")), "time": "2026-11-01T00:00:00Z",
            "fieldsV1": {"f:metadata": {"f:annotations": {"f:eks.amazonaws.com/role-arn": {}}}}}],
    })
}

fn pod() -> Value {
    let dead = |place: &str| json!({"exitCode": 1, "reason": "Error", "message": echo(place)});
    json!({
        "metadata": meta("pod", "shop-1"), "spec": spec("pod"),
        "status": {
            "phase": "Failed", "reason": format!("token={}", canary("podreason")), "message": echo("podmessage"),
            "conditions": [{"type": "Ready", "status": "False", "message": echo("condition")}],
            "containerStatuses": [{
                "name": "app", "ready": false, "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": echo("waiting")}},
                "lastState": {"terminated": dead("terminated")},
            }],
        },
    })
}

/// A log with a failure, and secrets of many kinds beside it.
fn log() -> String {
    let failure = "InvalidIdentityToken: Incorrect token audience status code: 400";
    let mut text = String::new();
    for piece in echo("log").split("; ") {
        writeln!(text, "2026-11-23T10:00:00Z error {failure} {piece}\n\tcaused by: {piece}").unwrap();
        text += &json!({"level": "error", "msg": failure, "error": piece, "password": canary("logmember")}).to_string();
        text.push('\n');
    }
    text
}

fn webhooks() -> Value {
    let url = format!("https://bob:{0}@hook.example/mutate?token={0}", canary("hookurl"));
    json!({"items": [{
        "metadata": meta("hook", "pod-identity-webhook"),
        "webhooks": [{"name": "iam-for-pods.amazonaws.com", "failurePolicy": "Fail",
            "clientConfig": {"url": url, "caBundle": canary("bundle")},
            "objectSelector": {"matchExpressions": [{"key": "x", "operator": "NotIn", "values": ["y"]}]},
            "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}]}],
    }]})
}

/// The cluster's answers.
pub(crate) fn cluster(asked: &Asked) -> Option<Answer> {
    let all = |items: Value| Some(ok(&json!({"kind": "List", "metadata": {}, "items": items})));
    let path = asked.first.split(' ').nth(1)?.split('?').next()?;
    let last = path.rsplit('/').next()?;
    if asked.first.starts_with("POST") {
        return match last {
            "token" => {
                let claims = json!({"iss": ISSUER, "sub": "system:serviceaccount:shop:shop",
                    "aud": ["sts.amazonaws.com"], "iat": 1, "exp": 4_000_000_000_u64, "jti": "j",
                    "password": canary("claim"), "note": format!("token={}", canary("claimtext"))});
                Some((201, json!({"status": {"token": token("minted", &claims)}}).to_string()))
            }
            _ => Some((
                500,
                json!({"kind": "Status", "message":
                format!("failed calling webhook \"iam-for-pods.amazonaws.com\": {}", echo("webhook"))})
                .to_string(),
            )),
        };
    }
    let deployment = || {
        json!({
            "metadata": meta("deployment", "shop"), "spec": {"replicas": 1,
                "selector": {"matchLabels": {"app": "shop"}},
                "template": {"metadata": meta("template", ""), "spec": spec("template")}},
            "status": {"readyReplicas": 0, "conditions": [{"type": "Available", "message": echo("available")}]},
        })
    };
    let account = |place| json!({"metadata": meta(place, "shop"), "secrets": [{"name": canary("secret")}]});
    match last {
        "log" => Some((200, log())),
        "deployments" => all(json!([deployment()])),
        "pods" => all(json!([pod()])),
        "serviceaccounts" => all(json!([account("sibling")])),
        "mutatingwebhookconfigurations" => Some(ok(&webhooks())),
        "networkpolicies" => all(json!([{"metadata": meta("policy", "deny"), "spec": {"podSelector": {},
            "policyTypes": ["Egress"], "egress": []}}])),
        "shop" if path.contains("/deployments/") => Some(ok(&deployment())),
        "shop" if path.contains("/serviceaccounts/") => Some(ok(&account("account"))),
        _ if path.starts_with("/apis/") || path.starts_with("/api/") => {
            if matches!(last, "shop" | "eks-pod-identity-agent") {
                Some((404, "{}".to_owned()))
            } else {
                all(json!([]))
            }
        }
        _ => None,
    }
}

fn tags(place: &str) -> String {
    let own = canary(place);
    format!(
        "<Tags><member><Key>password</Key><Value>{own}</Value></member><member><Key>ManagedBy</Key><Value>token={own}\
         </Value></member></Tags>"
    )
}

/// The account's answers.
pub(crate) fn account(asked: &Asked) -> Option<Answer> {
    let provider = ISSUER.replace("https://", "arn:aws:iam::111122223333:oidc-provider/");
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}]});
    let action = |name: &str| asked.body.contains(&format!("Action={name}&")) || asked.body.ends_with(name);
    let answer = if action("GetCallerIdentity") {
        "<R><Arn>arn:aws:iam::111122223333:user/u</Arn><Account>111122223333</Account></R>".to_owned()
    } else if action("ListOpenIDConnectProviders") {
        format!("<R><OpenIDConnectProviderList><member><Arn>{provider}</Arn></member></OpenIDConnectProviderList></R>")
    } else if action("GetOpenIDConnectProvider") {
        let url = ISSUER.trim_start_matches("https://");
        format!(
            "<R><Url>{url}</Url><ClientIDList><member>sts.amazonaws.com</member></ClientIDList>{}</R>",
            tags("provider")
        )
    } else if action("GetRole") {
        format!(
            "<R><Role><Arn>{ROLE}</Arn><RoleName>shop</RoleName><Description>{}</Description><AssumeRolePolicyDocument>\
             {}</AssumeRolePolicyDocument>{}</Role></R>",
            canary("description"),
            trust,
            tags("role")
        )
    } else if action("AssumeRoleWithWebIdentity") {
        let own = canary("credentials");
        format!(
            "<R><Credentials><AccessKeyId>{own}</AccessKeyId><SecretAccessKey>{own}</SecretAccessKey><SessionToken>\
             {own}</SessionToken></Credentials><AssumedRoleUser><Arn>\
             arn:aws:sts::111122223333:assumed-role/shop/s</Arn></AssumedRoleUser></R>"
        )
    } else if action("ListAttachedRolePolicies") || action("ListRolePolicies") || action("ListRoles") {
        "<R></R>".to_owned()
    } else if asked.headers.to_ascii_lowercase().contains("lookupevents") {
        let event = json!({"requestParameters": {"password": canary("event")}, "userAgent": echo("agent"),
            "userIdentity": {"arn": "arn:aws:iam::111122223333:user/u", "accessKeyId": canary("eventkey")}});
        json!({"Events": [{"EventName": "UpdateRole", "EventTime": 1_700_000_000, "Username": echo("user"),
            "CloudTrailEvent": event.to_string(), "Resources": [{"ResourceName": "shop"}]}]})
        .to_string()
    } else {
        let addons = asked.first.contains("/addons");
        if !addons && asked.first.contains("/clusters/") {
            let tags = json!({"password": canary("clustertag")});
            json!({"cluster": {"name": "c", "arn": "arn", "endpoint": "http://x", "tags": tags,
                "identity": {"oidc": {"issuer": ISSUER}}}})
            .to_string()
        } else if asked.first.contains("/addons/") {
            json!({"addon": {"addonName": "vpc-cni", "configurationValues": canary("addon"),
                "health": {"issues": [{"code": "x", "message": echo("health")}]}}})
            .to_string()
        } else if addons {
            json!({"addons": ["vpc-cni"]}).to_string()
        } else {
            return None;
        }
    };
    Some((200, answer))
}
