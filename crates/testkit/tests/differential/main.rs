//! The doctor's reading of trust policies against the lab's, which share no code: generated documents are put on a role
//! of the lab's account, a token is exchanged over a socket, and the doctor must have foretold what came.
//!
//! Left out is what AWS does not document, and what `docs/lab-fidelity.md` says so of: values that cannot be read for
//! their operator, binary operators, keys of several values without a set operator, and variables without a value,
//! which each side's own tests hold.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

mod files;
mod worlds;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use trustwalk_lab_aws::{Account, AccountConfig, Provider, Role, TrustModel};
use trustwalk_lab_issuer::pki::{Hierarchy, LeafKey, Presentation, days_after, thumbprint};
use trustwalk_lab_issuer::{Issuer, IssuerServer, ServerConfig, SigningKey};
use trustwalk_trust_policy::{Document, Identity, Policy, Request};
use worlds::{World, worlds};

const ACCOUNT: &str = "111122223333";
/// 2026-07-01T12:00:00Z.
const NOW: i64 = 1_782_907_200;
/// Documents tried in every run, and in a long one.
const DOCUMENTS: usize = 800;

/// A small generator, so that every run tries the same documents (constants of Knuth's MMIX).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    pub(crate) fn pick<T: Clone>(&mut self, among: &[T]) -> T {
        among.get(self.roll(among.len())).unwrap().clone()
    }

    /// One value or a list.
    fn values(&mut self, among: &[&str]) -> Value {
        match self.roll(3) {
            0 => json!([self.pick(among), self.pick(among)]),
            _ => json!(self.pick(among)),
        }
    }
}

/// A key with operators and values that suit it.
fn condition(dice: &mut Dice, world: &World) -> (String, String, Value) {
    const TEXT: [&str; 6] = [
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
    ];
    const ORDER: [&str; 6] = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"];
    let (mut operator, key, values) = match dice.roll(7) {
        0..=2 => {
            let key = dice.pick(world.asked);
            let variable = format!("${{{}:sub}}", world.issuer);
            let mut texts: Vec<&str> = world.claims.values().filter_map(Value::as_str).collect();
            texts.extend(world.values);
            texts.extend(["${*}", &variable, "${aws:username, 'sts.amazonaws.com'}", "*", "?*"]);
            // Conditions of the kind that people write: the claim's own value, or one that fits it.
            let own = world.claim(key);
            if !own.is_empty() && dice.roll(3) == 0 {
                texts = vec![own];
            }
            (dice.pick(&TEXT).to_owned(), format!("{}:{key}", world.issuer), dice.values(&texts))
        }
        3 => {
            let times = ["2026-07-01T12:00:00Z", "2026-07-01", "2027", "1782907199", "2026-07-01T14:00:00+02:00"];
            let key = dice.pick(&["aws:CurrentTime", "aws:EpochTime", "aws:TokenIssueTime"]);
            (format!("Date{}", dice.pick(&ORDER)), key.to_owned(), dice.values(&times))
        }
        4 => {
            let blocks = ["127.0.0.0/8", "10.0.0.0/8", "127.0.0.1", "::1/128", "0.0.0.0/0"];
            let key = dice.pick(&["aws:SourceIp", "aws:VpcSourceIp"]);
            (dice.pick(&["IpAddress", "NotIpAddress"]).to_owned(), key.to_owned(), dice.values(&blocks))
        }
        5 => {
            let key = dice.pick(&["aws:SecureTransport", "aws:MultiFactorAuthPresent", "aws:ViaAWSService"]);
            (dice.pick(&["Bool", "Null"]).to_owned(), key.to_owned(), dice.values(&["true", "false"]))
        }
        _ => {
            let numbers = ["1782907200", "1782907199.5", "0", "1e12"];
            let key = dice.pick(&["aws:EpochTime", "s3:max-keys"]);
            (format!("Numeric{}", dice.pick(&ORDER)), key.to_owned(), dice.values(&numbers))
        }
    };
    if operator != "Null" {
        operator = format!(
            "{}{operator}{}",
            dice.pick(&["", "", "ForAnyValue:", "ForAllValues:"]),
            dice.pick(&["", "IfExists"])
        );
    }
    (operator, key, values)
}

/// Which documents are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Of all that the language has.
    Any,
    /// Such as IAM saves on a role for the world's issuer, in most cases.
    Saved,
}

fn statement(dice: &mut Dice, world: &World, kind: Kind) -> Value {
    let ours = world.provider();
    let principals = [
        json!({"Federated": ours}),
        json!({"Federated": ours}),
        json!({"Federated": [ours, "accounts.google.com"]}),
        json!({"Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/other.example")}),
        json!({"AWS": "*"}),
        json!({"AWS": ACCOUNT}),
        json!({"Service": "ec2.amazonaws.com"}),
    ];
    let actions = ["sts:AssumeRoleWithWebIdentity", "sts:assumerolewith*", "sts:*", "sts:AssumeRole", "*"];
    let mut conditions: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let saved = kind == Kind::Saved;
    if saved && dice.roll(4) > 0 {
        // The guard of shared issuers asks for it.
        let operator = dice.pick(&["StringEquals", "StringLike", "ForAnyValue:StringLike"]).to_owned();
        let near: Vec<&str> = [world.claim("sub")].into_iter().chain(world.values.iter().copied().take(3)).collect();
        let (key, values) = (format!("{}:sub", world.issuer), dice.values(&near));
        conditions.entry(operator).or_default().insert(key, values);
    }
    for _ in 0..dice.roll(if saved { 3 } else { 4 }) {
        let (operator, key, values) = condition(dice, world);
        conditions.entry(operator).or_default().insert(key, values);
    }
    let name = if !saved && dice.roll(8) == 0 { "NotAction" } else { "Action" };
    let effect = if dice.roll(4) == 0 { "Deny" } else { "Allow" };
    let (whom, what) = if saved { (4, 2) } else { (principals.len(), actions.len()) };
    let (principal, action) = (principals.get(dice.roll(whom)).unwrap(), actions.get(dice.roll(what)).unwrap());
    json!({"Effect": effect, "Principal": principal, name: action, "Condition": conditions})
}

pub(crate) fn document(dice: &mut Dice, world: &World, kind: Kind) -> String {
    let statements: Vec<Value> = (0..=dice.roll(3)).map(|_| statement(dice, world, kind)).collect();
    let version = if kind == Kind::Saved { "2012-10-17" } else { "2008-10-17" };
    let version = dice.pick(&["2012-10-17", "2012-10-17", "2012-10-17", version]);
    json!({"Version": version, "Statement": statements}).to_string()
}

/// The lab's side: an account with the issuer registered, listening.
struct Lab {
    account: Account,
    address: SocketAddr,
    tokens: Vec<String>,
    _server: IssuerServer,
}

impl Lab {
    async fn start(worlds: &[World]) -> Self {
        let now = Timestamp::from_second(NOW).unwrap();
        let server = IssuerServer::start(ServerConfig { bind: ([127, 0, 0, 1], 0).into() }).await.unwrap();
        let pki = Hierarchy::new("G1", days_after(now, -3000)).unwrap();
        let first = Issuer::new("https://first.example", SigningKey::generate().unwrap()).unwrap();
        let (mut tokens, mut thumbprints) = (Vec::new(), Vec::new());
        for world in worlds {
            let from = days_after(now, -10);
            let chain = pki.present(&[world.host()], from, Presentation::Full, LeafKey::P256).unwrap();
            server.set_chain(world.host(), &chain, false).unwrap();
            let issuer = first.beside(&format!("https://{}", world.issuer)).unwrap();
            server.serve_issuer(issuer.clone());
            let mut claims = world.claims.clone();
            claims.insert("iss".to_owned(), json!(issuer.url()));
            claims.insert("iat".to_owned(), json!(NOW));
            claims.insert("exp".to_owned(), json!(NOW + 3600));
            tokens.push(issuer.mint(&Value::Object(claims)).unwrap().expose().to_owned());
            thumbprints.push(thumbprint(chain.certificates.last().unwrap()));
        }
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
        for (world, thumbprint) in worlds.iter().zip(thumbprints) {
            account.put_provider(Provider {
                url: world.issuer.to_owned(),
                client_ids: vec![world.claim("aud").to_owned()],
                thumbprints: vec![thumbprint],
                created: now,
                tags: BTreeMap::new(),
            });
        }
        tokio::spawn(account.clone().serve(listener, std::future::pending()));
        Self { account, address, tokens, _server: server }
    }

    /// Whether STS gives the role under this trust policy.
    async fn admits(&self, of: usize, trust_policy: &str) -> bool {
        self.account.put_role(Role {
            name: "Ledger".to_owned(),
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
        let role = format!("arn:aws:iam::{ACCOUNT}:role/Ledger");
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "AssumeRoleWithWebIdentity")
            .append_pair("Version", "2011-06-15")
            .append_pair("RoleArn", &role)
            .append_pair("RoleSessionName", "test")
            .append_pair("WebIdentityToken", self.tokens.get(of).unwrap())
            .finish();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let admitted = answer.contains("<SecretAccessKey>");
        assert!(admitted || answer.contains("Not authorized to perform sts:AssumeRoleWithWebIdentity"), "{answer}");
        admitted
    }
}

/// What the doctor foretells, knowing what the lab's request brings along; nothing when it says that it can't be known.
fn foretold(text: &str, world: &World) -> Option<bool> {
    let claims = world.claims.iter();
    let own = Identity::new(world.provider());
    let identity = claims.fold(own, |identity, (name, value)| identity.with_claim(name.as_str(), value.clone()));
    let mut request = Request::web_identity(&identity);
    for (key, value) in [
        ("aws:CurrentTime", "2026-07-01T12:00:00Z"),
        ("aws:EpochTime", "1782907200"),
        ("aws:SecureTransport", "true"),
        ("aws:SourceIp", "127.0.0.1"),
        ("aws:RequestedRegion", "us-west-2"),
        ("aws:ViaAWSService", "false"),
        ("sts:RoleSessionName", "test"),
    ] {
        request.context.set(key, [value]);
    }
    let decision = Policy::compile(&Document::parse(text).unwrap()).evaluate(&request);
    match serde_json::to_value(decision).unwrap().as_str() {
        Some("allow") => Some(true),
        Some("explicit-deny" | "implicit-deny") => Some(false),
        _ => None,
    }
}

impl World {
    fn provider(&self) -> String {
        format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{}", self.issuer)
    }
}

#[expect(clippy::print_stdout, reason = "a long run is made for its counts")]
async fn compare(count: usize, seed: u64) {
    let worlds = worlds();
    let lab = Lab::start(&worlds).await;
    let mut dice = Dice(seed);
    let (mut admitted, mut known) = (0, 0);
    for number in 0..count {
        let of = number % worlds.len();
        let world = worlds.get(of).unwrap();
        let text = document(&mut dice, world, Kind::Any);
        let done = lab.admits(of, &text).await;
        admitted += usize::from(done);
        if let Some(said) = foretold(&text, world) {
            known += 1;
            assert_eq!(said, done, "document {number} for {}: {text}", world.issuer);
        }
    }
    // Neither side may be right by always saying the same, or nothing.
    assert!(admitted > count / 10 && admitted < count * 9 / 10, "{admitted} admitted");
    assert!(known > count * 3 / 4, "{known} foretold");
    println!("{count} documents: {admitted} admitted, {known} foretold");
}

/// How many documents to try: so many, or as many as `TRUSTWALK_DOCUMENTS` says. `cargo test` runs the long way of
/// 100,000 (`-p trustwalk-testkit --test differential -- --nocapture`): nextest ends what takes so long.
fn asked(usual: usize) -> usize {
    std::env::var("TRUSTWALK_DOCUMENTS").map_or(usual, |said| said.parse().unwrap())
}

#[tokio::test]
async fn the_doctor_foretells_what_the_lab_does() {
    compare(asked(DOCUMENTS), 7).await;
}
