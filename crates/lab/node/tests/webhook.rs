//! The pod-identity webhook, asked over real TLS as an API server asks it.

mod hook;

use hook::{Hook, account, patched, pod};
use serde_json::{Value, json};
use trustwalk_lab_cluster::json as j;
use trustwalk_lab_node::WebhookConfig;

fn env(pod: &Value, name: &str) -> Option<String> {
    let env = j::items(pod, "/spec/containers/0/env");
    let entry = env.iter().find(|entry| j::text(entry, "/name") == name)?;
    Some(j::text(entry, "/value").to_owned())
}

const ROLE: &str = "arn:aws:iam::111122223333:role/r";

#[tokio::test]
async fn an_annotated_account_gets_role_token_and_region() {
    let hook = Hook::start(WebhookConfig { region: Some("us-west-2".into()), ..WebhookConfig::default() }).await;
    hook.account(account("app", &json!({"eks.amazonaws.com/role-arn": ROLE})));
    let pod = hook.admit(&pod("app", &json!({}))).await.unwrap();
    assert_eq!(env(&pod, "AWS_ROLE_ARN").unwrap(), ROLE);
    assert_eq!(
        env(&pod, "AWS_WEB_IDENTITY_TOKEN_FILE").unwrap(),
        "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
    );
    assert_eq!(env(&pod, "AWS_STS_REGIONAL_ENDPOINTS").unwrap(), "regional");
    assert_eq!(env(&pod, "AWS_REGION").unwrap(), "us-west-2");
    assert_eq!(env(&pod, "AWS_DEFAULT_REGION").unwrap(), "us-west-2");
    let volume = &pod["spec"]["volumes"][0];
    assert_eq!(volume["name"], "aws-iam-token");
    let token = &volume["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!(token, &json!({"audience": "sts.amazonaws.com", "expirationSeconds": 86_400, "path": "token"}));
    let mount = &pod["spec"]["containers"][0]["volumeMounts"][0];
    assert_eq!(mount["readOnly"], true);
    assert!(env(&hook.admit(&hook::pod("plain", &json!({}))).await.unwrap(), "AWS_ROLE_ARN").is_none());
}

#[tokio::test]
async fn annotations_decide_audience_lifetime_endpoint_and_containers() {
    let hook = Hook::start(WebhookConfig::default()).await;
    hook.account(account(
        "app",
        &json!({
            "eks.amazonaws.com/role-arn": ROLE,
            "eks.amazonaws.com/audience": "other",
            "eks.amazonaws.com/token-expiration": "60",
            "eks.amazonaws.com/sts-regional-endpoints": "false",
        }),
    ));
    let admitted = hook.admit(&pod("app", &json!({}))).await.unwrap();
    let token = &admitted["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!((&token["audience"], &token["expirationSeconds"]), (&json!("other"), &json!(600)));
    assert!(env(&admitted, "AWS_STS_REGIONAL_ENDPOINTS").is_none());
    assert!(env(&admitted, "AWS_REGION").is_none());
    let longer = hook.admit(&pod("app", &json!({"eks.amazonaws.com/token-expiration": "7200"}))).await.unwrap();
    assert_eq!(
        longer["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"],
        7200
    );
    let skipped = hook.admit(&pod("app", &json!({"eks.amazonaws.com/skip-containers": "main, x"}))).await.unwrap();
    assert!(env(&skipped, "AWS_ROLE_ARN").is_none());
    // Go's reader of comma-separated values takes blanks for a part of the name, and a stray quote for no record.
    for unread in ["x, main", "\"main", "main\"s,main"] {
        let pod = hook.admit(&pod("app", &json!({"eks.amazonaws.com/skip-containers": unread}))).await.unwrap();
        assert!(env(&pod, "AWS_ROLE_ARN").is_some(), "{unread}");
    }
}

#[tokio::test]
async fn preset_variables_stay_and_the_token_is_mounted_all_the_same() {
    let hook = Hook::start(WebhookConfig { region: Some("us-west-2".into()), ..WebhookConfig::default() }).await;
    hook.account(account("app", &json!({"eks.amazonaws.com/role-arn": ROLE})));
    let mut own = pod("app", &json!({}));
    own["spec"]["containers"][0]["env"] = json!([{"name": "AWS_ROLE_ARN", "value": "mine"}]);
    let admitted = hook.admit(&own).await.unwrap();
    assert_eq!(env(&admitted, "AWS_ROLE_ARN").unwrap(), "mine");
    assert_eq!(env(&admitted, "AWS_WEB_IDENTITY_TOKEN_FILE"), None);
    assert_eq!(env(&admitted, "AWS_REGION").unwrap(), "us-west-2");
    assert_eq!(admitted["spec"]["containers"][0]["volumeMounts"][0]["name"], "aws-iam-token");
    assert_eq!(admitted["spec"]["volumes"][0]["name"], "aws-iam-token");
    // With region and endpoint besides, the container counts as complete; the pod has the volume nevertheless.
    own["spec"]["containers"][0]["env"] = json!([
        {"name": "AWS_ROLE_ARN", "value": "mine"}, {"name": "AWS_DEFAULT_REGION", "value": "eu-west-1"},
        {"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "legacy"},
    ]);
    let admitted = hook.admit(&own).await.unwrap();
    assert_eq!(admitted["spec"]["containers"], own["spec"]["containers"]);
    assert_eq!(admitted["spec"]["volumes"][0]["name"], "aws-iam-token");
}

#[tokio::test]
async fn an_association_wins_over_the_annotation() {
    let associations = [("team".to_owned(), "app".to_owned())].into();
    let hook = Hook::start(WebhookConfig { associations, ..WebhookConfig::default() }).await;
    hook.account(account("app", &json!({"eks.amazonaws.com/role-arn": ROLE})));
    let pod = hook.admit(&pod("app", &json!({}))).await.unwrap();
    assert!(env(&pod, "AWS_ROLE_ARN").is_none());
    assert_eq!(env(&pod, "AWS_CONTAINER_CREDENTIALS_FULL_URI").unwrap(), "http://169.254.170.23/v1/credentials");
    assert_eq!(
        env(&pod, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").unwrap(),
        "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token"
    );
    let token = &pod["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!(token["audience"], "pods.eks.amazonaws.com");
    assert_eq!(pod["metadata"]["labels"]["eks.amazonaws.com/pod-identity"], "enabled");
    assert!((79_200..=86_400).contains(&token["expirationSeconds"].as_i64().unwrap()));
}

#[tokio::test]
async fn a_value_that_go_takes_for_no_boolean_leaves_the_default() {
    for (value, regional) in [("yes", true), ("", true), ("True", true), ("False", false), ("0", false)] {
        let hook = Hook::start(WebhookConfig::default()).await;
        let annotations =
            json!({"eks.amazonaws.com/role-arn": ROLE, "eks.amazonaws.com/sts-regional-endpoints": value});
        hook.account(account("app", &annotations));
        let pod = hook.admit(&pod("app", &json!({}))).await.unwrap();
        assert_eq!(env(&pod, "AWS_STS_REGIONAL_ENDPOINTS").is_some(), regional, "{value}");
    }
}

#[tokio::test]
async fn faults_show_and_mend_at_run_time() {
    let hook = Hook::start(WebhookConfig::default()).await;
    hook.account(account(
        "app",
        &json!({"eks.amazonaws.com/role-arn": ROLE, "eks.amazonaws.com/sts-regional-endpoints": "true"}),
    ));
    let plain = pod("app", &json!({}));
    hook.settings.update(|config| config.stopped = true);
    assert!(hook.admit(&plain).await.is_none());
    hook.settings.update(|config| {
        config.stopped = false;
        config.not_in_cache = [("team".to_owned(), "app".to_owned())].into();
    });
    assert_eq!(hook.admit(&plain).await.unwrap(), plain);
    hook.settings.update(|config| {
        config.not_in_cache.clear();
        config.ignores_regional_annotation = true;
    });
    let old = hook.admit(&plain).await.unwrap();
    assert!(env(&old, "AWS_ROLE_ARN").is_some());
    assert!(env(&old, "AWS_STS_REGIONAL_ENDPOINTS").is_none());
    hook.settings.update(|config| config.ignores_regional_annotation = false);
    assert!(env(&hook.admit(&plain).await.unwrap(), "AWS_STS_REGIONAL_ENDPOINTS").is_some());
    let mut windows = plain.clone();
    windows["spec"]["nodeSelector"] = json!({"kubernetes.io/os": "windows"});
    let path = |pod: &Value| env(pod, "AWS_WEB_IDENTITY_TOKEN_FILE").unwrap();
    assert!(path(&hook.admit(&windows).await.unwrap()).starts_with(r"C:\var\run"));
    hook.settings.update(|config| config.windows_paths = false);
    assert!(path(&hook.admit(&windows).await.unwrap()).starts_with("/var/run"));
}

#[tokio::test]
async fn other_kinds_pass_and_rubbish_is_refused() {
    let hook = Hook::start(WebhookConfig::default()).await;
    let review = json!({"request": {"uid": "u", "kind": {"kind": "Node"}, "object": {}}});
    let (status, answer) = hook.post("/mutate", review.to_string()).await.unwrap();
    assert_eq!(status, 200);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["response"], json!({"uid": "u", "allowed": true}));
    assert_eq!(hook.post("/mutate", "{".into()).await.unwrap().0, 400);
    assert_eq!(hook.post("/elsewhere", "{}".into()).await.unwrap().0, 404);
    assert_eq!(patched(&json!({"a": 1}), &json!([])), json!({"a": 1}));
}
