//! Eventual consistency and throttling, by a clock that the test moves.

use std::sync::atomic::Ordering;

use jiff::SignedDuration;
use trustwalk_lab_aws::{Propagation, Rate};

use super::world::{BARE, World, condition, trust};

fn pass(world: &World, seconds: i64) {
    world.now.fetch_add(seconds, Ordering::SeqCst);
}

#[tokio::test]
async fn what_is_written_is_seen_later_and_judged_at_once() {
    let world = World::new().await;
    let seconds = SignedDuration::from_secs;
    world.account.set_propagation(Propagation { iam: seconds(2), sts: seconds(10) });
    let token = world.token(&[]);
    world.assume(&token).await.ok();
    // Nobody may take the role any more, though STS has not heard of it.
    let closed = trust(&world.account.provider_arn(BARE), &condition()).replace("system:", "nobody:");
    let change = [("RoleName", "Cni"), ("PolicyDocument", closed.as_str())];
    world.admin.iam("UpdateAssumeRolePolicy", &change).await.ok();
    let shown = || world.admin.iam("GetRole", &[("RoleName", "Cni")]);
    assert!(!shown().await.ok().text("AssumeRolePolicyDocument").contains("nobody"));
    world.assume(&token).await.ok();
    pass(&world, 2);
    assert!(shown().await.ok().text("AssumeRolePolicyDocument").contains("nobody"));
    world.assume(&token).await.ok();
    pass(&world, 8);
    assert_eq!(world.assume(&token).await.text("Code"), "AccessDenied");

    let made = [("RoleName", "New"), ("AssumeRolePolicyDocument", closed.as_str())];
    world.admin.iam("CreateRole", &made).await.ok();
    let missing = "The role with name New cannot be found.";
    world.admin.iam("GetRole", &[("RoleName", "New")]).await.refuses(404, "NoSuchEntity", missing);
    let again = "Role with name New already exists.";
    world.admin.iam("CreateRole", &made).await.refuses(409, "EntityAlreadyExists", again);
    world.account.set_propagation(Propagation::default());
    world.admin.iam("GetRole", &[("RoleName", "New")]).await.ok();
}

#[tokio::test]
async fn a_service_that_is_asked_too_often_says_so() {
    let world = World::new().await;
    let token = world.token(&[]);
    world.account.set_rate("sts", Some(Rate { per_thousand_seconds: 500, burst: 2 }));
    world.assume(&token).await.ok();
    world.admin.query("sts", "GetCallerIdentity", &[]).await.ok();
    world.assume(&token).await.refuses(400, "Throttling", "Rate exceeded");
    world.admin.query("sts", "GetCallerIdentity", &[]).await.refuses(400, "Throttling", "Rate exceeded");
    world.admin.iam("ListRoles", &[]).await.ok();
    pass(&world, 2);
    world.assume(&token).await.ok();
    world.assume(&token).await.refuses(400, "Throttling", "Rate exceeded");
    world.account.set_rate("sts", None);
    world.assume(&token).await.ok();
}
