//! What a scenario promises, asked of its STS over a socket: issuers of each kind exchange, a role leads into another
//! account, and each thing that befalls a chain is minded or not, by the account's trust model.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use trustwalk_lab::{
    Lab, LabConfig, LabError, Outside, Ports, Scenario, Story, Terms, TrustModel, scenario::STORY, world::World,
};

/// What can befall a chain, and whether STS then takes it by its thumbprints alone, and by its library.
const CHAINS: [(&str, bool, bool); 12] = [
    ("presented: full", true, true),
    ("rotated: true", false, true),
    ("presented: cross-sign-dropped", false, true),
    ("presented: leaf-only", true, false),
    ("presented: no-intermediate", true, false),
    ("presented: reordered", true, true),
    ("presented: duplicated", true, true),
    ("presented: expired", true, false),
    ("presented: wrong-host", false, false),
    ("presented: intercepted", false, false),
    ("presented: self-signed", true, false),
    // AWS cannot use its library where TLS 1.3 is required.
    ("tls13-only: true", true, false),
];

async fn up(dir: &Path, text: &str, trust_model: TrustModel) -> Result<Lab, LabError> {
    let config = LabConfig {
        story: Story::AccountAlone,
        trust_model,
        ports: Ports::default(),
        state_dir: dir.join("lab"),
        outside: Outside::default(),
        terms: Terms::default(),
    };
    Lab::start_scenario(config, &Scenario::read(text, dir)?).await
}

/// `AssumeRoleWithWebIdentity`, unsigned as it is; status and body.
async fn exchange(lab: &Lab, role: &str, token: &str) -> (u16, String) {
    let body = format!(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=ci&RoleArn={role}&WebIdentityToken={token}"
    );
    let request = format!(
        "POST / HTTP/1.1\r\nhost: sts.us-east-1.amazonaws.com\r\nconnection: close\r\ncontent-type: \
         application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(lab.addresses().aws).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap();
    (status, answer)
}

/// A scenario with an issuer for each chain.
fn chains(thumbprints: &str) -> String {
    let mut text = String::from("accounts:\n- id: '111122223333'\n  alias: main\n  providers:\n");
    for number in 0..CHAINS.len() {
        writeln!(text, "  - {{issuer: i{number}, thumbprints: {thumbprints}}}").unwrap();
    }
    text.push_str("  roles:\n");
    for number in 0..CHAINS.len() {
        writeln!(text, "  - {{name: r{number}, trust: [{{issuer: i{number}, subject: ledger}}]}}").unwrap();
    }
    text.push_str("issuers:\n");
    for (number, (chain, _, _)) in CHAINS.iter().enumerate() {
        let url = format!("https://i{number}.lab.example/oidc");
        writeln!(text, "- {{name: i{number}, kind: other, url: '{url}', chain: {{{chain}}}}}").unwrap();
    }
    text
}

async fn tried(model: TrustModel, thumbprints: &str, wanted: impl Fn(&(&str, bool, bool)) -> bool) {
    let dir = tempfile::tempdir().unwrap();
    let lab = up(dir.path(), &chains(thumbprints), model).await.unwrap();
    let mut wrong = Vec::new();
    for (number, chain) in CHAINS.iter().enumerate() {
        let token = lab.token(&format!("i{number}"), &BTreeMap::new()).unwrap();
        let (status, body) = exchange(&lab, &format!("arn:aws:iam::111122223333:role/r{number}"), &token).await;
        let minded = status == 400 && body.contains("doesn't match configured thumbprint");
        let as_wanted = if wanted(chain) { status == 200 } else { minded };
        if !as_wanted {
            wrong.push(format!("{}: {status} {body}", chain.0));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thumbprints_alone_mind_what_is_no_more_in_the_chain() {
    tried(TrustModel::ThumbprintOnly, "auto", |(_, by_thumbprint, _)| *by_thumbprint).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_library_minds_what_does_not_verify_and_no_thumbprint() {
    let none = format!("['{}']", "0".repeat(40));
    tried(TrustModel::LibraryFirst, &none, |(_, _, by_library)| *by_library).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issuers_of_each_kind_exchange_by_the_claims_that_they_have() {
    let kinds = [
        ("github", "", "repo:octo-lab/*", "sts.amazonaws.com"),
        (
            "github-enterprise",
            "https://github.octo-lab.example/_services/token",
            "repo:octo-lab/*",
            "sts.amazonaws.com",
        ),
        ("gitlab", "", "project_path:octo-lab/ledger:*", "https://gitlab.com"),
        ("gitlab-self-managed", "https://gitlab.octo-lab.example", "project_path:octo-lab/*", "sts.amazonaws.com"),
        ("circleci", "", "org/*/project/*", "5f0c7a52-1f6b-4c6e-9a37-2f1c0f6b8d11"),
        ("buildkite", "", "organization:octo-lab:*", "sts.amazonaws.com"),
        ("terraform-cloud", "", "organization:octo-lab:*", "aws.workload.identity"),
        (
            "bucket",
            "https://s3.us-east-1.amazonaws.com/octo-lab-oidc",
            "system:serviceaccount:payments:ledger",
            "sts.amazonaws.com",
        ),
        ("spire", "https://oidc.spire.octo-lab.example", "spiffe://octo-lab.example/*", "sts.amazonaws.com"),
        ("other", "https://login.octo-lab.example", "ledger", "sts.amazonaws.com"),
    ];
    let mut account = json!({"id": "111122223333", "alias": "main", "providers": [], "roles": []});
    let mut issuers = Vec::new();
    for (kind, url, subject, audience) in kinds {
        let mut issuer = json!({"name": kind, "kind": kind});
        if !url.is_empty() {
            issuer.as_object_mut().unwrap().insert("url".to_owned(), json!(url));
        }
        issuers.push(issuer);
        let push = |account: &mut Value, list: &str, one: Value| {
            account.pointer_mut(list).unwrap().as_array_mut().unwrap().push(one);
        };
        push(&mut account, "/providers", json!({"issuer": kind, "client-ids": [audience]}));
        let trust = json!([{"issuer": kind, "subject": subject, "audience": audience}]);
        push(&mut account, "/roles", json!({"name": kind, "trust": trust}));
    }
    let dir = tempfile::tempdir().unwrap();
    // JSON is YAML.
    let text = json!({"accounts": [account], "issuers": issuers}).to_string();
    let lab = up(dir.path(), &text, TrustModel::LibraryFirst).await.unwrap();
    for (kind, ..) in kinds {
        let role = format!("arn:aws:iam::111122223333:role/{kind}");
        let (status, body) = exchange(&lab, &role, &lab.token(kind, &BTreeMap::new()).unwrap()).await;
        assert_eq!(status, 200, "{kind}: {body}");
        let other = BTreeMap::from([("sub".to_owned(), json!("somebody else"))]);
        let (status, body) = exchange(&lab, &role, &lab.token(kind, &other).unwrap()).await;
        assert!(status == 403 && body.contains("Not authorized to perform"), "{kind}: {status} {body}");
    }
    assert!(matches!(lab.token("gitlub", &BTreeMap::new()), Err(LabError::NotInScenario { .. })));
}

/// What can befall an issuer's documents, and part of what STS then says; nothing where it says yes.
const DOCUMENTS: [(&str, &str); 11] = [
    ("discovery: {status: 403}", "retrieve verification key"),
    ("discovery: invalid-json", "retrieve verification key"),
    ("discovery: huge", "retrieve verification key"),
    ("discovery: {redirect: 'https://i1.lab.example'}", "retrieve verification key"),
    ("keys: {status: 500}", "retrieve verification key"),
    ("issuer: 'https://other.example'", "retrieve verification key"),
    ("jwks-uri: 'https://nowhere.example/keys'", "retrieve verification key"),
    ("key-set: empty", "retrieve verification key"),
    ("key-set: foreign", "InvalidIdentityToken"),
    ("keys: {slow: 0}", ""),
    ("keys: {flaky: 0}, discovery: {slow: 0}", ""),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_that_something_befell_are_minded() {
    let mut account = String::from("accounts:\n- id: '111122223333'\n  alias: main\n  providers:\n");
    let (mut roles, mut issuers) = (String::from("  roles:\n"), String::from("issuers:\n"));
    for (number, (documents, _)) in DOCUMENTS.iter().enumerate() {
        writeln!(account, "  - {{issuer: i{number}}}").unwrap();
        writeln!(roles, "  - {{name: r{number}, trust: [{{issuer: i{number}, subject: ledger}}]}}").unwrap();
        let url = format!("https://i{number}.lab.example/oidc");
        writeln!(issuers, "- {{name: i{number}, kind: other, url: '{url}', documents: {{{documents}}}}}").unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let text = [account, roles, issuers].concat();
    let lab = up(dir.path(), &text, TrustModel::LibraryFirst).await.unwrap();
    for (number, (documents, says)) in DOCUMENTS.iter().enumerate() {
        let token = lab.token(&format!("i{number}"), &BTreeMap::new()).unwrap();
        let (status, body) = exchange(&lab, &format!("arn:aws:iam::111122223333:role/r{number}"), &token).await;
        let as_wanted = if says.is_empty() { status == 200 } else { status == 400 && body.contains(says) };
        assert!(as_wanted, "{documents}: {status} {body}");
    }
    for (documents, says) in [
        ("discovery: {status: 200}", "`status: 200` is no refusal; write a status of 400 to 599"),
        ("keys: {slow: 9999}", "is longer than anybody waits"),
        ("jwks-uri: keys", "is no address of a key set; write an https URL"),
        ("keys: {redirect: elsewhere}", "is no address to be sent to"),
        ("keys: gone", "`gone` is not known here"),
    ] {
        let text = format!(
            "accounts: [{{id: '111122223333', alias: main}}]\nissuers:\n- {{name: i, kind: other, url: 'https://a.x', \
             documents: {{{documents}}}}}\n"
        );
        let refused = Scenario::read(&text, dir.path()).map(drop).unwrap_err().to_string();
        assert!(refused.starts_with("line 3: ") && refused.contains(says), "{documents}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_iam_would_not_save_is_refused_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    // A shared issuer, of which nobody asks for the tenant.
    let text = "accounts:\n- id: '111122223333'\n  alias: main\n  providers: [{issuer: github}]\n  roles:\n  \
                - {name: open, trust: [{issuer: github}]}\nissuers: [{name: github, kind: github}]\n";
    let refused = up(dir.path(), text, TrustModel::LibraryFirst).await.map(drop).unwrap_err().to_string();
    assert!(refused.contains("line 6") && refused.contains("must evaluate"), "{refused}");
    assert!(!dir.path().join("lab/env").exists(), "nothing is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_storys_scenario_is_the_storys_world() {
    let dir = tempfile::tempdir().unwrap();
    let lab = up(dir.path(), STORY, TrustModel::ThumbprintOnly).await.unwrap();
    let world = lab.world_of("harbour").await.unwrap();
    let story = World::healthy();
    let trust = |w: &World, role: &str| w.roles.get(role).unwrap().trust.document().to_string();
    // Its issuer has an id of its own.
    let ids = [&story, &world].map(|w| w.place.issuer.trim_start_matches("https://").to_owned());
    for (id, workload) in &story.workloads {
        let own = world.workloads.get(id).unwrap();
        assert_eq!(own.manifest(*id), workload.manifest(*id));
        let role = workload.role.as_str();
        let expected = trust(&story, role).replace(&ids[0], &ids[1]);
        assert_eq!(trust(&world, role), expected);
        assert_eq!(world.roles.get(role).map(|r| &r.policies), story.roles.get(role).map(|r| &r.policies), "{role}");
        assert_eq!(world.annotations.get(&id.place()), story.annotations.get(&id.place()));
    }
}
