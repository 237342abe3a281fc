//! The ten operations on OIDC providers.

use serde_json::json;

use super::client::Answer;
use super::world::{ACCOUNT, BARE, HOST, ISSUER, World};

const PRINT: &str = "9E99A48A9960B14926BB7F3B02E22DA2B0AB7280";

fn arn(url: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{url}")
}

async fn create(world: &World, url: &str) -> Answer {
    world.admin.iam("CreateOpenIDConnectProvider", &[("Url", url), ("ThumbprintList.member.1", PRINT)]).await
}

async fn on(world: &World, action: &str, more: &[(&str, &str)]) -> Answer {
    let arn = arn(BARE);
    let all: Vec<_> = [("OpenIDConnectProviderArn", arn.as_str())].into_iter().chain(more.iter().copied()).collect();
    world.admin.iam(action, &all).await
}

#[tokio::test]
async fn urls_are_normalised_as_iam_does() {
    let world = World::new().await;
    for (sent, kept) in [
        ("https://a.example:443/x", "a.example/x"),
        ("https://a.example/y/", "a.example/y/"),
        ("https://a.example/y", "a.example/y"),
        ("https://B.Example", "B.Example"),
    ] {
        let made = create(&world, sent).await.ok();
        assert_eq!(made.text("OpenIDConnectProviderArn"), arn(kept));
        let got = world.admin.iam("GetOpenIDConnectProvider", &[("OpenIDConnectProviderArn", &arn(kept))]).await.ok();
        assert_eq!(got.text("Url"), kept);
        assert_eq!(got.members("ThumbprintList"), [PRINT.to_lowercase()]);
        assert!(got.members("ClientIDList").is_empty());
    }
    let listed = world.admin.iam("ListOpenIDConnectProviders", &[]).await.ok();
    assert_eq!(listed.all("Arn").len(), 5);
}

#[tokio::test]
async fn bad_urls_are_refused_in_iams_words() {
    let world = World::new().await;
    let scheme = "Invalid Open ID Connect Provider URL. The URL must begin with https://.";
    for (url, code, message) in [
        ("a.example", "ValidationError", "Invalid Open ID Connect Provider URL"),
        ("http://a.example", "InvalidInput", scheme),
        ("https://a.example?x=1", "InvalidInput", "Unknown"),
        ("https://a.example#x", "InvalidInput", "Unknown"),
        ("https://a.example:8443", "InvalidInput", "Invalid Open ID Connect Provider URL"),
        ("https://", "InvalidInput", "Invalid Open ID Connect Provider URL"),
    ] {
        create(&world, url).await.refuses(400, code, message);
    }
    let long = format!("https://a.example/{}", "x".repeat(240));
    let text = format!(
        "1 validation error detected: Value '{long}' at 'url' failed to satisfy constraint: Member must have \
         length less than or equal to 255"
    );
    create(&world, &long).await.refuses(400, "ValidationError", &text);
    let absent =
        "1 validation error detected: Value null at 'url' failed to satisfy constraint: Member must not be null";
    world.admin.iam("CreateOpenIDConnectProvider", &[]).await.refuses(400, "ValidationError", absent);
}

#[tokio::test]
async fn a_url_is_registered_once_and_an_account_has_a_hundred() {
    let world = World::new().await;
    let twice = format!("Provider with url {ISSUER} already exists.");
    create(&world, ISSUER).await.refuses(409, "EntityAlreadyExists", &twice);
    for n in 1..100 {
        create(&world, &format!("https://h{n}.example")).await.ok();
    }
    let full = "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100";
    create(&world, "https://last.example").await.refuses(409, "LimitExceeded", full);
}

#[tokio::test]
async fn thumbprints_have_forty_characters_and_are_five() {
    let world = World::new().await;
    let update = "UpdateOpenIDConnectProviderThumbprint";
    let names: Vec<String> = (1..=6).map(|n| format!("ThumbprintList.member.{n}")).collect();
    let all: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), PRINT)).collect();
    let six = "Thumbprint list must contain fewer than 5 entries.";
    on(&world, update, &all).await.refuses(400, "InvalidInput", six);
    on(&world, update, &all[..5]).await.ok();
    let kept = on(&world, "GetOpenIDConnectProvider", &[]).await.ok().members("ThumbprintList");
    assert_eq!(kept, vec![PRINT.to_lowercase(); 5], "duplicates are kept, in lower case");
    let short = "Thumbprint must be exactly 40 characters.";
    on(&world, update, &[("ThumbprintList.member.1", PRINT.trim_start_matches('9'))]).await.refuses(
        400,
        "InvalidInput",
        short,
    );
    on(&world, update, &[("ThumbprintList.member.1", &"z".repeat(40))]).await.ok();
    let none = "Thumbprint list must contain at least one entry.";
    on(&world, update, &[("ThumbprintList", "")]).await.refuses(400, "InvalidInput", none);
}

#[tokio::test]
async fn an_omitted_thumbprint_is_fetched_from_the_issuer() {
    let world = World::new().await;
    on(&world, "DeleteOpenIDConnectProvider", &[]).await.ok();
    world.admin.iam("CreateOpenIDConnectProvider", &[("Url", ISSUER)]).await.ok();
    let kept = on(&world, "GetOpenIDConnectProvider", &[]).await.ok().members("ThumbprintList");
    assert_eq!(kept, [world.top()]);
    let unknown = world.admin.iam("CreateOpenIDConnectProvider", &[("Url", "https://nowhere.example")]).await;
    unknown.refuses(400, "OpenIdIdpCommunicationError", "Could not connect to https://nowhere.example");
    let other_path = format!("https://{HOST}/other");
    world.admin.iam("CreateOpenIDConnectProvider", &[("Url", &other_path)]).await.ok();
}

#[tokio::test]
async fn client_ids_are_a_set_of_at_most_a_hundred() {
    let world = World::new().await;
    let (add, remove) = ("AddClientIDToOpenIDConnectProvider", "RemoveClientIDFromOpenIDConnectProvider");
    for _ in 0..2 {
        on(&world, add, &[("ClientID", "two")]).await.ok();
    }
    let ids = async || on(&world, "GetOpenIDConnectProvider", &[]).await.ok().members("ClientIDList");
    assert_eq!(ids().await, ["sts.amazonaws.com", "two"]);
    for _ in 0..2 {
        on(&world, remove, &[("ClientID", "two")]).await.ok();
    }
    assert_eq!(ids().await, ["sts.amazonaws.com"]);
    for n in 1..100 {
        on(&world, add, &[("ClientID", &format!("id-{n}"))]).await.ok();
    }
    let full = "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100";
    on(&world, add, &[("ClientID", "one too many")]).await.refuses(409, "LimitExceeded", full);
    on(&world, add, &[("ClientID", "id-1")]).await.ok();
    let long = "x".repeat(256);
    let answer = on(&world, add, &[("ClientID", &long)]).await;
    assert_eq!((answer.status, answer.text("Code").as_str()), (400, "ValidationError"));
    assert!(answer.text("Message").ends_with("Member must have length less than or equal to 255"));
    on(&world, add, &[]).await.refuses(
        400,
        "ValidationError",
        "1 validation error detected: Value null at 'clientID' failed to satisfy constraint: Member must not be null",
    );
}

#[tokio::test]
async fn tags_are_kept_by_key_and_paged() {
    let world = World::new().await;
    let three = ["key", "Key", "a"];
    for key in three {
        on(&world, "TagOpenIDConnectProvider", &[("Tags.member.1.Key", key), ("Tags.member.1.Value", "v @")])
            .await
            .ok();
    }
    let first = on(&world, "ListOpenIDConnectProviderTags", &[("MaxItems", "2")]).await.ok();
    assert_eq!(
        (first.all("Key"), first.text("IsTruncated")),
        (vec!["Key".to_owned(), "a".to_owned()], "true".to_owned())
    );
    let rest = on(&world, "ListOpenIDConnectProviderTags", &[("Marker", &first.text("Marker"))]).await.ok();
    assert_eq!(
        (rest.all("Key"), rest.text("Value"), rest.text("IsTruncated")),
        (vec!["key".to_owned()], "v @".to_owned(), "false".to_owned())
    );
    on(&world, "UntagOpenIDConnectProvider", &[("TagKeys.member.1", "key"), ("TagKeys.member.2", "none")]).await.ok();
    assert_eq!(on(&world, "GetOpenIDConnectProvider", &[]).await.ok().all("Key"), ["Key", "a"]);
    for n in 0..48 {
        on(&world, "TagOpenIDConnectProvider", &[("Tags.member.1.Key", &format!("t{n}"))]).await.ok();
    }
    let over = on(&world, "TagOpenIDConnectProvider", &[("Tags.member.1.Key", "over")]).await;
    assert_eq!((over.status, over.text("Code").as_str()), (409, "LimitExceeded"));
}

#[tokio::test]
async fn a_missing_provider_is_named_in_every_refusal() {
    let world = World::new().await;
    let arn = arn("gone.example");
    let text = format!("OpenIDConnect Provider not found for arn {arn}");
    for action in [
        "GetOpenIDConnectProvider",
        "UpdateOpenIDConnectProviderThumbprint",
        "AddClientIDToOpenIDConnectProvider",
        "RemoveClientIDFromOpenIDConnectProvider",
        "TagOpenIDConnectProvider",
        "UntagOpenIDConnectProvider",
        "ListOpenIDConnectProviderTags",
    ] {
        world.admin.iam(action, &[("OpenIDConnectProviderArn", &arn)]).await.refuses(404, "NoSuchEntity", &text);
    }
    let deleted = world.admin.iam("DeleteOpenIDConnectProvider", &[("OpenIDConnectProviderArn", &arn)]).await;
    deleted.refuses(404, "NoSuchEntity", &format!("OpenId connect Provider {arn} cannot be found."));
    // The CLI's own slip: a slash at the end of the ARN is another provider.
    let slash = format!("{}/", self::arn(BARE));
    let slashed = world.admin.iam("GetOpenIDConnectProvider", &[("OpenIDConnectProviderArn", &slash)]).await;
    slashed.refuses(404, "NoSuchEntity", &format!("OpenIDConnect Provider not found for arn {slash}"));
}

#[tokio::test]
async fn deleting_a_provider_leaves_the_role_unusable() {
    let world = World::new().await;
    on(&world, "DeleteOpenIDConnectProvider", &[]).await.ok();
    let text = format!("No OpenIDConnect provider found in your account for {ISSUER}");
    world.assume(&world.token(&[("jti", json!("x"))])).await.refuses(400, "InvalidIdentityToken", &text);
    let role = world.admin.iam("GetRole", &[("RoleName", "Cni")]).await.ok();
    assert!(role.text("AssumeRolePolicyDocument").contains("oidc-provider"));
}
