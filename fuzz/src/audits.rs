//! Audits: any bytes are read as answers of IAM, as events or as a zone, or are told not to be; what is found is
//! shown by a token that the policy admits, and no document can be broken out of.

use trustwalk_audit::{About, Audit, Basis, Reader, Seen, Zone, csv, dot, html, sarif_of};
use trustwalk_forecast::Register;
use trustwalk_trust_policy::{Call, Decision, Exchange, Identity, Policy};

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "audits",
    check,
    seeds,
    words: &[
        "\"RoleDetailList\":[",
        "\"AssumeRolePolicyDocument\":",
        "%7B%22",
        "\"IsTruncated\":true",
        "\"OpenIDConnectProviderList\":[]",
        "\"Url\":\"i.example\"",
        "\"StringLike\":{",
        "\"ForAllValues:StringLike\":{",
        "\"Federated\":\"*\"",
        "\"NotPrincipal\":",
        "repo:*",
        "system:serviceaccount:*",
        "accounts.google.com",
        "</script><script>",
        "[[organization]]\n",
        "name = ",
    ],
    iterations: 1_500,
};

const NOW: i64 = 1_790_000_000;

fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let zone = Zone::parse(&text).unwrap_or_default();
    let _ = Register::parse(&text);
    let mut seen = Seen::default();
    let _ = seen.read(&text);
    let mut reader = Reader::new();
    reader.read("f", &text);
    let inventory = reader.finish();
    let audit = Audit::of(&inventory, &Basis { zone: &zone, seen: Some(&seen), now: NOW });
    for finding in &audit.findings {
        assert!(!finding.message.is_empty() && finding.fingerprint.len() == 16, "{finding:?}");
        let (Some(witness), About::Role(arn)) = (&finding.witness, &finding.about) else { continue };
        let identity = Identity::new(witness.provider.as_str()).with_claims(witness.claims.clone());
        let exchange = Exchange::new(&identity, &Call::new().at(NOW));
        let same = |r: &&trustwalk_audit::Role| r.arn == *arn;
        // Of several roles with one name, one admits it; of whom only events tell, not every claim is known.
        let admits = |d: Decision| d == Decision::Allow || finding.document.is_some();
        let roles = inventory.roles.iter().filter(same).map(|r| Policy::compile(&r.document).decide(&exchange));
        assert!(roles.into_iter().any(admits), "the witness is not admitted: {finding:?}");
    }
    let page = html(&audit, &text);
    assert_eq!(page.matches("<script").count(), 1, "a value became markup");
    assert_eq!(csv(&audit).lines().count(), audit.trust.len() + 1, "a value became a line");
    let sarif = sarif_of(&audit, "0", "f");
    assert!(dot(&audit).ends_with("}\n") && sarif.get("version").is_some_and(|v| v == "2.1.0"));
}

fn seeds() -> Vec<Vec<u8>> {
    let role = |name: &str, condition: &str| {
        format!(
            r#"{{"RoleName":"{name}","Arn":"arn:aws:iam::111122223333:role/{name}","RoleLastUsed":{{}},
            "CreateDate":"2020-01-01T00:00:00Z","AssumeRolePolicyDocument":{{"Version":"2012-10-17","Statement":
            [{{"Effect":"Allow","Principal":{{"Federated":
            "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}},
            "Action":"sts:AssumeRoleWithWebIdentity","Condition":{condition}}}]}}}}"#
        )
    };
    let key = "token.actions.githubusercontent.com:sub";
    let roles = [
        role("a", &format!(r#"{{"StringLike":{{"{key}":"repo:acme*/api:*"}}}}"#)),
        role("b", &format!(r#"{{"StringEquals":{{"{key}":"repo:acme/api:*"}}}}"#)),
        role("c", &format!(r#"{{"StringEquals":{{"{key}":["repo:acme/api:pull_request"]}}}}"#)),
    ];
    let event = r#"{"Records":[{"eventSource":"sts.amazonaws.com","eventName":"AssumeRoleWithWebIdentity",
        "userIdentity":{"type":"WebIdentityUser","userName":"repo:acme/api:pull_request","identityProvider":
        "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},
        "responseElements":{"audience":"sts.amazonaws.com"},
        "requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/a"}}]}"#;
    let details = format!(r#"{{"RoleDetailList":[{}],"IsTruncated":false}}"#, roles.join(","));
    let providers = r#"{"OpenIDConnectProviderList":[{"Arn":
        "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}]}
        {"Url":"token.actions.githubusercontent.com","ClientIDList":["a","b"],"ThumbprintList":[]}"#;
    let zone = "issuers = [\"https://i.example\"]\n[[organization]]\nname = \"acme\"\nid = 1\n[[cluster]]\n\
        issuer = \"https://c.example\"\nnamespaces = [\"a\"]\n";
    let all = [details.clone(), format!("{details}{event}{providers}"), event.to_owned(), zone.to_owned()];
    all.into_iter().map(String::into_bytes).collect()
}
