//! A rehearsal: one way to a role at a time, set up in an account of its own through its own API, and walked with a
//! token that the lab's issuer mints. No cluster runs and no file is written.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tokio::sync::{Mutex, oneshot};
use trustwalk_lab_aws::{Account, AccountConfig, Clock, Cluster};
use trustwalk_lab_issuer::{
    Issuer, IssuerServer, KubernetesSubject, ServerConfig, SigningKey,
    pki::{Hierarchy, LeafKey, Presentation, days_after},
};
use trustwalk_lab_node::{CallError, Caller, Credentials};

use crate::{LabError, config::loopback, outside::place_of};

/// Days ago the issuers' authority began, and their certificates.
const BEGAN: [i64; 2] = [300, 10];
/// How long tokens live: an hour, as pods' and jobs' do at most places.
const LIFE: SignedDuration = SignedDuration::from_hours(1);
/// The audience of tokens for Pod Identity (EKS User Guide, "EKS Pod Identity").
const PODS: &str = "pods.eks.amazonaws.com";
/// A document that lets somebody in whom nobody asks about: for roles that a policy names.
const BYSTANDER: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// A provider that is registered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewProvider {
    /// Its URL, as somebody gives it to IAM.
    pub url: String,
    /// Its client ids.
    pub client_ids: Vec<String>,
    /// Its thumbprints; none where IAM is to find them.
    pub thumbprints: Vec<String>,
}

/// A role that is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewRole {
    /// Its path, `/` in most cases.
    pub path: String,
    /// Its name.
    pub name: String,
    /// The JSON text of its trust policy.
    pub trust: String,
    /// Its longest session, seconds, where it is told.
    pub max_session: Option<i64>,
    /// Texts of policies that it is given, each saved by itself.
    pub policies: Vec<String>,
    /// Path and name of other roles of the account that its trust policy names, and that have to be there.
    pub others: Vec<(String, String)>,
}

/// Whom a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// A service account, by namespace and name: the subject is made as the API server makes it.
    ServiceAccount(String, String),
    /// Somebody with these claims, `sub` among them; `iss`, `aud` and the times are added.
    Claims(Map<String, Value>),
}

/// How the role is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// With a token, at STS.
    Token {
        /// The audience of the token.
        audience: String,
        /// How long the session is to live, seconds, where somebody says.
        seconds: Option<i64>,
        /// Its name.
        session: String,
    },
    /// Through an association of Pod Identity in a cluster of this name.
    Association(String),
}

/// One way to a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    /// The account's twelve digits.
    pub account: String,
    /// Its partition.
    pub partition: String,
    /// Its region.
    pub region: String,
    /// URL of the issuer of the token.
    pub issuer: String,
    /// The provider; none where none has a part in it.
    pub provider: Option<NewProvider>,
    /// The role.
    pub role: NewRole,
    /// The ARN that is asked for.
    pub arn: String,
    /// Whom the token is for.
    pub whom: Whom,
    /// How it is asked.
    pub asked: Asked,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The role is given.
    Admitted,
    /// It is not, with code and words of whoever refuses.
    Refused(String, String),
    /// IAM or EKS did not save what has to be there: what, code and words.
    NotSaved(&'static str, String, String),
}

/// Where rehearsals are held: issuers with real TLS on loopback. It ends with the runtime.
pub struct Stage {
    server: IssuerServer,
    authority: Hierarchy,
    first: Issuer,
    clock: Clock,
    issuers: Mutex<BTreeMap<String, Issuer>>,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("server", &self.server).finish_non_exhaustive()
    }
}

/// What keeps a scene from its end.
enum Stop {
    Lab(LabError),
    Came(Outcome),
}

impl From<LabError> for Stop {
    fn from(error: LabError) -> Self {
        Self::Lab(error)
    }
}

fn silent() -> LabError {
    LabError::Control("the account does not answer".to_owned())
}

/// What was not saved, by the answer.
fn saved(what: &'static str, answer: Result<String, CallError>) -> Result<(), Stop> {
    match answer {
        Ok(_) => Ok(()),
        Err(CallError::Refused { code, message }) => Err(Stop::Came(Outcome::NotSaved(what, code, message))),
        Err(CallError::Silent) => Err(Stop::Lab(silent())),
    }
}

impl Stage {
    /// Makes keys and listens. It is now.
    pub async fn start() -> Result<Self, LabError> {
        Self::at(Arc::new(Timestamp::now)).await
    }

    /// The same at another time: of accounts, tokens and certificates.
    pub async fn at(clock: Clock) -> Result<Self, LabError> {
        let now = clock();
        let server = IssuerServer::start(ServerConfig { bind: loopback(0) }).await?;
        let authority = Hierarchy::new("2026", days_after(now, -BEGAN[0]))?;
        let first = Issuer::new("https://issuer.example", SigningKey::generate()?)?;
        Ok(Self { server, authority, first, clock, issuers: Mutex::default() })
    }

    /// The issuer at a URL, served from now on.
    async fn issuer(&self, url: &str) -> Result<Issuer, LabError> {
        let mut issuers = self.issuers.lock().await;
        if let Some(known) = issuers.get(url) {
            return Ok(known.clone());
        }
        let wrong = |why: &str| LabError::Outside { issuer: url.to_owned(), why: why.to_owned() };
        let (host, _) = place_of(url).ok_or_else(|| wrong("an issuer is an https URL without a query"))?;
        let issuer = self.first.beside(url)?;
        let from = days_after((self.clock)(), -BEGAN[1]);
        let chain = self.authority.present(&[&host], from, Presentation::Full, LeafKey::P256)?;
        self.server.set_chain(&host, &chain, false)?;
        self.server.serve_issuer(issuer.clone());
        issuers.insert(url.to_owned(), issuer.clone());
        Ok(issuer)
    }

    /// An empty account, served until the sender is dropped.
    async fn account(&self, scene: &Scene) -> Result<(Account, Caller, oneshot::Sender<()>), LabError> {
        let at: SocketAddr = self.server.address();
        let listener = tokio::net::TcpListener::bind(loopback(0)).await.map_err(LabError::io("listen on loopback"))?;
        let address = listener.local_addr().map_err(LabError::io("read an address"))?;
        let account = Account::new(AccountConfig {
            account_id: scene.account.clone(),
            partition: scene.partition.clone(),
            region: scene.region.clone(),
            trust_model: trustwalk_lab_aws::TrustModel::LibraryFirst,
            library_roots: self.authority.roots(),
            dialer: Arc::new(move |_: &str, _| Some(at)),
            clock: Arc::clone(&self.clock),
        });
        let (end, ended) = oneshot::channel();
        tokio::spawn(account.clone().serve(listener, async move {
            // The sender is never used: it is dropped.
            let _gone = ended.await;
        }));
        let keys = account.admin_credentials();
        let keys = Credentials {
            access_key_id: keys.access_key_id,
            secret_access_key: keys.secret_access_key,
            session_token: keys.session_token,
            expires: keys.expires,
        };
        Ok((account, Caller::new(address, &scene.region, keys), end))
    }

    /// Holds one.
    pub async fn rehearse(&self, scene: &Scene) -> Result<Outcome, LabError> {
        let issuer = self.issuer(&scene.issuer).await?;
        let (account, caller, end) = self.account(scene).await?;
        let came = match walked((scene, (self.clock)()), &issuer, (&account, &caller)).await {
            Ok(answer) => Ok(answer),
            Err(Stop::Came(outcome)) => Ok(outcome),
            Err(Stop::Lab(error)) => Err(error),
        };
        drop(end);
        came
    }
}

async fn walked(
    (scene, now): (&Scene, Timestamp),
    issuer: &Issuer,
    (account, caller): (&Account, &Caller),
) -> Result<Outcome, Stop> {
    if let Some(provider) = &scene.provider {
        saved("provider", register(caller, provider).await)?;
    }
    make(caller, &scene.role).await?;
    let answer = match &scene.asked {
        Asked::Token { audience, seconds, session } => {
            let token = mint(issuer, (scene, now), audience)?;
            let life = seconds.map(|seconds| seconds.to_string());
            let mut all =
                vec![("RoleArn", scene.arn.as_str()), ("RoleSessionName", session), ("WebIdentityToken", &token)];
            all.extend(life.as_deref().map(|life| ("DurationSeconds", life)));
            caller.exchange(&all).await
        }
        Asked::Association(cluster) => associated((scene, now), issuer, (account, caller), cluster).await?,
    };
    match answer {
        Ok(_) => Ok(Outcome::Admitted),
        Err(CallError::Refused { code, message }) => Ok(Outcome::Refused(code, message)),
        Err(CallError::Silent) => Err(Stop::Lab(silent())),
    }
}

async fn register(caller: &Caller, provider: &NewProvider) -> Result<String, CallError> {
    let numbered = |list: &'static str, all: &[String]| {
        let one = |(n, text): (usize, &String)| (format!("{list}.member.{}", n + 1), text.clone());
        all.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    let mut all = numbered("ClientIDList", &provider.client_ids);
    all.extend(numbered("ThumbprintList", &provider.thumbprints));
    let parameters = std::iter::once(("Url", provider.url.as_str()));
    let parameters: Vec<(&str, &str)> = parameters.chain(all.iter().map(|(k, v)| (k.as_str(), v.as_str()))).collect();
    caller.iam("CreateOpenIDConnectProvider", &parameters).await
}

/// The role, with what has to be there before it. What stands beside it is saved and taken away again: whether it can
/// be is the question.
async fn make(caller: &Caller, role: &NewRole) -> Result<(), Stop> {
    for (path, name) in role.others.iter().filter(|(_, name)| *name != role.name) {
        let other = [("RoleName", name.as_str()), ("Path", path), ("AssumeRolePolicyDocument", BYSTANDER)];
        saved("another role that the trust policy names", caller.iam("CreateRole", &other).await)?;
    }
    let life = role.max_session.map(|seconds| seconds.to_string());
    let mut parameters =
        vec![("RoleName", role.name.as_str()), ("Path", &role.path), ("AssumeRolePolicyDocument", &role.trust)];
    parameters.extend(life.as_deref().map(|life| ("MaxSessionDuration", life)));
    saved("role", caller.iam("CreateRole", &parameters).await)?;
    let named = [("RoleName", role.name.as_str()), ("PolicyName", "rehearsed")];
    for policy in &role.policies {
        let with = [named[0], named[1], ("PolicyDocument", policy.as_str())];
        saved("policy of the role", caller.iam("PutRolePolicy", &with).await)?;
        saved("policy of the role", caller.iam("DeleteRolePolicy", &named).await)?;
    }
    Ok(())
}

fn mint(issuer: &Issuer, (scene, now): (&Scene, Timestamp), audience: &str) -> Result<String, LabError> {
    let until = now.checked_add(LIFE).unwrap_or(now);
    let token = match &scene.whom {
        Whom::ServiceAccount(namespace, name) => {
            let uid = || "5c9d0a7e-6b1f-4c0e-9a55-1d2f3a4b5c6d".to_owned();
            let pod = Some((format!("{name}-0"), uid()));
            let (namespace, service_account) = (namespace.clone(), name.clone());
            let subject = KubernetesSubject { namespace, service_account, uid: uid(), pod };
            issuer.mint_kubernetes(&subject, &[audience.to_owned()], now, until)?
        }
        Whom::Claims(claims) => {
            let mut claims = claims.clone();
            claims.extend([
                ("iss".to_owned(), json!(issuer.url())),
                ("aud".to_owned(), json!(audience)),
                ("iat".to_owned(), json!(now.as_second())),
                ("nbf".to_owned(), json!(now.as_second())),
                ("exp".to_owned(), json!(until.as_second())),
            ]);
            issuer.mint(&Value::Object(claims))?
        }
    };
    Ok(token.expose().to_owned())
}

/// A cluster, an association in it, and a pod's token for EKS.
async fn associated(
    (scene, now): (&Scene, Timestamp),
    issuer: &Issuer,
    (account, caller): (&Account, &Caller),
    cluster: &str,
) -> Result<Result<String, CallError>, Stop> {
    let Whom::ServiceAccount(namespace, name) = &scene.whom else {
        return Err(Stop::Lab(LabError::Account("an association is for a service account".to_owned())));
    };
    account.put_cluster(Cluster {
        name: cluster.to_owned(),
        version: "1.36".to_owned(),
        created: now,
        issuer: issuer.url().to_owned(),
        endpoint: "https://127.0.0.1".to_owned(),
        ca: String::new(),
        addons: BTreeMap::new(),
        associations: Vec::new(),
    });
    let wanted = json!({"namespace": namespace, "serviceAccount": name, "roleArn": scene.arn});
    let path = format!("/clusters/{cluster}/pod-identity-associations");
    saved("association", caller.post("eks", &path, &wanted).await)?;
    let token = mint(issuer, (scene, now), PODS)?;
    let path = format!("/clusters/{cluster}/assume-role-for-pod-identity");
    Ok(caller.post("eks-auth", &path, &json!({"token": token})).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(subject: &str) -> Scene {
        let provider = "arn:aws:iam::111122223333:oidc-provider/issuer.example/id/A";
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {"issuer.example/id/A:sub": subject}}}]});
        Scene {
            account: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            region: "us-west-2".to_owned(),
            issuer: "https://issuer.example/id/A".to_owned(),
            provider: Some(NewProvider {
                url: "https://issuer.example/id/A".to_owned(),
                client_ids: vec!["sts.amazonaws.com".to_owned()],
                thumbprints: Vec::new(),
            }),
            role: NewRole {
                path: "/apps/".to_owned(),
                name: "reader".to_owned(),
                trust: trust.to_string(),
                ..NewRole::default()
            },
            arn: "arn:aws:iam::111122223333:role/apps/reader".to_owned(),
            whom: Whom::ServiceAccount("shop".to_owned(), "reader".to_owned()),
            asked: Asked::Token {
                audience: "sts.amazonaws.com".to_owned(),
                seconds: None,
                session: "rehearsal".to_owned(),
            },
        }
    }

    #[tokio::test]
    async fn a_way_is_walked_and_refused_as_at_aws() {
        let stage = Stage::start().await.unwrap();
        let sound = scene("system:serviceaccount:shop:reader");
        assert_eq!(stage.rehearse(&sound).await.unwrap(), Outcome::Admitted);
        let Outcome::Refused(code, _) = stage.rehearse(&scene("system:serviceaccount:shop:writer")).await.unwrap()
        else {
            panic!("a stranger was let in")
        };
        assert_eq!(code, "AccessDenied");
        let mut unpathed = sound.clone();
        unpathed.arn = "arn:aws:iam::111122223333:role/reader".to_owned();
        assert!(matches!(stage.rehearse(&unpathed).await.unwrap(), Outcome::Refused(..)));
        let mut odd = sound.clone();
        odd.role.trust = odd.role.trust.replace("StringEquals", "StringsEqual");
        let came = stage.rehearse(&odd).await.unwrap();
        assert!(matches!(&came, Outcome::NotSaved("role", code, _) if code == "MalformedPolicyDocument"), "{came:?}");
        // What one leaves behind is not there for the next.
        assert_eq!(stage.rehearse(&sound).await.unwrap(), Outcome::Admitted);
    }

    #[tokio::test]
    async fn an_association_is_asked_of_eks() {
        let stage = Stage::start().await.unwrap();
        let mut own = scene("nobody");
        own.provider = None;
        own.asked = Asked::Association("harbour".to_owned());
        assert!(matches!(stage.rehearse(&own).await.unwrap(), Outcome::Refused(..)));
        own.role.trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"]}]})
        .to_string();
        assert_eq!(stage.rehearse(&own).await.unwrap(), Outcome::Admitted);
    }
}
