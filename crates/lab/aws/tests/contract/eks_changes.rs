//! EKS: what is made, changed, waited for and deleted in it, and who may log in.

use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::world::{World, role};

/// A role that a service may have.
fn service_role(world: &World, name: &str, service: &str) -> String {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": ["sts:AssumeRole", "sts:TagSession"]}]});
    world.account.put_role(role(name, trust.to_string()));
    format!("arn:aws:iam::111122223333:role/{name}")
}

async fn call(client: &Client, method: &str, path: &str, body: Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    client.send("eks", method, path, &[], &body).await
}

/// A path's segment with an ARN in it.
fn segment(arn: &str) -> String {
    arn.replace(':', "%3A").replace('/', "%2F")
}

/// A world with a cluster that a caller made.
async fn world(mode: &str) -> World {
    let world = World::new().await;
    let asked = json!({"name": "prod", "roleArn": service_role(&world, "Cluster", "eks.amazonaws.com"),
        "resourcesVpcConfig": {"subnetIds": ["subnet-1", "subnet-2"]}, "version": "1.34",
        "accessConfig": {"authenticationMode": mode}, "tags": {"team": "red"}});
    call(&world.admin, "POST", "/clusters", asked).await.ok();
    world
}

#[tokio::test]
async fn a_cluster_is_made_with_a_role_that_eks_may_have_changed_and_deleted() {
    let world = world("API").await;
    let get = async || call(&world.admin, "GET", "/clusters/prod", Value::Null).await.ok().json()["cluster"].clone();
    let cluster = get().await;
    assert_eq!((&cluster["status"], &cluster["tags"]), (&json!("ACTIVE"), &json!({"team": "red"})));
    for member in ["/roleArn", "/platformVersion", "/resourcesVpcConfig/vpcId", "/identity/oidc/issuer"] {
        assert!(cluster.pointer(member).is_some_and(Value::is_string), "{member}: {cluster}");
    }
    let wrong = json!({"name": "other", "roleArn": super::world::ROLE,
        "resourcesVpcConfig": {"subnetIds": ["subnet-1", "subnet-2"]}});
    let words = "could not be assumed because it does not exist or the trusted entity is not correct";
    let refused = call(&world.admin, "POST", "/clusters", wrong).await;
    refused.refuses_json(400, "InvalidParameterException", words);
    let twice = json!({"name": "prod", "roleArn": "arn:aws:iam::111122223333:role/Cluster",
        "resourcesVpcConfig": {"subnetIds": ["subnet-1", "subnet-2"]}});
    let refused = call(&world.admin, "POST", "/clusters", twice).await;
    refused.refuses_json(409, "ResourceInUseException", "prod");
    let logging = json!({"logging": {"clusterLogging": [{"types": ["api"], "enabled": true}]}});
    let update = call(&world.admin, "POST", "/clusters/prod/update-config", logging).await.ok().json();
    assert_eq!(
        (&update["update"]["type"], &update["update"]["status"]),
        (&json!("LoggingUpdate"), &json!("InProgress"))
    );
    let id = update["update"]["id"].as_str().unwrap();
    let waited = call(&world.admin, "GET", &format!("/clusters/prod/updates/{id}"), Value::Null).await.ok().json();
    assert_eq!(waited["update"]["status"], "Successful");
    assert_eq!(get().await["logging"]["clusterLogging"][0], json!({"types": ["api"], "enabled": true}));
    let skip = call(&world.admin, "POST", "/clusters/prod/updates", json!({"version": "1.36"})).await;
    skip.refuses_json(400, "InvalidParameterException", "from 1.34 to 1.36");
    call(&world.admin, "POST", "/clusters/prod/updates", json!({"version": "1.35"})).await.ok();
    assert_eq!(get().await["version"], "1.35");
    let arn = "arn:aws:eks:us-west-2:111122223333:cluster/prod";
    let tags = format!("/tags/{}", segment(arn));
    call(&world.admin, "POST", &tags, json!({"tags": {"a": "1", "b": "2"}})).await.ok();
    call(&world.admin, "DELETE", &format!("{tags}?tagKeys=a&tagKeys=team"), Value::Null).await.ok();
    assert_eq!(call(&world.admin, "GET", &tags, Value::Null).await.ok().json(), json!({"tags": {"b": "2"}}));
    call(&world.admin, "DELETE", "/clusters/prod", Value::Null).await.ok();
    assert_eq!(call(&world.admin, "GET", "/clusters/prod", Value::Null).await.status, 404);
}

#[tokio::test]
async fn add_ons_have_versions_configuration_and_associations_of_their_own() {
    let world = world("API").await;
    let known = "/addons/supported-versions?addonName=vpc-cni&kubernetesVersion=1.34";
    let versions = call(&world.admin, "GET", known, Value::Null).await.ok().json();
    let newest = versions["addons"][0]["addonVersions"][0]["addonVersion"].clone();
    assert!(newest.as_str().unwrap().contains("-eksbuild."), "{versions}");
    let role = service_role(&world, "Pods", "pods.eks.amazonaws.com");
    let made = json!({"addonName": "vpc-cni", "addonVersion": newest, "configurationValues": "{}",
        "podIdentityAssociations": [{"serviceAccount": "aws-node", "roleArn": role}]});
    let addons = "/clusters/prod/addons";
    call(&world.admin, "POST", addons, made.clone()).await.ok();
    call(&world.admin, "POST", addons, made).await.refuses_json(409, "ResourceInUse", "Addon already exists.");
    let none = json!({"addonName": "vpc-cni-2"});
    call(&world.admin, "POST", addons, none).await.refuses_json(400, "InvalidParameter", "not supported");
    let one = format!("{addons}/vpc-cni");
    let shown = call(&world.admin, "GET", &one, Value::Null).await.ok().json()["addon"].clone();
    let arn = shown["addonArn"].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:eks:us-west-2:111122223333:addon/prod/vpc-cni/"), "{arn}");
    assert_eq!((&shown["status"], &shown["configurationValues"]), (&json!("ACTIVE"), &json!("{}")));
    let associations = "/clusters/prod/pod-identity-associations";
    let listed = call(&world.admin, "GET", associations, Value::Null).await.ok().json()["associations"].clone();
    assert_eq!((&listed[0]["serviceAccount"], &listed[0]["ownerArn"]), (&json!("aws-node"), &json!(arn)));
    let update = json!({"configurationValues": "{\"a\":1}"});
    let update = call(&world.admin, "POST", &format!("{one}/update"), update).await.ok().json();
    let waited = format!("/clusters/prod/updates/{}?addonName=vpc-cni", update["update"]["id"].as_str().unwrap());
    let waited = call(&world.admin, "GET", &waited, Value::Null).await.ok().json();
    assert_eq!(waited["update"]["params"][0]["type"], "ConfigurationValues");
    call(&world.admin, "DELETE", &one, Value::Null).await.ok();
    let listed = call(&world.admin, "GET", associations, Value::Null).await.ok().json();
    assert_eq!(listed, json!({"associations": []}), "they go with their add-on");
}

#[tokio::test]
async fn node_groups_and_identity_providers_are_kept_as_they_were_asked_for() {
    let world = world("API").await;
    let role = service_role(&world, "Node", "ec2.amazonaws.com");
    let groups = "/clusters/prod/node-groups";
    let asked = json!({"nodegroupName": "general", "nodeRole": role, "subnets": ["subnet-1"],
        "labels": {"a": "1", "b": "2"}, "taints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}]});
    call(&world.admin, "POST", groups, asked).await.ok();
    let change = json!({"labels": {"addOrUpdateLabels": {"a": "3"}, "removeLabels": ["b"]},
        "taints": {"removeTaints": [{"key": "k", "effect": "NO_SCHEDULE"}]},
        "scalingConfig": {"minSize": 0, "maxSize": 5, "desiredSize": 1}});
    call(&world.admin, "POST", &format!("{groups}/general/update-config"), change).await.ok();
    let group = call(&world.admin, "GET", &format!("{groups}/general"), Value::Null).await.ok().json();
    let group = &group["nodegroup"];
    assert_eq!((&group["labels"], &group["taints"]), (&json!({"a": "3"}), &json!([])));
    assert_eq!((&group["scalingConfig"]["maxSize"], &group["diskSize"]), (&json!(5), &json!(20)));
    let held = call(&world.admin, "DELETE", "/clusters/prod", Value::Null).await;
    held.refuses_json(409, "ResourceInUseException", "nodegroups");
    call(&world.admin, "DELETE", &format!("{groups}/general"), Value::Null).await.ok();
    let configs = "/clusters/prod/identity-provider-configs";
    let oidc = json!({"oidc": {"identityProviderConfigName": "people", "issuerUrl": "https://login.example.com",
        "clientId": "k"}});
    call(&world.admin, "POST", &format!("{configs}/associate"), oidc.clone()).await.ok();
    let again = call(&world.admin, "POST", &format!("{configs}/associate"), oidc).await;
    again.refuses_json(409, "ResourceInUseException", "already");
    let name = json!({"identityProviderConfig": {"type": "oidc", "name": "people"}});
    let shown = call(&world.admin, "POST", &format!("{configs}/describe"), name.clone()).await.ok().json();
    assert_eq!(shown["identityProviderConfig"]["oidc"]["status"], "ACTIVE");
    call(&world.admin, "POST", &format!("{configs}/disassociate"), name.clone()).await.ok();
    let gone = call(&world.admin, "POST", &format!("{configs}/describe"), name).await;
    gone.refuses_json(404, "ResourceNotFoundException", "not associated");
}

#[tokio::test]
async fn access_entries_say_who_may_use_a_cluster_and_how() {
    let world = world("API_AND_CONFIG_MAP").await;
    let entries = "/clusters/prod/access-entries";
    let listed = call(&world.admin, "GET", entries, Value::Null).await.ok().json();
    assert_eq!(listed, json!({"accessEntries": ["arn:aws:iam::111122223333:user/admin"]}), "who made it has one");
    let entry = json!({"principalArn": super::world::ROLE, "kubernetesGroups": ["readers"]});
    let made = call(&world.admin, "POST", entries, entry.clone()).await.ok().json();
    let name = "arn:aws:sts::111122223333:assumed-role/Cni/{{SessionName}}";
    assert_eq!((&made["accessEntry"]["username"], &made["accessEntry"]["type"]), (&json!(name), &json!("STANDARD")));
    call(&world.admin, "POST", entries, entry).await.refuses_json(409, "ResourceInUseException", "already in use");
    for (entry, words) in [
        (json!({"principalArn": "arn:aws:iam::111122223333:role/Gone"}), "invalid principal"),
        (json!({"principalArn": super::world::ROLE, "kubernetesGroups": ["system:masters"]}), "system:"),
        (json!({"principalArn": super::world::ROLE, "type": "EC2_LINUX", "username": "x"}), "EC2_LINUX"),
    ] {
        call(&world.admin, "POST", entries, entry).await.refuses_json(400, "InvalidParameterException", words);
    }
    let policies = format!("{entries}/{}/access-policies", segment(super::world::ROLE));
    let view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
    let give = json!({"policyArn": view, "accessScope": {"type": "namespace", "namespaces": ["payments"]}});
    call(&world.admin, "POST", &policies, give).await.ok();
    let given = call(&world.admin, "GET", &policies, Value::Null).await.ok().json();
    assert_eq!(given["associatedAccessPolicies"][0]["accessScope"]["namespaces"], json!(["payments"]));
    let unknown = json!({"policyArn": format!("{view}2"), "accessScope": {"type": "cluster"}});
    call(&world.admin, "POST", &policies, unknown).await.refuses_json(400, "InvalidParameterException", "policyArn");
    call(&world.admin, "DELETE", &format!("{policies}/{}", segment(view)), Value::Null).await.ok();
    call(&world.admin, "DELETE", &format!("{entries}/{}", segment(super::world::ROLE)), Value::Null).await.ok();
    let old = self::world("CONFIG_MAP").await;
    let refused = call(&old.admin, "GET", entries, Value::Null).await;
    refused.refuses_json(400, "InvalidRequestException", "authentication mode must be set to one of");
}

/// Service Authorization Reference, Amazon EKS: what is in a cluster is a resource of its own.
#[tokio::test]
async fn policies_name_what_is_in_a_cluster() {
    let world = world("API").await;
    call(&world.admin, "POST", "/clusters/prod/addons", json!({"addonName": "coredns"})).await.ok();
    let own = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "eks:*", "Resource": "arn:aws:eks:us-west-2:111122223333:addon/prod/*"}]});
    let inline = [("RoleName", "Cni"), ("PolicyName", "own"), ("PolicyDocument", &own.to_string())];
    world.admin.iam("PutRolePolicy", &inline).await.ok();
    let session = Client::new(world.address, world.account.session_for("Cni", "pod", 900));
    call(&session, "GET", "/clusters/prod/addons/coredns", Value::Null).await.ok();
    for path in ["/clusters/prod/addons", "/clusters/prod", "/clusters", "/clusters/prod/access-entries"] {
        let refused = call(&session, "GET", path, Value::Null).await;
        refused.refuses_json(403, "AccessDeniedException", "is not authorized to perform: eks:");
    }
    // A role is handed on by whom may hand it on, and to whom.
    let passes = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "eks:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
         "Condition": {"StringEquals": {"iam:PassedToService": "pods.eks.amazonaws.com"}}}]});
    let inline = [("RoleName", "Cni"), ("PolicyName", "own"), ("PolicyDocument", &passes.to_string())];
    world.admin.iam("PutRolePolicy", &inline).await.ok();
    let associations = "/clusters/prod/pod-identity-associations";
    let asked = json!({"namespace": "a", "serviceAccount": "b", "roleArn": super::world::ROLE});
    call(&session, "POST", associations, asked).await.ok();
    let asked = json!({"serviceAccountRoleArn": super::world::ROLE});
    let refused = call(&session, "POST", "/clusters/prod/addons/coredns/update", asked).await;
    refused.refuses_json(403, "AccessDeniedException", "iam:PassRole");
}
