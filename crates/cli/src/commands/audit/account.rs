//! What is audited, asked of the account that the credentials are of.

use std::collections::BTreeSet;

use anyhow::bail;
use futures_util::StreamExt as _;
use trustwalk_audit::{Inventory, LastUsed, Named, Provider, Unread};
use trustwalk_collect::{World, waits};
use trustwalk_core::evidence::{Observed, Role};

use crate::args::PlaceArgs;

/// Providers asked for at the same time.
const AT_ONCE: usize = 4;

/// Everything that the account tells.
pub(super) async fn inventory(place: &PlaceArgs) -> anyhow::Result<Inventory> {
    let mut options = place.walk_options(None);
    options.no_exchange = true;
    let world = World::new(options).await?;
    let mut inventory = Inventory::default();
    let _waiting = waits::begin("the roles and providers of the account");
    let (roles, listed) = tokio::join!(Box::pin(roles(&world)), Box::pin(world.aws.providers()));
    let (roles, used) = roles;
    let account = take_roles(&mut inventory, &roles, used);
    if listed.known().is_none() {
        inventory.unread.push(unread("the identity providers of the account", &listed));
    }
    let arns = listed.known().cloned().unwrap_or_default();
    if inventory.roles.is_empty() && inventory.unread.len() > 1 {
        let why: Vec<String> = inventory.unread.iter().map(|u| format!("{}: {}", u.what, u.why)).collect();
        bail!("nothing could be read of the account; {}", why.join("; "));
    }
    let known = listed.known().is_some();
    let mut asked = futures_util::stream::iter(arns)
        .map(|arn| {
            let aws = &world.aws;
            async move { (aws.provider(&arn).await, arn) }
        })
        .buffered(AT_ONCE);
    while let Some((answer, arn)) = asked.next().await {
        let Some(mut provider) = Provider::named(&arn) else { continue };
        match answer.known() {
            Some(read) => {
                provider.client_ids = Some(read.client_ids.clone());
                provider.thumbprints = Some(read.thumbprints.clone());
            }
            None => inventory.unread.push(unread(&format!("provider {arn}"), &answer)),
        }
        inventory.providers.insert(arn, provider);
    }
    if known {
        let accounts: BTreeSet<String> =
            inventory.providers.values().map(|p| p.account.clone()).chain(account).collect();
        inventory.listed = accounts;
    }
    Ok(inventory)
}

/// The roles, and whether it was told when they were used.
async fn roles(world: &World) -> (Observed<Vec<Role>>, bool) {
    let details = world.aws.role_details().await;
    if matches!(details, Observed::Known { .. }) {
        return (details, true);
    }
    // Who lacks the one permission often has the other.
    match world.aws.every_role().await {
        listed @ Observed::Known { .. } => (listed, false),
        Observed::Absent { .. }
        | Observed::Denied { .. }
        | Observed::Unreachable { .. }
        | Observed::Spared { .. }
        | Observed::NotCollected { .. } => (details, true),
    }
}

fn take_roles(inventory: &mut Inventory, roles: &Observed<Vec<Role>>, used: bool) -> Option<String> {
    let Some(all) = roles.known() else {
        inventory.unread.push(unread("the roles of the account", roles));
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
    let account = inventory.roles.iter().find_map(|r| r.account.clone());
    inventory.whole.extend(account.clone());
    account
}

fn unread<T>(what: &str, answer: &Observed<T>) -> Unread {
    Unread { what: what.to_owned(), why: answer.gap().unwrap_or_default(), place: None }
}
