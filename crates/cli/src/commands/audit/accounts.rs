//! What is audited, asked of many accounts: each as a role of it that takes our identity. What one account does not
//! tell costs no other.

use std::collections::BTreeMap;

use anyhow::bail;
use futures_util::StreamExt as _;
use jiff::Timestamp;
use trustwalk_audit::{Inventory, Unread};
use trustwalk_collect::aws::AwsClient;
use trustwalk_collect::waits;
use trustwalk_core::evidence::Caller;

use super::account::{ask, unread, world};
use super::kept::{Kept, read, written};
use super::list::{Accounts, role_name};
use crate::args::{ManyArgs, PlaceArgs};
use crate::exit::UsageError;

/// Accounts asked at the same time. IAM counts calls by account, STS by the caller's.
const AT_ONCE: usize = 8;
/// Largest list of accounts read.
const LIST_BYTES: u64 = 64 << 20;

/// What was taken from the state folder instead of being asked for.
pub(super) struct Reused {
    /// Accounts.
    pub(super) accounts: usize,
    /// When the first of them was asked.
    pub(super) oldest: Timestamp,
}

/// Whom to ask, and how.
struct Asked<'a> {
    aws: &'a AwsClient,
    caller: &'a Caller,
    role: &'a str,
    external_id: Option<&'a str>,
}

/// Everything that the accounts tell.
pub(super) async fn inventory(place: &PlaceArgs, args: &ManyArgs) -> anyhow::Result<(Inventory, Option<Reused>)> {
    let accounts = accounts(args)?;
    let role = role_name(args.assume.as_deref().unwrap_or_default()).map_err(UsageError)?;
    let kept = args.state.as_deref().map(Kept::open).transpose()?;
    let mut found: BTreeMap<&str, Inventory> = BTreeMap::new();
    let mut reused: Option<Reused> = None;
    for number in &accounts.numbers {
        let Some((inventory, at)) = kept.as_ref().and_then(|k| k.inventory(number)) else { continue };
        let before = reused.map_or((0, at), |r| (r.accounts, r.oldest));
        reused = Some(Reused { accounts: before.0 + 1, oldest: before.1.min(at) });
        found.insert(number, inventory);
    }
    let left: Vec<&String> = accounts.numbers.iter().filter(|n| !found.contains_key(n.as_str())).collect();
    if !left.is_empty() {
        let world = world(place).await?;
        let caller = world.aws.caller().await;
        let Some(caller) = caller.known() else {
            bail!("nobody can be asked as role {role}: {}", caller.gap().unwrap_or_default())
        };
        let asked = Asked { aws: &world.aws, caller, role, external_id: args.external_id.as_deref() };
        let mut answers = futures_util::stream::iter(left)
            .map(|number| async { (number.as_str(), one(&asked, number, kept.as_ref()).await) })
            .buffer_unordered(AT_ONCE);
        while let Some((number, inventory)) = answers.next().await {
            found.insert(number, inventory?);
        }
    }
    let mut whole = Inventory::default();
    for (_, inventory) in found {
        whole.take_in(inventory);
    }
    for (number, state) in &accounts.closed {
        let why = format!("it is {state}, and was not asked");
        whole.unread.push(Unread { what: format!("account {number}"), why, place: None });
    }
    if accounts.more {
        let why = "the list has a `NextToken`: its next page was not given".to_owned();
        whole.unread.push(Unread { what: "further accounts".to_owned(), why, place: None });
    }
    Ok((whole, reused))
}

fn accounts(args: &ManyArgs) -> anyhow::Result<Accounts> {
    let Some(path) = &args.accounts else { bail!(UsageError("--assume goes with --accounts".to_owned())) };
    let wrong = |why: String| UsageError(format!("`{}` is no list of accounts: {why}", path.display()));
    let bytes = super::gather::bytes(path, LIST_BYTES).map_err(wrong)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    Ok(Accounts::read(&text).map_err(wrong)?)
}

/// One account, and kept, if it told everything. That it could not be kept ends the run: it would be asked again.
async fn one(asked: &Asked<'_>, number: &str, kept: Option<&Kept>) -> anyhow::Result<Inventory> {
    let _waiting = waits::begin(format!("the roles and providers of account {number}"));
    let client = match client(asked, number).await {
        Ok(client) => client,
        Err(unread) => return Ok(Inventory { unread: vec![unread], ..Inventory::default() }),
    };
    let now = Timestamp::now();
    let answers = ask(&client).await;
    // What is kept and what is not are read in one way, so that a run which goes on comes to the same.
    let Some(text) = answers.lines().map(|lines| written(&lines)) else {
        return Ok(answers.into_inventory(Some(number)));
    };
    let Some(inventory) = read(number, &text) else {
        let why = "its answers are of another account".to_owned();
        let unread = Unread { what: format!("account {number}"), why, place: None };
        return Ok(Inventory { unread: vec![unread], ..Inventory::default() });
    };
    if let Some(kept) = kept {
        kept.keep(number, now, &text)?;
    }
    Ok(inventory)
}

/// Who asks an account: in the caller's own, the caller, where the role need not be (AWS Organizations makes its role
/// in every account but the one that manages them).
async fn client(asked: &Asked<'_>, number: &str) -> Result<AwsClient, Unread> {
    if asked.caller.account == number {
        return Ok(asked.aws.clone());
    }
    let partition = asked.caller.arn.split(':').nth(1).filter(|p| p.starts_with("aws")).unwrap_or("aws");
    let arn = format!("arn:{partition}:iam::{number}:role/{}", asked.role);
    let taken = asked.aws.assume(&arn, asked.external_id).await;
    taken.known().cloned().ok_or_else(|| unread(&format!("account {number}"), &taken))
}
