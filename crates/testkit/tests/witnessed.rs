//! The witnesses of an audit against the lab's STS, which shares no code with it: roles are made up, audited, and each
//! token that a finding carries is signed by its issuer and exchanged over a socket. What STS refuses is no witness.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use trustwalk_audit::{Audit, Basis, Reader, Witness, Zone};
use trustwalk_lab_aws::{Account, AccountConfig, Provider, Role, TrustModel};
use trustwalk_lab_issuer::pki::{Hierarchy, LeafKey, Presentation, days_after, thumbprint};
use trustwalk_lab_issuer::{Issuer, IssuerServer, ServerConfig, SigningKey};

const ACCOUNT: &str = "111122223333";
/// 2026-07-01T12:00:00Z.
const NOW: i64 = 1_782_907_200;
/// Roles made up.
const ROLES: usize = 400;
/// Issuers, and what subjects of theirs are written like: owners, then what follows.
const ISSUERS: [(&str, [&str; 7]); 4] = [
    (
        "token.actions.githubusercontent.com",
        [
            "repo:acme/api:*",
            "repo:acme*/api:*",
            "repo:*:environment:production",
            "repo:acme@*/api@*:*",
            "*",
            "repo:acme/api:ref:refs/heads/main",
            "job_workflow_ref:acme/flows/*",
        ],
    ),
    (
        "oidc.eks.us-west-2.amazonaws.com/id/A",
        [
            "system:serviceaccount:payments:*",
            "system:serviceaccount:*:ledger",
            "system:serviceaccount:*",
            "*",
            "system:serviceaccount:payments:ledger",
            "system:*:payments-*:x",
            "system:serviceaccount:pay*",
        ],
    ),
    (
        "gitlab.com",
        [
            "project_path:acme/api:ref_type:branch:ref:main",
            "project_path:*:ref_type:branch:ref:main",
            "project_path:acme*",
            "*",
            "project_path:acme/*",
            "project_path:*/api:*",
            "*:ref:main",
        ],
    ),
    ("idp.example", ["alice", "*", "team-*", "x", "team-?", "*-ops", "bob"]),
];
const OPERATORS: [&str; 5] =
    ["StringLike", "StringLike", "ForAllValues:StringLike", "StringLikeIfExists", "ForAnyValue:StringLike"];

/// A small generator, so that every run tries the same roles (constants of Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        among.get(self.roll(among.len())).unwrap()
    }
}

/// A statement for one issuer.
fn statement(dice: &mut Dice, (issuer, subjects): (&str, &[&str])) -> Value {
    let mut conditions: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    let mut ask = |operator: &str, key: String, value: Value| {
        conditions.entry(operator.to_owned()).or_default().insert(key, value);
    };
    if dice.roll(6) > 0 {
        let values = json!([dice.pick(subjects), dice.pick(subjects)]);
        let operator = *dice.pick(&OPERATORS);
        ask(operator, format!("{issuer}:sub"), values);
    }
    if dice.roll(3) > 0 {
        ask("StringEquals", format!("{issuer}:aud"), json!("sts.amazonaws.com"));
    }
    if dice.roll(4) == 0 {
        ask("StringLike", "sts:RoleSessionName".to_owned(), json!("deploy-*"));
    }
    if dice.roll(5) == 0 {
        ask("DateLessThan", "aws:CurrentTime".to_owned(), json!("2027-01-01"));
    }
    if issuer.starts_with("token.") && dice.roll(3) == 0 {
        let claim = dice.pick(&["environment", "ref", "workflow", "repository_owner_id", "job_workflow_ref"]);
        ask("StringLike", format!("{issuer}:{claim}"), json!(dice.pick(&["production", "*", "7"])));
    }
    let principal = match dice.roll(12) {
        0 => json!("*"),
        _ => json!({"Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}")}),
    };
    let action = dice.pick(&["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithWeb*", "sts:*"]);
    json!({"Effect": "Allow", "Principal": principal, "Action": action, "Condition": conditions})
}

/// An account in which every issuer is registered, listening.
struct Lab {
    account: Account,
    address: SocketAddr,
    issuers: BTreeMap<String, Issuer>,
    _server: IssuerServer,
}

impl Lab {
    async fn start() -> Self {
        let now = Timestamp::from_second(NOW).unwrap();
        let server = IssuerServer::start(ServerConfig { bind: ([127, 0, 0, 1], 0).into() }).await.unwrap();
        let pki = Hierarchy::new("G1", days_after(now, -3000)).unwrap();
        let at = server.address();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let account = Account::new(AccountConfig {
            account_id: ACCOUNT.to_owned(),
            partition: "aws".to_owned(),
            region: "us-west-2".to_owned(),
            trust_model: TrustModel::ThumbprintOnly,
            library_roots: Vec::new(),
            dialer: Arc::new(move |_, _| Some(at)),
            clock: Arc::new(move || now),
        });
        let mut issuers = BTreeMap::new();
        for (bare, _) in ISSUERS {
            let host = bare.split('/').next().unwrap();
            let chain = pki.present(&[host], days_after(now, -10), Presentation::Full, LeafKey::P256).unwrap();
            server.set_chain(host, &chain, false).unwrap();
            let issuer = Issuer::new(&format!("https://{bare}"), SigningKey::generate().unwrap()).unwrap();
            server.serve_issuer(issuer.clone());
            account.put_provider(Provider {
                url: bare.to_owned(),
                client_ids: vec!["sts.amazonaws.com".to_owned()],
                thumbprints: vec![thumbprint(chain.certificates.last().unwrap())],
                created: now,
                tags: BTreeMap::new(),
            });
            issuers.insert(format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{bare}"), issuer);
        }
        tokio::spawn(account.clone().serve(listener, std::future::pending()));
        Self { account, address, issuers, _server: server }
    }

    /// What STS answers to a witness's token and call; nothing where the lab has no such issuer.
    async fn exchange(&self, trust_policy: &str, witness: &Witness) -> Option<String> {
        let issuer = self.issuers.get(&witness.provider)?;
        self.account.put_role(Role {
            name: "Audited".to_owned(),
            path: "/".to_owned(),
            trust_policy: trust_policy.to_owned(),
            max_session: 3600,
            created: Timestamp::UNIX_EPOCH,
            attached: Vec::new(),
            inline: BTreeMap::new(),
            boundary: None,
            tags: BTreeMap::new(),
            last_used: None,
        });
        let url = witness.provider.split_once("oidc-provider/").map(|(_, bare)| format!("https://{bare}"))?;
        let mut claims = witness.claims.clone();
        claims.extend([
            ("iss".to_owned(), json!(url)),
            ("iat".to_owned(), json!(NOW)),
            ("exp".to_owned(), json!(NOW + 3600)),
        ]);
        let token = issuer.mint(&Value::Object(claims)).unwrap().expose().to_owned();
        let session = witness.call.get("sts:RoleSessionName").map_or("test", String::as_str);
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "AssumeRoleWithWebIdentity")
            .append_pair("Version", "2011-06-15")
            .append_pair("RoleArn", &format!("arn:aws:iam::{ACCOUNT}:role/Audited"))
            .append_pair("RoleSessionName", session)
            .append_pair("WebIdentityToken", &token)
            .finish();
        let length = body.len();
        let head =
            format!("POST / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {length}", self.address);
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        Some(answer)
    }
}

/// The witnesses of a role with this policy.
fn witnesses(document: &str) -> Vec<(&'static str, Witness)> {
    let mut reader = Reader::new();
    let role = json!({"RoleName": "Audited", "Arn": format!("arn:aws:iam::{ACCOUNT}:role/Audited"),
        "AssumeRolePolicyDocument": document});
    reader.read("role", &role.to_string());
    for (bare, _) in ISSUERS {
        let arn = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{bare}");
        let read = json!({"Url": bare, "Arn": arn, "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": []});
        reader.read("provider", &read.to_string());
    }
    let inventory = reader.finish();
    assert!(inventory.unread.is_empty(), "{:?}", inventory.unread);
    let audit = Audit::of(&inventory, &Basis { zone: &Zone::untold(), seen: None, now: NOW });
    audit.findings.into_iter().filter_map(|f| Some((f.rule.code(), f.witness?))).collect()
}

#[tokio::test]
async fn every_witness_is_admitted_by_sts() {
    let lab = Lab::start().await;
    let mut dice = Dice(11);
    let mut admitted: BTreeMap<&str, usize> = BTreeMap::new();
    for number in 0..ROLES {
        let (issuer, subjects) = dice.pick(&ISSUERS);
        let mut statements = vec![statement(&mut dice, (*issuer, subjects.as_slice()))];
        if dice.roll(4) == 0 {
            let mut deny = statement(&mut dice, (*issuer, subjects.as_slice()));
            if let Some(effect) = deny.get_mut("Effect") {
                *effect = json!("Deny");
            }
            statements.push(deny);
        }
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        for (code, witness) in witnesses(&document) {
            let Some(answer) = lab.exchange(&document, &witness).await else { continue };
            assert!(answer.contains("<SecretAccessKey>"), "role {number}, {code}: {document}\n{witness:?}\n{answer}");
            *admitted.entry(code).or_default() += 1;
        }
    }
    for code in ["TA002", "TA004", "TA005", "TA006", "TA007"] {
        assert!(admitted.get(code).is_some_and(|count| *count > 0), "{code} was not tried: {admitted:?}");
    }
}
