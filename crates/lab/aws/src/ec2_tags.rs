//! Tags of what EC2 has, by its id: modules tag the security group that EKS makes for a cluster (EC2 API Reference,
//! `CreateTags`, `DeleteTags`, `DescribeTags`). Whether the thing is there is not looked
//! at, for the lab has no network.

use std::collections::BTreeMap;

use crate::account::Account;
use crate::outcome::{AwsFault, Outcome, tag};
use crate::query::Parameters;

/// Tags of a thing (EC2 User Guide, "Tag restrictions").
const MOST: usize = 50;
/// Things that one request names (EC2 API Reference, `CreateTags`).
const THINGS: usize = 1000;
/// Kinds of things, by how their ids begin.
const KINDS: [(&str, &str); 10] = [
    ("eipalloc", "elastic-ip"),
    ("eni", "network-interface"),
    ("i", "instance"),
    ("igw", "internet-gateway"),
    ("lt", "launch-template"),
    ("nat", "natgateway"),
    ("rtb", "route-table"),
    ("sg", "security-group"),
    ("subnet", "subnet"),
    ("vpc", "vpc"),
];

/// `NAME.1`, `NAME.2`, …, with a member of each behind it or none.
fn numbered(form: &Parameters, name: &str, member: &str) -> Vec<String> {
    (1..).map_while(|i| form.get(&format!("{name}.{i}{member}")).map(str::to_owned)).collect()
}

fn kind_of(id: &str) -> Option<&'static str> {
    let (prefix, number) = id.split_once('-')?;
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_hexdigit());
    KINDS.iter().find(|(known, _)| is_number && *known == prefix).map(|(_, kind)| *kind)
}

fn before(account: &Account) -> String {
    let c = &account.config;
    format!("arn:{}:ec2:{}:{}:", c.partition, c.region, c.account_id)
}

/// The ARNs of what a request names.
fn things(account: &Account, form: &Parameters) -> Result<Vec<String>, AwsFault> {
    let ids = numbered(form, "ResourceId", "");
    if ids.is_empty() {
        return Err(AwsFault::new(400, "MissingParameter", "The request must contain the parameter resourceIdSet"));
    }
    if ids.len() > THINGS {
        return Err(AwsFault::new(400, "InvalidParameterValue", format!("{} resources are too many", ids.len())));
    }
    let arn = |id: &String| {
        let kind = kind_of(id).ok_or_else(|| AwsFault::new(400, "InvalidID", format!("The ID '{id}' is not valid")))?;
        Ok(format!("{}{kind}/{id}", before(account)))
    };
    ids.iter().map(arn).collect()
}

/// `CreateTags`: one whose key is there already is replaced.
pub(crate) fn create(account: &Account, form: &Parameters) -> Outcome {
    let things = things(account, form)?;
    let (keys, mut values) = (numbered(form, "Tag", ".Key"), numbered(form, "Tag", ".Value"));
    values.resize(keys.len(), String::new());
    if keys.iter().any(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        let text = "Tag keys starting with 'aws:' are reserved for internal use";
        return Err(AwsFault::new(400, "InvalidParameterValue", text));
    }
    let mut state = account.state();
    for arn in things {
        let mut tags: BTreeMap<String, String> = state.eks_tags.get(&arn).cloned().unwrap_or_default();
        tags.extend(keys.iter().cloned().zip(values.iter().cloned()));
        if tags.len() > MOST {
            let text = format!("The maximum number of tags for this resource, {MOST}, is exceeded");
            return Err(AwsFault::new(400, "TagLimitExceeded", text));
        }
        state.eks_tags.insert(arn, tags);
    }
    Ok("<return>true</return>".to_owned())
}

/// `DeleteTags`: by key, or by key and value; all of them where none is named.
pub(crate) fn delete(account: &Account, form: &Parameters) -> Outcome {
    let things = things(account, form)?;
    let named: Vec<(String, Option<String>)> = (1..)
        .map_while(|i| {
            let key = form.get(&format!("Tag.{i}.Key"))?.to_owned();
            Some((key, form.get(&format!("Tag.{i}.Value")).map(str::to_owned)))
        })
        .collect();
    let mut state = account.state();
    for arn in things {
        let mut tags: BTreeMap<String, String> = state.eks_tags.get(&arn).cloned().unwrap_or_default();
        let goes = |key: &str, value: &str| {
            named.is_empty() || named.iter().any(|(k, v)| k == key && v.as_ref().is_none_or(|v| v == value))
        };
        tags.retain(|key, value| !goes(key, value));
        state.eks_tags.insert(arn, tags);
    }
    Ok("<return>true</return>".to_owned())
}

/// `DescribeTags`, by the filters `resource-id`, `resource-type`, `key` and `value`.
pub(crate) fn describe(account: &Account, form: &Parameters) -> String {
    let names = (1..).map_while(|i| Some((i, form.get(&format!("Filter.{i}.Name"))?)));
    let filters: Vec<(&str, Vec<String>)> =
        names.map(|(i, name)| (name, numbered(form, &format!("Filter.{i}.Value"), ""))).collect();
    let before = before(account);
    let state = account.state();
    let mut shown = String::new();
    for (arn, tags) in &*state.eks_tags {
        let Some((kind, id)) = arn.strip_prefix(&before).and_then(|rest| rest.split_once('/')) else { continue };
        for (key, value) in tags {
            let own = [("resource-id", id), ("resource-type", kind), ("key", key), ("value", value)];
            let fits = |(name, wanted): &(&str, Vec<String>)| {
                own.iter().any(|(known, text)| {
                    known == name && wanted.iter().any(|wanted| crate::language::glob(wanted, text))
                })
            };
            if filters.iter().all(fits) {
                let inside = [tag("resourceId", id), tag("resourceType", kind), tag("key", key), tag("value", value)];
                shown.extend(["<item>", &inside.concat(), "</item>"]);
            }
        }
    }
    format!("<tagSet>{shown}</tagSet>")
}
