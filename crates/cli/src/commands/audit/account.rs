//! What is audited, asked of one account.

use std::collections::BTreeSet;

use anyhow::bail;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use trustwalk_audit::{Inventory, LastUsed, Named, Unread};
use trustwalk_collect::aws::AwsClient;
use trustwalk_collect::{World, waits};
use trustwalk_core::evidence::{Observed, Provider, Role};

use crate::args::PlaceArgs;

/// Providers asked for at the same time.
const AT_ONCE: usize = 4;

/// Everything that an account answered.
pub(super) struct Answers {
    roles: Observed<Vec<Role>>,
    /// Whether it was told when the roles were used.
    used: bool,
    listed: Observed<Vec<String>>,
    providers: Vec<(String, Observed<Provider>)>,
}

/// Cluster, account and issuers, as far as an audit asks them.
pub(super) async fn world(place: &PlaceArgs) -> anyhow::Result<World> {
    let mut options = place.walk_options(None);
    options.no_exchange = true;
    Ok(World::new(options).await?)
}

/// Everything that the account of the credentials tells.
pub(super) async fn inventory(place: &PlaceArgs) -> anyhow::Result<Inventory> {
    let world = world(place).await?;
    let _waiting = waits::begin("the roles and providers of the account");
    let inventory = ask(&world.aws).await.into_inventory(None);
    if inventory.roles.is_empty() && inventory.unread.len() > 1 {
        let why: Vec<String> = inventory.unread.iter().map(|u| format!("{}: {}", u.what, u.why)).collect();
        bail!("nothing could be read of the account; {}", why.join("; "));
    }
    Ok(inventory)
}

/// Asks an account for its roles and its providers.
pub(super) async fn ask(aws: &AwsClient) -> Answers {
    let ((roles, used), listed) = tokio::join!(Box::pin(roles(aws)), Box::pin(aws.providers()));
    let arns = listed.known().cloned().unwrap_or_default();
    let asked = futures_util::stream::iter(arns).map(|arn| async move { (arn.clone(), aws.provider(&arn).await) });
    let providers = asked.buffered(AT_ONCE).collect().await;
    Answers { roles, used, listed, providers }
}

/// The roles, and whether it was told when they were used.
async fn roles(aws: &AwsClient) -> (Observed<Vec<Role>>, bool) {
    let details = aws.role_details().await;
    if matches!(details, Observed::Known { .. }) {
        return (details, true);
    }
    // Who lacks the one permission often has the other.
    match aws.every_role().await {
        listed @ Observed::Known { .. } => (listed, false),
        Observed::Absent { .. }
        | Observed::Denied { .. }
        | Observed::Unreachable { .. }
        | Observed::Spared { .. }
        | Observed::NotCollected { .. } => (details, true),
    }
}

impl Answers {
    /// As an inventory; of which account it is, where that is known, is told with what could not be read.
    pub(super) fn into_inventory(self, account: Option<&str>) -> Inventory {
        let of = account.map_or_else(|| "the account".to_owned(), |number| format!("account {number}"));
        let mut inventory = Inventory::default();
        let mut own = take_roles(&mut inventory, &self.roles, self.used, &of);
        if self.listed.known().is_none() {
            inventory.unread.push(unread(&format!("the identity providers of {of}"), &self.listed));
        }
        for (arn, answer) in self.providers {
            let Some(mut provider) = trustwalk_audit::Provider::named(&arn) else { continue };
            match answer.known() {
                Some(read) => {
                    provider.client_ids = Some(read.client_ids.clone());
                    provider.thumbprints = Some(read.thumbprints.clone());
                }
                None => inventory.unread.push(unread(&format!("provider {arn}"), &answer)),
            }
            inventory.providers.insert(arn, provider);
        }
        own = account.map(str::to_owned).or(own);
        if self.roles.known().is_some() {
            inventory.whole.extend(own.clone());
        }
        if self.listed.known().is_some() {
            let accounts: BTreeSet<String> =
                inventory.providers.values().map(|p| p.account.clone()).chain(own).collect();
            inventory.listed = accounts;
        }
        inventory
    }

    /// In the form of IAM's own answers, one a line, which an audit from files reads; nothing where a part is missing.
    pub(super) fn lines(&self) -> Option<Vec<Value>> {
        let (roles, listed) = (self.roles.known()?, self.listed.known()?);
        let details: Vec<Value> = roles.iter().map(|role| detail(role, self.used)).collect();
        let arns: Vec<Value> = listed.iter().map(|arn| json!({"Arn": arn})).collect();
        let mut lines =
            vec![json!({"RoleDetailList": details, "IsTruncated": false}), json!({"OpenIDConnectProviderList": arns})];
        for (arn, answer) in &self.providers {
            let read = answer.known()?;
            lines.push(json!({
                "Arn": arn, "Url": read.url, "ClientIDList": read.client_ids, "ThumbprintList": read.thumbprints,
            }));
        }
        Some(lines)
    }
}

/// A role as `GetAccountAuthorizationDetails` tells it (IAM API Reference, `RoleDetail`).
fn detail(role: &Role, used: bool) -> Value {
    let time = |at: i64| jiff::Timestamp::from_second(at).map(|t| t.to_string()).unwrap_or_default();
    let used = role.last_used.map(|at| json!({"LastUsedDate": time(at)})).or_else(|| used.then(|| json!({})));
    let members = [
        ("RoleName", Some(json!(role.name))),
        ("Arn", Some(json!(role.arn))),
        ("CreateDate", (role.created > 0).then(|| json!(time(role.created)))),
        ("AssumeRolePolicyDocument", Some(json!(role.trust_policy))),
        ("RoleLastUsed", used),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn take_roles(inventory: &mut Inventory, roles: &Observed<Vec<Role>>, used: bool, of: &str) -> Option<String> {
    let Some(all) = roles.known() else {
        inventory.unread.push(unread(&format!("the roles of {of}"), roles));
        return None;
    };
    for role in all {
        let last_used = match role.last_used {
            Some(at) => LastUsed::At(at),
            None if used => LastUsed::Never,
            None => LastUsed::Unknown,
        };
        let created = (role.created > 0).then_some(role.created);
        let (name, arn) = (role.name.clone(), role.arn.clone());
        inventory.add_role(Named { name, arn, created, last_used, place: None }, role.trust_policy.clone());
    }
    inventory.roles.iter().find_map(|r| r.account.clone())
}

/// That something was asked for in vain.
pub(super) fn unread<T>(what: &str, answer: &Observed<T>) -> Unread {
    Unread { what: what.to_owned(), why: answer.gap().unwrap_or_default(), place: None }
}
