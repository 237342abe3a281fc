//! EKS: clusters, add-ons, Pod Identity.

use std::collections::BTreeMap;

use serde_json::json;
use trustwalk_lab_aws::{Addon, Association, Cluster};

use super::client::{Answer, Client};
use super::world::{ISSUER, ROLE, World, role};

fn fill(world: &World, name: &str) {
    let now = world.time();
    world.account.put_cluster(Cluster {
        name: name.to_owned(),
        version: "1.36".to_owned(),
        created: now,
        issuer: ISSUER.to_owned(),
        endpoint: "https://127.0.0.1".to_owned(),
        ca: String::new(),
        addons: BTreeMap::new(),
        associations: Vec::new(),
    });
    for addon in ["vpc-cni", "coredns"] {
        let addon = Addon {
            name: addon.to_owned(),
            version: "v1".to_owned(),
            role_arn: None,
            issues: Vec::new(),
            created: now,
            modified: now,
        };
        world.account.put_addon(name, addon);
    }
}

async fn get(client: &Client, path: &str) -> Answer {
    client.send("eks", "GET", path, &[], "").await
}

#[tokio::test]
async fn clusters_and_addons_are_described_listed_and_changed() {
    let world = World::new().await;
    for name in ["a", "b", "c"] {
        fill(&world, name);
    }
    let first = get(&world.admin, "/clusters?maxResults=2").await.ok().json();
    assert_eq!(first["clusters"], json!(["a", "b"]));
    let next = first["nextToken"].as_str().unwrap();
    let rest = get(&world.admin, &format!("/clusters?maxResults=2&nextToken={next}")).await.ok().json();
    assert_eq!(rest, json!({"clusters": ["c"]}));
    get(&world.admin, "/clusters?maxResults=0").await.refuses_json(400, "InvalidParameterException", "maxResults");
    let one = get(&world.admin, "/clusters/a").await.ok().json();
    assert_eq!(one["cluster"]["identity"]["oidc"]["issuer"], ISSUER);
    get(&world.admin, "/clusters/z").await.refuses_json(
        404,
        "ResourceNotFoundException",
        "No cluster found for name: z.",
    );
    assert_eq!(get(&world.admin, "/clusters/a/addons").await.ok().json()["addons"], json!(["coredns", "vpc-cni"]));
    let body = json!({"serviceAccountRoleArn": ROLE}).to_string();
    world.admin.send("eks", "POST", "/clusters/a/addons/vpc-cni/update", &[], &body).await.ok();
    let addon = get(&world.admin, "/clusters/a/addons/vpc-cni").await.ok().json();
    assert_eq!(addon["addon"]["serviceAccountRoleArn"], ROLE);
    get(&world.admin, "/clusters/a/addons/x").await.refuses_json(404, "ResourceNotFoundException", "No addon: x");
    get(&world.nobody, "/clusters/a").await.refuses_json(403, "AccessDeniedException", "eks:DescribeCluster");
    get(&world.admin, "/nonsense").await.refuses_json(404, "NotFoundException", "/nonsense");
}

#[tokio::test]
async fn pod_identity_needs_association_audience_and_a_role_that_trusts_eks() {
    let world = World::new().await;
    fill(&world, "a");
    let ask = async |client: &Client, token: &str| {
        let body = json!({"token": token}).to_string();
        client.send("eks-auth", "POST", "/clusters/a/assume-role-for-pod-identity", &[], &body).await
    };
    let token = world.token(&[("aud", json!(["pods.eks.amazonaws.com"]))]);
    ask(&world.admin, &token).await.refuses_json(404, "ResourceNotFoundException", "no Pod Identity association");
    world.account.put_association(
        "a",
        Association {
            id: "a-1".to_owned(),
            namespace: "kube-system".to_owned(),
            service_account: "aws-node".to_owned(),
            role_arn: ROLE.to_owned(),
            created: world.time(),
            modified: world.time(),
        },
    );
    ask(&world.admin, &token).await.refuses_json(400, "AccessDeniedException", ROLE);
    let policy = json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"]}]});
    world.account.put_role(role("Cni", policy.to_string()));
    let done = ask(&world.admin, &token).await.ok().json();
    assert_eq!(done["subject"]["serviceAccount"], "aws-node");
    assert!(done["credentials"]["accessKeyId"].as_str().unwrap().starts_with("ASIA"));
    ask(&world.admin, &world.token(&[])).await.refuses_json(400, "InvalidTokenException", "audience");
    let now = world.time().as_second();
    let old = world.token(&[("aud", json!(["pods.eks.amazonaws.com"])), ("exp", json!(now - 400))]);
    ask(&world.admin, &old).await.refuses_json(400, "ExpiredTokenException", "Token expired");
    ask(&world.admin, "abc").await.refuses_json(400, "InvalidTokenException", "not a valid JWT");
    ask(&world.nobody, &token).await.refuses_json(400, "AccessDeniedException", "eks-auth:AssumeRoleForPodIdentity");
    let listed = get(&world.admin, "/clusters/a/pod-identity-associations?namespace=default").await.ok().json();
    assert_eq!(listed["associations"], json!([]));
}

#[tokio::test]
async fn an_association_is_made_once_changed_and_deleted_by_who_may_hand_its_role_on() {
    let world = World::new().await;
    fill(&world, "a");
    let all = "/clusters/a/pod-identity-associations";
    let call = async |client: &Client, method: &str, path: &str, body: serde_json::Value| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        client.send("eks", method, path, &[], &body).await
    };
    let asked = json!({"namespace": "payments", "serviceAccount": "ledger", "roleArn": ROLE});
    call(&world.nobody, "POST", all, asked.clone()).await.refuses_json(403, "AccessDenied", "eks:CreatePodIdentity");
    let counts = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let hears = std::sync::Arc::clone(&counts);
    world.account.follow_associations("a", std::sync::Arc::new(move |all| hears.lock().unwrap().push(all.len())));
    let made = call(&world.admin, "POST", all, asked.clone()).await.ok().json();
    assert_eq!(made["association"]["roleArn"], ROLE);
    let id = made["association"]["associationId"].as_str().unwrap().to_owned();
    call(&world.admin, "POST", all, asked).await.refuses_json(409, "ResourceInUseException", &id);
    let other = json!({"namespace": "payments", "serviceAccount": "x", "roleArn": format!("{ROLE}-gone")});
    call(&world.admin, "POST", all, other).await.refuses_json(400, "InvalidParameterException", "does not exist");
    let own = format!("{all}/{id}");
    let same = call(&world.admin, "POST", &own, json!({"roleArn": ROLE})).await.ok().json();
    assert_eq!(same["association"]["associationId"], id);
    call(&world.admin, "DELETE", &own, serde_json::Value::Null).await.ok();
    call(&world.admin, "DELETE", &own, serde_json::Value::Null).await.refuses_json(404, "ResourceNotFound", &id);
    assert_eq!(*counts.lock().unwrap(), [1, 1, 0], "who injects hears of each change");
}
