//! Several accounts of the lab behind one endpoint, and a front before it that turns down, holds up and counts calls.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::collections::BTreeMap;
use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};
use trustwalk_lab_aws::{Account, AccountConfig, Provider, Role, TrustModel};

use crate::support::trustwalk;

/// The account of the caller.
pub(crate) const OWN: &str = "111122223333";
/// The cluster's issuer.
pub(crate) const EKS: &str = "oidc.eks.us-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E";
/// The role that is taken in each account.
pub(crate) const READER: &str = "audit/Reader";

/// What becomes of an account's calls to IAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// They are answered.
    Open,
    /// They are turned down for coming too often.
    Throttled,
    /// They wait.
    Held,
}

#[derive(Default)]
struct Shared {
    ways: Mutex<BTreeMap<String, Way>>,
    changed: Condvar,
    /// Account and operation of each call.
    calls: Mutex<Vec<(String, String)>>,
    /// Whose each access key is.
    keys: Mutex<BTreeMap<String, String>>,
}

/// The accounts and the front.
pub(crate) struct Organization {
    own: Account,
    address: SocketAddr,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

impl Organization {
    /// The caller's account alone.
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let own = Account::new(AccountConfig {
            account_id: OWN.to_owned(),
            partition: "aws".to_owned(),
            region: "us-west-2".to_owned(),
            trust_model: TrustModel::LibraryFirst,
            library_roots: Vec::new(),
            dialer: Arc::new(|_, _| None),
            clock: Arc::new(jiff::Timestamp::now),
        });
        let inner = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let to = inner.local_addr().unwrap();
        runtime.spawn(own.clone().serve(inner, std::future::pending()));
        let shared = Arc::<Shared>::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let front = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&front);
                std::thread::spawn(move || serve(client, to, &shared));
            }
        });
        Self { own, address, shared, _runtime: runtime }
    }

    /// Adds an account whose reader may read, or may not.
    pub(crate) fn add(&self, number: &str, may_read: bool) -> Account {
        let account = self.own.join(number);
        let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": format!("arn:aws:iam::{OWN}:root")}}]});
        let read = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*",
            "Action": ["iam:Get*", "iam:List*"]}]});
        let inline = may_read.then(|| ("read".to_owned(), read.to_string())).into_iter().collect();
        account.put_role(Role { path: "/audit/".to_owned(), inline, ..role("Reader", &trust) });
        account
    }

    /// What becomes of an account's calls from now on.
    pub(crate) fn set(&self, number: &str, way: Way) {
        self.shared.ways.lock().unwrap().insert(number.to_owned(), way);
        self.shared.changed.notify_all();
    }

    /// The calls since the last time, by account and operation.
    pub(crate) fn calls(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.shared.calls.lock().unwrap())
    }

    fn command(&self, home: &Path, words: &[&str]) -> Command {
        let keys = self.own.admin_credentials();
        self.shared.keys.lock().unwrap().insert(keys.access_key_id.clone(), OWN.to_owned());
        let mut command = trustwalk();
        command
            .env("HOME", home)
            .env("AWS_CONFIG_FILE", home.join("none"))
            .env("AWS_SHARED_CREDENTIALS_FILE", home.join("none"))
            .env("AWS_ACCESS_KEY_ID", keys.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", keys.secret_access_key)
            .env("AWS_REGION", "us-west-2")
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.address))
            .current_dir(home)
            .args(["audit", "--accounts", "accounts", "--assume", READER])
            .args(words);
        command
    }

    /// An audit of the accounts in the file `accounts`.
    pub(crate) fn audit(&self, home: &Path, words: &[&str]) -> Output {
        self.command(home, words).output().unwrap()
    }

    /// The same, begun.
    pub(crate) fn begin(&self, home: &Path, words: &[&str]) -> Child {
        self.command(home, words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}

/// A role that no policy gives anything.
pub(crate) fn role(name: &str, trust: &Value) -> Role {
    Role {
        name: name.to_owned(),
        path: "/".to_owned(),
        trust_policy: trust.to_string(),
        max_session: 3600,
        created: jiff::Timestamp::UNIX_EPOCH,
        attached: Vec::new(),
        inline: BTreeMap::new(),
        boundary: None,
        tags: BTreeMap::new(),
        last_used: None,
    }
}

/// A role for a service account of the cluster, which the account has registered or not.
pub(crate) fn trusting(account: &Account, name: &str, subject: &str, registered: bool) {
    let arn = account.provider_arn(EKS);
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": arn},
        "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {
            format!("{EKS}:sub"): subject, format!("{EKS}:aud"): "sts.amazonaws.com"}}}]});
    account.put_role(role(name, &trust));
    if registered {
        account.put_provider(Provider {
            url: EKS.to_owned(),
            client_ids: vec!["sts.amazonaws.com".to_owned()],
            thumbprints: Vec::new(),
            created: jiff::Timestamp::UNIX_EPOCH,
            tags: BTreeMap::new(),
        });
    }
}

/// One connection, its requests one after the other.
fn serve(client: TcpStream, to: SocketAddr, shared: &Shared) -> Option<()> {
    let mut from = BufReader::new(client.try_clone().ok()?);
    let mut client = client;
    loop {
        let (head, body) = message(&mut from)?;
        let text = String::from_utf8_lossy(&body).into_owned();
        let account = shared.account(&head);
        let action = text.split('&').find_map(|p| p.strip_prefix("Action=")).unwrap_or_default().to_owned();
        shared.calls.lock().unwrap().push((account.clone(), action.clone()));
        let answer = match shared.way(&account, &action) {
            Way::Throttled => {
                let body = "<E><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></E>";
                format!("HTTP/1.1 400 X\r\nx-amz-retry-after: 0\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                    .into_bytes()
            }
            Way::Open | Way::Held => {
                let mut server = TcpStream::connect(to).ok()?;
                server.write_all(head.as_bytes()).ok()?;
                server.write_all(&body).ok()?;
                let (head, body) = message(&mut BufReader::new(server))?;
                if action == "AssumeRole" {
                    shared.learn(&text, &String::from_utf8_lossy(&body));
                }
                [head.into_bytes(), body].concat()
            }
        };
        client.write_all(&answer).ok()?;
    }
}

/// A head with its empty line, and the body that it announces.
fn message(from: &mut impl std::io::BufRead) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (from.read_line(&mut head).ok()? > 0).then_some(())?;
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or_default()];
    from.read_exact(&mut body).ok()?;
    Some((head, body))
}

impl Shared {
    /// Whose call it is, by the access key in its signature.
    fn account(&self, head: &str) -> String {
        let key = head.split("Credential=").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        self.keys.lock().unwrap().get(key).cloned().unwrap_or_default()
    }

    /// What becomes of a call; one that is held waits here.
    fn way(&self, account: &str, action: &str) -> Way {
        let ways = self.ways.lock().unwrap();
        let of = |ways: &BTreeMap<String, Way>| match action {
            "AssumeRole" | "GetCallerIdentity" => Way::Open,
            _ => ways.get(account).copied().unwrap_or(Way::Open),
        };
        let ways = self.changed.wait_while(ways, |ways| of(ways) == Way::Held).unwrap();
        of(&ways)
    }

    /// Notes whose the keys are that STS gave.
    fn learn(&self, asked: &str, answer: &str) {
        let number = asked.split("iam%3A%3A").nth(1).and_then(|rest| rest.get(..12));
        let key = answer.split("<AccessKeyId>").nth(1).and_then(|rest| rest.split('<').next());
        if let (Some(number), Some(key)) = (number, key) {
            self.keys.lock().unwrap().insert(key.to_owned(), number.to_owned());
        }
    }
}
