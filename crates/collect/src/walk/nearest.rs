//! Which existing thing a name that does not exist was meant for, looked up where it would be.

use trustwalk_core::evidence::Caller;
use trustwalk_foreign::shell;

use super::world::World;
use crate::error::{CollectError, Likely};
use crate::kube_api::{KubeApi, Resource, WorkloadRef, kinds, resource};
use crate::near::{MOST, like, slips};

impl World {
    /// Refuses a namespace of which the cluster says that there is none. Who is not allowed to ask is told that it is
    /// not known.
    pub(super) async fn must_have(&self, namespace: &str) -> Result<Option<String>, CollectError> {
        let Ok(kube) = &self.kube else { return Ok(None) };
        let found = kube.namespace_object(namespace).await;
        if found.is_absent() {
            return Err(self::namespace(self, namespace).await.unwrap_or(CollectError::Gone {
                what: format!("namespace {namespace}"),
                within: String::new(),
                near: Vec::new(),
                list: Some("kubectl get namespaces".to_owned()),
            }));
        }
        Ok(found.gap().map(|gap| format!("whether there is a namespace {namespace} is not known: {gap}")))
    }
}

/// Objects of the target's kind that are called alike.
async fn objects(kube: &KubeApi, target: &WorkloadRef) -> Vec<Likely> {
    let r = target.resource;
    let all = kube.names(r, None, "").await;
    // Who may not list the cluster may perhaps list the namespace.
    let all = if all.known().is_some() { all } else { kube.names(r, Some(&target.namespace), "").await };
    let names: Vec<(&str, &str)> = all.known().into_iter().flatten().map(|(ns, n)| (ns.as_str(), n.as_str())).collect();
    let kind = r.kind.to_lowercase();
    let found = choose(&names, &target.namespace, &target.name);
    found.into_iter().map(|(ns, name)| Likely::new("{} -n {}", &[&[&kind, "/", name].concat(), ns])).collect()
}

fn choose<'a>(names: &[(&'a str, &'a str)], namespace: &str, name: &str) -> Vec<(&'a str, &'a str)> {
    let mut near: Vec<(usize, bool, &str, &str)> =
        names.iter().filter_map(|(ns, n)| Some((slips(n, name)?, *ns != namespace, *ns, *n))).collect();
    near.sort_unstable();
    near.into_iter().take(MOST).map(|(_, _, ns, n)| (ns, n)).collect()
}

/// That a target does not exist, and what may have been meant.
pub(super) async fn object(world: &World, target: &WorkloadRef) -> CollectError {
    let kind = target.resource.kind.to_ascii_lowercase();
    let near = match &world.kube {
        Ok(kube) => objects(kube, target).await,
        Err(_) => Vec::new(),
    };
    if near.is_empty()
        && !target.namespace.is_empty()
        && let Some(gone) = namespace(world, &target.namespace).await
    {
        return gone;
    }
    CollectError::Gone {
        what: [&kind, "/", &target.name].concat(),
        within: match target.namespace.as_str() {
            "" => " in any namespace".to_owned(),
            namespace => format!(" in namespace {namespace}"),
        },
        near,
        list: Some(shell::line("kubectl get {} -A", &[&kind])),
    }
}

/// That nothing which is walked from has a name, and what is called alike, of any kind.
pub(super) async fn named(world: &World, name: &str, within: Option<&str>) -> CollectError {
    let near = match &world.kube {
        Ok(kube) => of_any_kind(kube, name, within).await,
        Err(_) => Vec::new(),
    };
    if near.is_empty()
        && let Some(within) = within
        && let Some(gone) = namespace(world, within).await
    {
        return gone;
    }
    CollectError::Gone {
        what: ["a workload named ", name].concat(),
        within: within.map_or_else(|| " in any namespace".to_owned(), |within| format!(" in namespace {within}")),
        near,
        list: Some(match within {
            Some(within) => shell::line("kubectl get all -n {}", &[within]),
            None => "kubectl get all -A".to_owned(),
        }),
    }
}

async fn of_any_kind(kube: &KubeApi, name: &str, within: Option<&str>) -> Vec<Likely> {
    let all: Vec<Resource> = kinds().into_iter().filter_map(resource).collect();
    let lists = all.iter().map(|r| async move {
        let everywhere = kube.own_names(*r, None, "").await;
        let listed = if everywhere.known().is_some() { everywhere } else { kube.own_names(*r, within, "").await };
        listed
            .known()
            .into_iter()
            .flatten()
            .map(|(ns, name)| (r.kind.to_lowercase(), ns.clone(), name.clone()))
            .collect()
    });
    let found: Vec<Vec<(String, String, String)>> = futures_util::future::join_all(lists).await;
    let mut near: Vec<(usize, bool, &(String, String, String))> = found
        .iter()
        .flatten()
        .filter_map(|one| Some((slips(&one.2, name)?, within.is_some_and(|within| within != one.1), one)))
        .collect();
    near.sort_unstable();
    let likely =
        |(kind, ns, name): &(String, String, String)| Likely::new("{} -n {}", &[&[kind, "/", name].concat(), ns]);
    near.into_iter().take(MOST).map(|(_, _, one)| likely(one)).collect()
}

/// That a namespace does not exist, where the cluster says so.
pub(super) async fn namespace(world: &World, name: &str) -> Option<CollectError> {
    let Ok(kube) = &world.kube else { return None };
    if !kube.namespace_object(name).await.is_absent() {
        return None;
    }
    let all = kube.namespaces().await;
    let near = like(all.known().into_iter().flatten().map(String::as_str), name);
    Some(CollectError::Gone {
        what: format!("namespace {name}"),
        within: String::new(),
        near: near.into_iter().map(|n| Likely::new("-n {}", &[n])).collect(),
        list: Some("kubectl get namespaces".to_owned()),
    })
}

/// That the EKS cluster which was named does not exist in the account, where the account says so.
pub(super) async fn cluster(world: &World, name: &str) -> Option<CollectError> {
    let given = name.rsplit('/').next().unwrap_or(name);
    let found = world.cluster().await;
    if found.known().map_or(!found.is_absent(), |cluster| cluster.name == given) {
        return None;
    }
    let all = world.aws.cluster_names().await;
    let names = all.known().filter(|names| !names.iter().any(|name| name == given))?;
    let near = like(names.iter().map(String::as_str), given);
    Some(CollectError::Gone {
        what: format!("EKS cluster {given}"),
        within: format!(" in region {}", world.aws.region()),
        near: near.into_iter().map(|n| Likely::new("--cluster {}", &[n])).collect(),
        list: Some("aws eks list-clusters".to_owned()),
    })
}

/// That the role which was named does not exist, where the account that would have it is the caller's own.
pub(super) async fn role(world: &World, arn: &str, caller: Option<&Caller>) -> Option<CollectError> {
    let account = caller.map(|c| c.account.as_str()).filter(|own| arn.split(':').nth(4) == Some(own))?;
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let all = world.aws.roles_trusting("").await;
    let roles: Vec<(&str, &str)> =
        all.known().into_iter().flatten().map(|r| (r.name.as_str(), r.arn.as_str())).collect();
    let arn_of = |name: &str| roles.iter().find(|(n, _)| *n == name).map(|(_, arn)| *arn);
    let near = like(roles.iter().map(|(name, _)| *name), name);
    Some(CollectError::Gone {
        what: format!("role {name}"),
        within: format!(" in account {account}"),
        near: near.into_iter().filter_map(arn_of).map(|arn| Likely::new("--role {}", &[arn])).collect(),
        list: Some("aws iam list-roles --query \"Roles[].Arn\"".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::choose;

    #[test]
    fn the_same_name_elsewhere_comes_before_a_slip_and_strangers_not_at_all() {
        let all = [("payments", "ledger"), ("batch", "settlement"), ("default", "ledgers")];
        assert_eq!(choose(&all, "default", "ledger"), [("payments", "ledger"), ("default", "ledgers")]);
        assert_eq!(choose(&all, "payments", "x"), []);
    }
}
