//! Listings of AWS to their last page, within their bounds, and refusals that stay refusals.

use trustwalk_collect::aws::LookUp;
use trustwalk_collect::limits::TRAIL_PAGES;
use trustwalk_core::evidence::{Gap, Observed};

use crate::account::client;
use crate::server::{Sent, Server, ok};

/// Whether a form holds `name=value`.
fn holds(request: &str, pair: &str) -> bool {
    request.split([' ', '&', '?', '\n']).any(|part| part == pair)
}

fn denied(code: &str) -> Sent {
    Sent::Whole(403, "", format!("<E><Error><Code>{code}</Code><Message>no</Message></Error></E>"))
}

/// IAM with two pages of each listing.
fn iam(request: &str) -> Sent {
    let second = holds(request, "Marker=m");
    let more =
        if second { "<IsTruncated>false</IsTruncated>" } else { "<IsTruncated>true</IsTruncated><Marker>m</Marker>" };
    let name = if second { "two" } else { "one" };
    if holds(request, "Action=ListAttachedRolePolicies") {
        return ok(format!(
            "<R><AttachedPolicies><member><PolicyName>{name}</PolicyName><PolicyArn>arn:{name}</PolicyArn></member>\
             </AttachedPolicies>{more}</R>"
        ));
    }
    if holds(request, "Action=ListRolePolicies") {
        return ok(format!("<R><PolicyNames><member>in-{name}</member></PolicyNames>{more}</R>"));
    }
    if holds(request, "Action=ListRoles") {
        return ok(format!(
            "<R><Roles><member><RoleName>{name}</RoleName><AssumeRolePolicyDocument>\
             i.example</AssumeRolePolicyDocument>\
             </member></Roles>{more}</R>"
        ));
    }
    denied("AccessDenied")
}

#[tokio::test]
async fn policies_and_roles_are_listed_to_the_last_page() {
    let server = Server::with_body(|request, _| iam(request)).await;
    let client = client(&server).await;
    let found = client.policy_names("r").await;
    let names: Vec<&str> = found.known().unwrap().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["one", "two", "in-one", "in-two"]);
    assert_eq!(client.roles_trusting("i.example").await.known().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_document_that_is_refused_is_refused_and_not_missing() {
    let server = Server::with_body(|request, _| {
        if holds(request, "Action=GetPolicy") {
            return ok("<R><DefaultVersionId>v7</DefaultVersionId></R>");
        }
        if holds(request, "Action=GetPolicyVersion") && holds(request, "VersionId=v7") && holds(request, "PolicyArn=a")
        {
            return ok("<R><Document>%7B%7D</Document></R>");
        }
        denied("AccessDenied")
    })
    .await;
    let client = client(&server).await;
    assert_eq!(client.managed_document("a").await.known().map(String::as_str), Some("{}"));
    let refused = client.managed_document("b").await;
    assert!(matches!(&refused, Observed::Denied { permission, .. } if permission == "iam:GetPolicyVersion"));
    let inline = client.inline_document("r", "p").await;
    assert!(matches!(Gap::of(&inline), Some(Gap::Denied { permission, .. }) if permission == "iam:GetRolePolicy"));
    let names = client.policy_names("r").await;
    assert!(matches!(&names, Observed::Denied { permission, .. } if permission == "iam:ListAttachedRolePolicies"));
}

/// EKS with two pages of each listing, whose second associations and add-ons may not be described.
fn eks(first: &str) -> Sent {
    let path = first.split(' ').nth(1).unwrap_or_default();
    let second = path.contains("nextToken=t");
    let next = if second { "" } else { r#","nextToken":"t""# };
    match path.split('?').next().unwrap_or_default() {
        "/clusters/c/addons" => ok(format!(r#"{{"addons":["{}"]{next}}}"#, if second { "b" } else { "a" })),
        "/clusters/c/pod-identity-associations" => ok(format!(
            r#"{{"associations":[{{"associationId":"{}","namespace":"n","serviceAccount":"s"}}]{next}}}"#,
            if second { "b" } else { "a" }
        )),
        "/clusters/c/addons/a" => ok(r#"{"addon":{"status":"DEGRADED","addonVersion":"v1","modifiedAt":7.5,
            "health":{"issues":[{"code":"InsufficientNumberOfReplicas","message":"m","resourceIds":["x"]}]},
            "podIdentityAssociations":["arn:p"]}}"#),
        "/clusters/c/pod-identity-associations/a" => ok(r#"{"association":{"associationArn":"arn:a","roleArn":"r",
            "targetRoleArn":"t","disableSessionTags":true,"externalId":"e","createdAt":5,"modifiedAt":6,
            "tags":{"terraform":"x","secret":"y"}}}"#),
        _ => Sent::Whole(403, "", r#"{"__type":"AccessDeniedException","message":"no"}"#.to_owned()),
    }
}

#[tokio::test]
async fn add_ons_and_associations_are_read_to_the_last_page() {
    let server = Server::new(|first, _| eks(first)).await;
    let client = client(&server).await;
    let addons = client.addons("c").await;
    let [a, b] = addons.known().unwrap().as_slice() else { panic!("{addons:?}") };
    assert_eq!(
        (a.status.as_str(), a.modified, a.issues[0].code.as_str()),
        ("DEGRADED", 7, "InsufficientNumberOfReplicas")
    );
    assert_eq!((a.associations.as_slice(), a.undescribed.as_ref()), (&["arn:p".to_owned()][..], None));
    assert!(matches!(&b.undescribed, Some(Gap::Denied { permission, .. }) if permission == "eks:DescribeAddon"));
    let found = client.associations("c", Some("n")).await;
    let [a, b] = found.known().unwrap().as_slice() else { panic!("{found:?}") };
    assert_eq!((a.role_arn.as_deref(), a.target_role_arn.as_deref()), (Some("r"), Some("t")));
    assert_eq!((a.disable_session_tags, a.created, a.modified), (Some(true), Some(5), Some(6)));
    assert_eq!(a.tags.keys().collect::<Vec<_>>(), ["terraform"]);
    let permission = "eks:DescribePodIdentityAssociation";
    assert!(matches!(&b.undescribed, Some(Gap::Denied { permission: p, .. }) if p == permission));
    assert_eq!(client.associations("c", None).await.known().map(Vec::len), Some(2));
}

#[tokio::test]
async fn what_may_not_be_read_is_told_with_the_permission() {
    let server =
        Server::new(|_, _| Sent::Whole(403, "", r#"{"__type":"AccessDeniedException","message":"no"}"#.into())).await;
    let client = client(&server).await;
    let lacks = |gap: Option<Gap>| match gap {
        Some(Gap::Denied { permission, .. }) => permission,
        other => panic!("{other:?}"),
    };
    assert_eq!(lacks(Gap::of(&client.caller().await)), "sts:GetCallerIdentity");
    assert_eq!(lacks(Gap::of(&client.cluster(Some("c"), "").await)), "eks:DescribeCluster");
    assert_eq!(lacks(Gap::of(&client.addons("c").await)), "eks:ListAddons");
    assert_eq!(lacks(Gap::of(&client.associations("c", Some("n")).await)), "eks:ListPodIdentityAssociations");
    let asked = LookUp { global: false, key: "ResourceName", value: "r".to_owned(), from: None };
    assert_eq!(lacks(Gap::of(&client.look_up(&asked).await)), "cloudtrail:LookupEvents");
}

#[tokio::test]
async fn a_cluster_that_may_be_the_one_that_could_not_be_looked_at_is_not_absent() {
    let server = Server::new(|first, _| {
        if first.contains("/clusters?") {
            return ok(r#"{"clusters":["a"]}"#);
        }
        Sent::Whole(403, "", r#"{"__type":"AccessDeniedException","message":"no"}"#.to_owned())
    })
    .await;
    let found = client(&server).await.cluster(None, "https://k.example").await;
    assert!(matches!(&found, Observed::Denied { permission, .. } if permission == "eks:DescribeCluster"), "{found:?}");
}

fn event(at: usize) -> String {
    format!(
        r#"{{"EventId":"e{at}","EventName":"AssumeRoleWithWebIdentity","EventTime":{at},"CloudTrailEvent":"{{}}"}}"#
    )
}

#[tokio::test]
async fn a_trail_is_read_page_by_page_up_to_its_bound() {
    let asked = LookUp { global: true, key: "ResourceName", value: "arn:r".to_owned(), from: None };
    let two = Server::with_body(|request, _| {
        if request.contains(r#""NextToken":"n""#) {
            return ok(format!(r#"{{"Events":[{}]}}"#, event(5)));
        }
        ok(format!(r#"{{"Events":[{}],"NextToken":"n"}}"#, event(9)))
    })
    .await;
    let found = client(&two).await.look_up(&asked).await;
    let looked = found.known().unwrap();
    assert_eq!(looked.events.iter().map(|e| e.at).collect::<Vec<_>>(), [9, 5]);
    assert_eq!(looked.since, None);
    let endless =
        Server::with_body(|_, before| ok(format!(r#"{{"Events":[{}],"NextToken":"n{before}"}}"#, event(900 - before))))
            .await;
    let found = client(&endless).await.look_up(&asked).await;
    let looked = found.known().unwrap();
    assert_eq!((endless.count(), looked.events.len()), (TRAIL_PAGES, TRAIL_PAGES));
    assert_eq!(looked.since, looked.events.last().map(|e| e.at), "what is older was not read, and that is said");
}

#[tokio::test]
async fn a_trail_is_asked_for_nothing_older_than_is_wanted() {
    let server = Server::with_body(|request, _| {
        let limited = request.contains(r#""StartTime":500"#);
        ok(format!(r#"{{"Events":[{}]}}"#, if limited { event(600) } else { event(400) }))
    })
    .await;
    let asked = LookUp { global: true, key: "EventName", value: "UpdateAddon".to_owned(), from: Some(500) };
    let found = client(&server).await.look_up(&asked).await;
    let looked = found.known().unwrap();
    assert_eq!(looked.events.iter().map(|e| e.at).collect::<Vec<_>>(), [600]);
    assert_eq!(looked.since, Some(500), "what is older was not read, and that is said");
    assert!(found.source().unwrap().by_hand.as_ref().unwrap().ends_with(" --start-time 500"), "{found:?}");
}

#[tokio::test]
async fn a_trail_that_is_throttled_is_asked_again() {
    let server = Server::new(|_, before| match before {
        0 => {
            Sent::Whole(400, "x-amz-retry-after: 0\r\n", r#"{"__type":"ThrottlingException","message":"m"}"#.to_owned())
        }
        _ => ok(format!(r#"{{"Events":[{}]}}"#, event(1))),
    })
    .await;
    let asked = LookUp { global: false, key: "EventName", value: "UpdateAddon".to_owned(), from: None };
    let found = client(&server).await.look_up(&asked).await;
    assert_eq!((found.known().map(|l| l.events.len()), server.count()), (Some(1), 2));
}

#[tokio::test]
async fn client_ids_are_kept_byte_for_byte() {
    let body = "<R><Url>i.example</Url><ClientIDList><member>sts.amazonaws.com </member><member>a&#10;</member>\
                <member>\u{200b}b</member></ClientIDList></R>";
    let server = Server::new(move |_, _| ok(body)).await;
    let found = client(&server).await.provider("arn").await;
    assert_eq!(found.known().unwrap().client_ids, ["sts.amazonaws.com ", "a\n", "\u{200b}b"]);
}
