//! An account, an issuer over TLS, and a clock that tests set.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use trustwalk_lab_aws::{Account, AccountConfig, Provider, Role, TrustModel};
use trustwalk_lab_issuer::pki::{Hierarchy, LeafKey, Presentation, days_after, thumbprint};
use trustwalk_lab_issuer::{Issuer, IssuerServer, ServerConfig, SigningKey};

use super::client::{Answer, Client, unsigned};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const OTHER: &str = "444455556666";
pub(crate) const HOST: &str = "oidc.eks.us-west-2.amazonaws.com";
pub(crate) const BARE: &str = "oidc.eks.us-west-2.amazonaws.com/id/BFDB00000000000000000000000D49F0";
pub(crate) const ISSUER: &str = "https://oidc.eks.us-west-2.amazonaws.com/id/BFDB00000000000000000000000D49F0";
pub(crate) const KEYS_HOST: &str = "keys.example.com";
pub(crate) const SUBJECT: &str = "system:serviceaccount:kube-system:aws-node";
/// A role for that subject.
pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/Cni";

/// Everything running.
pub(crate) struct World {
    pub(crate) account: Account,
    pub(crate) address: SocketAddr,
    pub(crate) admin: Client,
    pub(crate) nobody: Client,
    pub(crate) issuer: Issuer,
    pub(crate) server: IssuerServer,
    pub(crate) pki: Hierarchy,
    pub(crate) now: Arc<AtomicI64>,
}

/// A trust policy for one provider of an account, with a condition.
pub(crate) fn trust(provider: &str, condition: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }]})
    .to_string()
}

/// The condition a careful operator writes.
pub(crate) fn condition() -> Value {
    json!({"StringEquals": {format!("{BARE}:sub"): SUBJECT, format!("{BARE}:aud"): "sts.amazonaws.com"}})
}

/// A role of the account.
pub(crate) fn role(name: &str, trust_policy: String) -> Role {
    Role {
        name: name.to_owned(),
        path: "/".to_owned(),
        trust_policy,
        max_session: 3600,
        created: Timestamp::UNIX_EPOCH,
        attached: Vec::new(),
        inline: BTreeMap::new(),
        boundary: None,
        tags: BTreeMap::new(),
        last_used: None,
    }
}

/// One RSA key for all tests: making one takes longer than most of them.
fn key() -> SigningKey {
    static PAIRS: OnceLock<std::sync::Mutex<Vec<SigningKey>>> = OnceLock::new();
    PAIRS.get_or_init(Default::default).lock().unwrap().pop().unwrap_or_else(|| SigningKey::generate().unwrap())
}

impl World {
    /// An account under AWS's present rules.
    pub(crate) async fn new() -> Self {
        Self::under(TrustModel::LibraryFirst, true).await
    }

    /// An account under a trust model, whose library knows the issuer's root or does not.
    pub(crate) async fn under(trust_model: TrustModel, root_known: bool) -> Self {
        let start = Timestamp::now();
        let pki = Hierarchy::new("G1", days_after(start, -3000)).unwrap();
        let server = IssuerServer::start(ServerConfig { bind: ([127, 0, 0, 1], 0).into() }).await.unwrap();
        let issuer = Issuer::new(ISSUER, key()).unwrap();
        server.serve_issuer(issuer.clone());
        let now = Arc::new(AtomicI64::new(start.as_second()));
        let (at, clock) = (server.address(), Arc::clone(&now));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let account = Account::new(AccountConfig {
            account_id: ACCOUNT.to_owned(),
            partition: "aws".to_owned(),
            region: "us-west-2".to_owned(),
            trust_model,
            library_roots: if root_known { pki.roots() } else { Vec::new() },
            dialer: Arc::new(move |host, _| [HOST, KEYS_HOST].contains(&host).then_some(at)),
            clock: Arc::new(move || Timestamp::from_second(clock.load(Ordering::SeqCst)).unwrap()),
        });
        tokio::spawn(account.clone().serve(listener, std::future::pending()));
        let admin = Client::new(address, account.admin_credentials());
        let nobody = Client::new(address, account.unprivileged_credentials());
        let world = Self { account, address, admin, nobody, issuer, server, pki, now };
        world.present(HOST, Presentation::Full);
        let arn = world.account.provider_arn(BARE);
        world.account.put_role(role("Cni", trust(&arn, &condition())));
        world.put_provider(vec![world.top()], &["sts.amazonaws.com"]);
        world
    }

    /// Presents a chain for a host.
    pub(crate) fn present(&self, host: &str, shape: Presentation) {
        let chain = self.pki.present(&[host], days_after(self.time(), -10), shape, LeafKey::P256).unwrap();
        self.server.set_chain(host, &chain, false).unwrap();
    }

    /// Thumbprint of the last certificate presented.
    pub(crate) fn top(&self) -> String {
        thumbprint(self.server.presented(HOST).last().unwrap())
    }

    pub(crate) fn time(&self) -> Timestamp {
        Timestamp::from_second(self.now.load(Ordering::SeqCst)).unwrap()
    }

    /// Registers the issuer.
    pub(crate) fn put_provider(&self, thumbprints: Vec<String>, client_ids: &[&str]) {
        self.account.put_provider(Provider {
            url: BARE.to_owned(),
            client_ids: client_ids.iter().map(|&id| id.to_owned()).collect(),
            thumbprints,
            created: self.time(),
            tags: BTreeMap::new(),
        });
    }

    /// Claims as Kubernetes writes them.
    pub(crate) fn claims(&self) -> Value {
        let now = self.time().as_second();
        json!({"aud": ["sts.amazonaws.com"], "exp": now + 3600, "iat": now, "iss": ISSUER, "nbf": now, "sub": SUBJECT})
    }

    /// A token with some claims changed; null takes one away.
    pub(crate) fn token(&self, changes: &[(&str, Value)]) -> String {
        let mut claims = self.claims();
        for (name, value) in changes {
            let object = claims.as_object_mut().unwrap();
            object.shift_remove(*name);
            if !value.is_null() {
                object.insert((*name).to_owned(), value.clone());
            }
        }
        self.issuer.mint(&claims).unwrap().expose().to_owned()
    }

    /// The exchange with a token for the role.
    pub(crate) async fn assume(&self, token: &str) -> Answer {
        self.assume_with(token, &[]).await
    }

    /// The exchange with other parameters.
    pub(crate) async fn assume_with(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let mut all = BTreeMap::from([("RoleArn", ROLE), ("RoleSessionName", "test"), ("WebIdentityToken", token)]);
        all.extend(more.iter().copied());
        let all: Vec<(&str, &str)> = all.into_iter().collect();
        unsigned(self.address, "AssumeRoleWithWebIdentity", &all).await
    }
}
