//! Policies of roles, and what they let a session do.

use super::client::Client;
use super::world::World;

const CNI: &str = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy";
const OWN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:*","Resource":"*"}]}"#;

#[tokio::test]
async fn a_session_may_do_what_its_role_may() {
    let world = World::new().await;
    let session = Client::new(world.address, world.account.session_for("Cni", "pod", 900));
    let list = async || session.query("ec2", "DescribeNetworkInterfaces", &[]).await;
    let who = "arn:aws:sts::111122223333:assumed-role/Cni/pod";
    let text = format!(
        "You are not authorized to perform this operation. User: {who} is not authorized to perform: \
         ec2:DescribeNetworkInterfaces because no identity-based policy allows the ec2:DescribeNetworkInterfaces \
         action"
    );
    list().await.refuses(403, "UnauthorizedOperation", &text);
    let policy = [("RoleName", "Cni"), ("PolicyArn", CNI)];
    for _ in 0..2 {
        world.admin.iam("AttachRolePolicy", &policy).await.ok();
    }
    let all = list().await.ok().all("networkInterfaceId");
    assert_eq!(all.len(), 6);
    let asked = async |more: &[(&str, &str)]| session.query("ec2", "DescribeNetworkInterfaces", more).await;
    let by_filter = [("Filter.1.Name", "private-ip-address"), ("Filter.1.Value.1", "10.0.2.*")];
    assert_eq!(asked(&by_filter).await.ok().all("networkInterfaceId"), all[1..2]);
    assert_eq!(asked(&[("NetworkInterfaceId.1", &all[4])]).await.ok().all("networkInterfaceId"), all[4..5]);
    let gone = asked(&[("NetworkInterfaceId.1", "eni-gone")]).await;
    gone.refuses(400, "InvalidNetworkInterfaceID.NotFound", "The networkInterface ID 'eni-gone' does not exist");
    let attached = world.admin.iam("ListAttachedRolePolicies", &policy[..1]).await.ok();
    assert_eq!(attached.all("PolicyArn"), [CNI]);
    let inline = [("RoleName", "Cni"), ("PolicyName", "own"), ("PolicyDocument", OWN)];
    world.admin.iam("PutRolePolicy", &inline).await.ok();
    assert_eq!(list().await.text("Code"), "UnauthorizedOperation", "a deny wins");
    assert_eq!(world.admin.iam("ListRolePolicies", &inline[..1]).await.ok().members("PolicyNames"), ["own"]);
    let got = world.admin.iam("GetRolePolicy", &inline[..2]).await.ok();
    assert!(got.text("PolicyDocument").contains("ec2%3A%2A"));
    let held = "Cannot delete entity, must detach all policies first.";
    world.admin.iam("DeleteRole", &inline[..1]).await.refuses(409, "DeleteConflict", held);
    world.admin.iam("DeleteRolePolicy", &inline[..2]).await.ok();
    let gone = "The role policy with name own cannot be found.";
    world.admin.iam("GetRolePolicy", &inline[..2]).await.refuses(404, "NoSuchEntity", gone);
    world.admin.iam("DetachRolePolicy", &policy).await.ok();
    let text = format!("Policy {CNI} was not found.");
    world.admin.iam("DetachRolePolicy", &policy).await.refuses(404, "NoSuchEntity", &text);
    world.admin.iam("DeleteRole", &inline[..1]).await.ok();
}

#[tokio::test]
async fn managed_policies_are_made_read_and_attached() {
    let world = World::new().await;
    let made = world.admin.iam("CreatePolicy", &[("PolicyName", "Mine"), ("PolicyDocument", OWN)]).await.ok();
    let arn = made.text("Arn");
    assert_eq!(arn, "arn:aws:iam::111122223333:policy/Mine");
    let again = world.admin.iam("CreatePolicy", &[("PolicyName", "Mine"), ("PolicyDocument", OWN)]).await;
    again.refuses(409, "EntityAlreadyExists", "A policy called Mine already exists. Duplicate names are not allowed.");
    assert_eq!(world.admin.iam("GetPolicy", &[("PolicyArn", CNI)]).await.ok().text("DefaultVersionId"), "v5");
    let version = world.admin.iam("GetPolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v1")]).await.ok();
    assert!(version.text("Document").contains("%22Deny%22"));
    let none = world.admin.iam("GetPolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v9")]).await;
    none.refuses(404, "NoSuchEntity", &format!("Policy {arn} version v9 does not exist or is not attachable."));
    let absent = "arn:aws:iam::111122223333:policy/Absent";
    let attach = world.admin.iam("AttachRolePolicy", &[("RoleName", "Cni"), ("PolicyArn", absent)]).await;
    attach.refuses(404, "NoSuchEntity", &format!("Policy {absent} does not exist or is not attachable."));
    let bad = world.admin.iam("CreatePolicy", &[("PolicyName", "Bad"), ("PolicyDocument", "{")]).await;
    bad.refuses(400, "MalformedPolicyDocument", "Syntax errors in policy.");
}

/// IAM User Guide, "Permissions boundaries for IAM entities" and "Troubleshoot access denied error messages".
#[tokio::test]
async fn a_boundary_bounds_and_a_denial_anywhere_wins() {
    let world = World::new().await;
    let session = Client::new(world.address, world.account.session_for("Cni", "pod", 900));
    let document = |effect: &str, action: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}]}}"#
        )
    };
    let who = "arn:aws:sts::111122223333:assumed-role/Cni/pod";
    let refused = |why: &str| format!("User: {who} is not authorized to perform: s3:ListAllMyBuckets {why}");
    let list = async || session.send("s3", "GET", "/", &[], "").await;
    list().await.refuses_s3(&refused("because no identity-based policy allows the s3:ListAllMyBuckets action"));
    let all = document("Allow", "s3:*");
    let inline = [("RoleName", "Cni"), ("PolicyName", "own"), ("PolicyDocument", all.as_str())];
    world.admin.iam("PutRolePolicy", &inline).await.ok();
    assert_eq!(list().await.status, 200);
    let made = async |name: &str, document: &str| {
        let asked = [("PolicyName", name), ("PolicyDocument", document)];
        world.admin.iam("CreatePolicy", &asked).await.ok().text("Arn")
    };
    let bound = async |arn: &str| {
        world.admin.iam("PutRolePermissionsBoundary", &[("RoleName", "Cni"), ("PermissionsBoundary", arn)]).await
    };
    let narrow = made("Narrow", &document("Allow", "ec2:*")).await;
    bound(&narrow).await.ok();
    let shown = world.admin.iam("GetRole", &[("RoleName", "Cni")]).await.ok();
    assert_eq!(shown.text("PermissionsBoundaryArn"), narrow);
    list().await.refuses_s3(&refused("because no permissions boundary allows the s3:ListAllMyBuckets action"));
    bound(&made("Never", &document("Deny", "s3:List*")).await).await.ok();
    list().await.refuses_s3(&refused("with an explicit deny in a permissions boundary"));
    let none = "arn:aws:iam::111122223333:policy/None";
    let text = format!("Scope ARN: {none} does not exist or is not attachable.");
    bound(none).await.refuses(404, "NoSuchEntity", &text);
    world.admin.iam("DeleteRolePermissionsBoundary", &[("RoleName", "Cni")]).await.ok();
    assert_eq!(list().await.status, 200);
    let deny = document("Deny", "s3:ListAllMyBuckets");
    let more = [("RoleName", "Cni"), ("PolicyName", "deny"), ("PolicyDocument", deny.as_str())];
    world.admin.iam("PutRolePolicy", &more).await.ok();
    list().await.refuses_s3(&refused("with an explicit deny in an identity-based policy"));
}

/// An operation without resources wants `*` (Service Authorization Reference).
#[tokio::test]
async fn a_list_is_not_allowed_by_a_resource() {
    let world = World::new().await;
    let session = Client::new(world.address, world.account.session_for("Cni", "pod", 900));
    let own = concat!(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","#,
        r#""Resource":"arn:aws:iam::111122223333:role/Other*"}]}"#
    );
    let inline = [("RoleName", "Cni"), ("PolicyName", "own"), ("PolicyDocument", own)];
    world.admin.iam("PutRolePolicy", &inline).await.ok();
    assert_eq!(session.iam("ListRoles", &[]).await.status, 403);
}

/// IAM User Guide, "Versioning IAM policies": five versions, of which one counts.
#[tokio::test]
async fn a_policy_has_versions_and_the_default_one_counts() {
    let world = World::new().await;
    let document = |action: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#)
    };
    let s3 = document("s3:*");
    let asked = [
        ("PolicyName", "Mine"),
        ("PolicyDocument", s3.as_str()),
        ("Description", "for a test"),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "red"),
    ];
    let made = world.admin.iam("CreatePolicy", &asked).await.ok();
    let arn = made.text("Arn");
    assert!(made.text("PolicyId").starts_with("ANPA"));
    assert_eq!((made.text("AttachmentCount").as_str(), made.text("Key").as_str()), ("0", "team"));
    let on = async |action: &str, more: &[(&str, &str)]| {
        let asked = [&[("PolicyArn", arn.as_str())], more].concat();
        world.admin.iam(action, &asked).await
    };
    on("AttachRolePolicy", &[("RoleName", "Cni")]).await.ok();
    let got = on("GetPolicy", &[]).await.ok();
    assert_eq!((got.text("AttachmentCount").as_str(), got.text("Description").as_str()), ("1", "for a test"));
    let session = Client::new(world.address, world.account.session_for("Cni", "pod", 900));
    session.send("s3", "GET", "/", &[], "").await.ok();
    let ec2 = document("ec2:*");
    let next = on("CreatePolicyVersion", &[("PolicyDocument", &ec2), ("SetAsDefault", "true")]).await.ok();
    assert_eq!((next.text("VersionId").as_str(), next.text("IsDefaultVersion").as_str()), ("v2", "true"));
    assert_eq!(session.send("s3", "GET", "/", &[], "").await.status, 403);
    session.query("ec2", "DescribeRegions", &[]).await.ok();
    on("SetDefaultPolicyVersion", &[("VersionId", "v1")]).await.ok();
    session.send("s3", "GET", "/", &[], "").await.ok();
    for _ in 0..3 {
        on("CreatePolicyVersion", &[("PolicyDocument", &ec2)]).await.ok();
    }
    let six = on("CreatePolicyVersion", &[("PolicyDocument", &ec2)]).await;
    assert_eq!((six.status, six.text("Code").as_str()), (409, "LimitExceeded"));
    assert_eq!(on("ListPolicyVersions", &[]).await.ok().all("VersionId"), ["v1", "v2", "v3", "v4", "v5"]);
    let words = "Cannot delete the default version of a policy.";
    on("DeletePolicyVersion", &[("VersionId", "v1")]).await.refuses(409, "DeleteConflict", words);
    on("DetachRolePolicy", &[("RoleName", "Cni")]).await.ok();
    assert_eq!(on("DeletePolicy", &[]).await.text("Code"), "DeleteConflict", "versions go first");
    for version in ["v2", "v3", "v4", "v5"] {
        on("DeletePolicyVersion", &[("VersionId", version)]).await.ok();
    }
    on("DeletePolicy", &[]).await.ok();
    let none = format!("Policy {arn} was not found.");
    on("GetPolicy", &[]).await.refuses(404, "NoSuchEntity", &none);
}
