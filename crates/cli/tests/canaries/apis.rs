//! Clusters and accounts: secrets in every place of what they hold, and refusals that repeat what they were sent.

use std::net::SocketAddr;

use serde_json::json;

use super::answers::{ISSUER, ROLE, account, cluster};
use super::server::{Answer, Asked, serve};
use super::{Place, canary, echo};

/// A user's folder, from which cluster and account are this server.
fn place(server: SocketAddr) -> Place {
    let mut place = Place::new();
    let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": format!("http://{server}")}}],
        "users": [{"name": "u", "user": {"token": canary("kubeconfig")}}]});
    let path = place.file("kubeconfig", &config.to_string());
    place.set("KUBECONFIG", &path);
    place.set("AWS_ENDPOINT_URL", &format!("http://{server}"));
    place.set("AWS_REGION", "us-west-2");
    place.set("AWS_ACCESS_KEY_ID", &["AK", "IA", "ZQ7KV3XW9BN4MT8P"].concat());
    place.set("AWS_SECRET_ACCESS_KEY", &canary("awskey"));
    place.set("AWS_SESSION_TOKEN", &canary("session"));
    place
}

const TARGET: [&str; 3] = ["deployment/shop", "-n", "shop"];

fn found(asked: &Asked) -> Answer {
    account(asked).or_else(|| cluster(asked)).unwrap_or((404, "{}".to_owned()))
}

#[test]
fn everything_that_people_write_freely() {
    let place = place(serve(found));
    for target in [&TARGET[..], &["-n", "shop"], &["serviceaccount/shop", "-n", "shop"], &[]] {
        let out = place.clean_in_every_format(target);
        assert!(out.contains(ROLE) && out.contains("audience"), "{out}");
    }
    place.clean_in_every_format(&["--role", ROLE, "--subject", "system:serviceaccount:shop:shop"]);
    place.clean_in_every_format(&["--issuer", ISSUER]);
}

/// What came, once more, and more of the kind.
fn repeated(asked: &Asked) -> String {
    let Asked { first, headers, body } = asked;
    let plain = percent_decoded(body);
    format!("{first}\n{headers}\n{body}\n{plain}\n{}", echo("refusal"))
}

fn percent_decoded(text: &str) -> String {
    text.replace("%3D", "=").replace("%3A", ":").replace("%2F", "/").replace('&', " ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// A refusal in one of the forms in which services and what stands before them refuse.
fn refused(status: u16, form: usize, asked: &Asked) -> Answer {
    let words = repeated(asked);
    let body = match form {
        0 => json!({"kind": "Status", "status": "Failure", "code": status, "message": words, "reason": words,
            "details": {"causes": [{"message": words}]}})
        .to_string(),
        1 => json!({"kind": "Status", "message": format!("User \"u\" cannot get resource: {words}")}).to_string(),
        2 => format!(
            "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>{}</Message></Error><RequestId>\
             r</RequestId></ErrorResponse>",
            escaped(&words)
        ),
        3 => json!({"__type": "AccessDeniedException", "message": words}).to_string(),
        4 => format!("<html><body>Bad gateway: {words}</body></html>"),
        _ => words,
    };
    (status, body)
}

/// Which calls a server refuses.
type Which = fn(&Asked) -> bool;

fn refusing(which: Which, status: u16, form: usize) -> Place {
    place(serve(move |asked| if which(asked) { refused(status, form, asked) } else { found(asked) }))
}

#[test]
fn refusals_of_everything() {
    for (position, status) in [400, 401, 403, 404, 409, 422, 429, 500, 503].into_iter().enumerate() {
        for form in (0..6).filter(|form| (position + form) % 3 == 0) {
            let place = refusing(|_| true, status, form);
            let target = if form % 2 == 0 { &TARGET[..] } else { &[] };
            place.clean(&[&["diagnose"], target].concat());
            place.clean(&[&["collect", "-o", "-"], target].concat());
            place.clean(&["thumbprint", ISSUER]);
        }
    }
}

#[test]
fn refusals_of_one_call() {
    let calls: [Which; 9] = [
        |asked| asked.has("AssumeRoleWithWebIdentity"),
        |asked| asked.has("GetRole"),
        |asked| asked.has("OpenIDConnectProvider"),
        |asked| asked.has("GetCallerIdentity"),
        |asked| asked.has("/clusters"),
        |asked| asked.has("TokenRequest"),
        |asked| asked.has("dryRun"),
        |asked| asked.has("/pods?"),
        |asked| asked.has("/log?") || asked.has("mutatingwebhook") || asked.has("networkpolicies"),
    ];
    for (position, which) in calls.into_iter().enumerate() {
        for (status, form) in [(400, 2), (403, 1), (409, 0), (500, 4), (422, 5), (403, 3)] {
            // Every call meets three of the forms, and every form most of the calls.
            if (position + form) % 2 == 1 {
                continue;
            }
            let place = refusing(which, status, form);
            if position == form {
                place.clean_in_every_format(&TARGET);
            } else {
                place.clean(&[&["diagnose", "-o", "json"], &TARGET[..]].concat());
                place.clean(&[&["collect", "-o", "-"], &TARGET[..]].concat());
            }
        }
    }
}
