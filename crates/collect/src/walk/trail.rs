//! Which events of `CloudTrail` concern a role, its provider and the cluster.

use futures_util::future::join_all;
use trustwalk_core::evidence::{Observed, TrailEvent};

use super::world::World;
use crate::aws::LookUp;

/// What a trail is asked for.
#[derive(Debug, Default)]
pub(super) struct Concerned<'a> {
    /// ARN and name of each role: the one that web identity asks for, those of a Pod Identity association.
    pub(super) roles: Vec<(&'a str, &'a str)>,
    /// The provider's ARN, whether or not there is such a provider.
    pub(super) provider: Option<&'a str>,
}

/// Events, the newest first, and since when they are whole.
pub(super) type Trail = (Observed<Vec<TrailEvent>>, Option<i64>);

/// Since when events are asked for, where `--since` says so.
fn from(world: &World) -> Option<i64> {
    world.options.since.map(|seconds| world.options.now.saturating_sub(seconds))
}

/// Reads the trail.
pub(super) async fn read(world: &World, of: &Concerned<'_>) -> Trail {
    let from = from(world);
    let by = |global, key, value: &str| LookUp { global, key, value: value.to_owned(), from };
    let mut asked = vec![by(false, "EventName", "UpdateAddon")];
    asked.extend(of.provider.map(|arn| by(true, "ResourceName", arn)));
    for (arn, name) in &of.roles {
        asked.push(by(true, "ResourceName", name));
        asked.push(by(false, "ResourceName", arn));
        if world.aws.global_is_elsewhere() {
            // STS's global endpoint, which older SDKs ask, is recorded with the global services.
            asked.push(by(true, "ResourceName", arn));
        }
    }
    merged(world, &asked).await
}

/// Adds who deleted a provider that is missing: under which name `CloudTrail` lists that event is not documented, so
/// that it is asked for by its own.
pub(super) async fn add_deletions(world: &World, arn: &str, trail: &mut Trail) {
    let value = "DeleteOpenIDConnectProvider".to_owned();
    let asked = LookUp { global: true, key: "EventName", value, from: from(world) };
    let (found, since) = merged(world, &[asked]).await;
    // Of many identities the trail is not asked; who deleted what all of them lack is asked once.
    let alone = matches!(trail.0, Observed::NotCollected { .. });
    if alone && found.is_refused() {
        trail.0 = found;
        return;
    }
    let Observed::Known { value: found, source } = found else { return };
    if alone {
        // Nothing but this was read.
        *trail = (Observed::Known { value: Vec::new(), source }, Some(world.options.now));
    }
    let Observed::Known { value, .. } = &mut trail.0 else { return };
    let of_it = |e: &&TrailEvent| {
        e.change.get("openIDConnectProviderArn").is_some_and(|a| a == arn) || e.resources.iter().any(|r| r == arn)
    };
    let new: Vec<TrailEvent> =
        found.iter().filter(of_it).filter(|e| !value.iter().any(|known| known.id == e.id)).cloned().collect();
    let nothing = alone && new.is_empty();
    value.extend(new);
    value.sort_by_key(|e| std::cmp::Reverse(e.at));
    trail.1 = trail.1.max(since);
    if nothing {
        let reason = "no deletion of the provider is in it, and nothing else was asked for".to_owned();
        *trail = (Observed::NotCollected { reason }, None);
    }
}

/// Look-ups together. Where one has a gap the whole has it: what is missing would be taken for what did not happen.
async fn merged(world: &World, asked: &[LookUp]) -> Trail {
    let mut events: Vec<TrailEvent> = Vec::new();
    let (mut since, mut place) = (None, None);
    for one in join_all(asked.iter().map(|a| world.look_up(a))).await {
        let Observed::Known { value, source } = one else { return (one.map(|_| Vec::new()), None) };
        since = since.max(value.since);
        place.get_or_insert(source);
        for event in value.events {
            if event.id.is_empty() || !events.iter().any(|known| known.id == event.id) {
                events.push(event);
            }
        }
    }
    events.sort_by_key(|e| std::cmp::Reverse(e.at));
    let Some(source) = place else { return (Observed::default(), None) };
    (Observed::Known { value: events, source }, since)
}
