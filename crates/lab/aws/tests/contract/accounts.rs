//! Two accounts behind one endpoint, and roles taken through roles.

use serde_json::json;
use trustwalk_lab_aws::Provider;

use super::client::Client;
use super::world::{BARE, ISSUER, OTHER, World, condition, role, trust};

const THERE: &str = "arn:aws:iam::444455556666:role/There";

fn caller_trust(principal: &str) -> String {
    json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}]}).to_string()
}

#[tokio::test]
async fn web_identity_needs_a_provider_in_the_roles_account() {
    let world = World::new().await;
    let other = world.account.join(OTHER);
    other.put_role(role("There", trust(&other.provider_arn(BARE), &condition())));
    let there = [("RoleArn", THERE)];
    let text = format!("No OpenIDConnect provider found in your account for {ISSUER}");
    world.assume_with(&world.token(&[]), &there).await.refuses(400, "InvalidIdentityToken", &text);
    other.put_provider(Provider { url: BARE.to_owned(), ..world.account.provider(BARE).unwrap() });
    let done = world.assume_with(&world.token(&[]), &there).await.ok();
    assert_eq!(done.text("Arn"), "arn:aws:sts::444455556666:assumed-role/There/test");
    // A trust policy that names the provider of the first account admits nobody here.
    other.put_role(role("There", trust(&world.account.provider_arn(BARE), &condition())));
    assert_eq!(world.assume_with(&world.token(&[]), &there).await.text("Code"), "AccessDenied");
    let admin = Client::new(world.address, other.admin_credentials());
    assert_eq!(admin.query("sts", "GetCallerIdentity", &[]).await.ok().text("Account"), OTHER);
    assert_eq!(admin.iam("ListRoles", &[]).await.ok().all("RoleName"), ["There"]);
}

#[tokio::test]
async fn the_users_are_two_and_there_is_no_alias() {
    let world = World::new().await;
    let own = world.admin.iam("GetUser", &[]).await.ok();
    assert_eq!(own.text("Arn"), "arn:aws:iam::111122223333:user/admin");
    assert_eq!(world.admin.iam("GetUser", &[("UserName", "nobody")]).await.ok().text("UserName"), "nobody");
    assert_eq!(world.admin.iam("GetUser", &[("UserName", "somebody")]).await.text("Code"), "NoSuchEntity");
    assert!(world.admin.iam("ListAccountAliases", &[]).await.ok().all("member").is_empty());
    // There is no bucket either, and who may not ask is refused in S3's form.
    assert_eq!(world.admin.send("s3", "GET", "/", &[], "").await.status, 200);
    let denied = world.nobody.send("s3", "GET", "/", &[], "").await;
    assert_eq!((denied.status, denied.text("Code").as_str()), (403, "AccessDenied"));
}

#[tokio::test]
async fn across_accounts_both_sides_must_allow() {
    let world = World::new().await;
    let other = world.account.join(OTHER);
    let ask = async |client: &Client, arn: &str| {
        client.query("sts", "AssumeRole", &[("RoleArn", arn), ("RoleSessionName", "chain")]).await
    };
    let denied = |who: &str| format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {THERE}");
    let admin = "arn:aws:iam::111122223333:user/admin";
    ask(&world.admin, THERE).await.refuses(403, "AccessDenied", &denied(admin));
    other.put_role(role("There", caller_trust("arn:aws:iam::999988887777:root")));
    ask(&world.admin, THERE).await.refuses(403, "AccessDenied", &denied(admin));
    other.put_role(role("There", caller_trust("arn:aws:iam::111122223333:root")));
    let done = ask(&world.admin, THERE).await.ok();
    assert_eq!(done.text("Arn"), "arn:aws:sts::444455556666:assumed-role/There/chain");
    let nobody = "arn:aws:iam::111122223333:user/nobody";
    ask(&world.nobody, THERE).await.refuses(403, "AccessDenied", &denied(nobody));
    other.put_role(role("There", caller_trust(nobody)));
    ask(&world.nobody, THERE).await.refuses(403, "AccessDenied", &denied(nobody));
    // Within the account, a trust policy that names the caller is enough.
    world.account.put_role(role("Here", caller_trust(nobody)));
    ask(&world.nobody, "arn:aws:iam::111122223333:role/Here").await.ok();
    let session = Client::new(world.address, world.account.session_for("Cni", "pod", 900));
    world.account.put_role(role("Here", caller_trust("arn:aws:iam::111122223333:role/Cni")));
    ask(&session, "arn:aws:iam::111122223333:role/Here").await.ok();
    let long =
        [("RoleArn", "arn:aws:iam::111122223333:role/Here"), ("RoleSessionName", "ab"), ("DurationSeconds", "7200")];
    let text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
    session.query("sts", "AssumeRole", &long).await.refuses(400, "ValidationError", text);
}
