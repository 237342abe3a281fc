//! EKS: the cluster and its add-ons.

use serde_json::Value;
use trustwalk_core::evidence::{Addon, AddonIssue, EksCluster, Gap, Observed, Source};
use trustwalk_foreign::shell;

use super::client::{AwsClient, Service};
use super::error::AwsError;
use super::pages::Pages;

/// Clusters described while looking for the one a kubeconfig points at: AWS's own quota for a region.
const CLUSTERS: usize = 100;
/// Add-ons and associations described, each with a call of its own. A cluster has some dozens.
pub(super) const DESCRIBED: usize = 500;
/// Names asked for at once: the most EKS gives in one answer (EKS API reference, `maxResults`).
pub(super) const PAGE: usize = 100;

pub(super) fn text(v: &Value, pointer: &str) -> String {
    v.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// EKS writes times as fractional epoch seconds.
pub(super) fn time(v: &Value, pointer: &str) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds are wanted")]
    v.pointer(pointer).and_then(Value::as_f64).map_or(0, |t| t as i64)
}

impl AwsClient {
    /// A whole listing, page by page.
    pub(super) async fn all(&self, what: &str, path: &str, member: &str) -> Result<Vec<Value>, AwsError> {
        let (mut found, mut pages) = (Vec::new(), Pages::default());
        loop {
            let token = pages.next().map(|t| format!("&nextToken={}", crate::percent::encode(t))).unwrap_or_default();
            let mut page = self.rest(Service::Eks, &format!("{path}{token}")).await?;
            if let Some(Value::Array(items)) = page.get_mut(member).map(Value::take) {
                found.extend(items);
            }
            if !pages.go_on(what, page.get("nextToken").and_then(Value::as_str).map(str::to_owned))? {
                return Ok(found);
            }
        }
    }

    /// Names of the clusters in the region.
    pub async fn cluster_names(&self) -> Observed<Vec<String>> {
        let listed = self.all("ListClusters", &format!("/clusters?maxResults={PAGE}"), "clusters").await;
        let names = listed.map(|all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect());
        self.observe(names, "eks:ListClusters", "eks:ListClusters", "aws eks list-clusters")
    }

    /// The EKS cluster behind an API server: by the name in the kubeconfig, else by its endpoint.
    pub async fn cluster(&self, hint: Option<&str>, server: &str) -> Observed<EksCluster> {
        let hinted = hint.map(|h| h.rsplit('/').next().unwrap_or(h).to_owned());
        if let Some(name) = &hinted {
            let found = self.describe_cluster(name).await;
            match &found {
                Observed::Absent { .. } => {}
                Observed::Known { .. }
                | Observed::Denied { .. }
                | Observed::Unreachable { .. }
                | Observed::NotCollected { .. }
                | Observed::Spared { .. } => {
                    return found;
                }
            }
        }
        let listed = self.all("ListClusters", &format!("/clusters?maxResults={PAGE}"), "clusters").await;
        let listed = self.observe(listed, "eks:ListClusters", "eks:ListClusters", "aws eks list-clusters");
        let Observed::Known { value: names, source } = listed else { return listed.map(|_| EksCluster::default()) };
        let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
        if names.len() > CLUSTERS {
            let error =
                format!("the account has {} clusters here, too many to ask each; give --cluster NAME", names.len());
            return Observed::Unreachable { source, error };
        }
        let mut gap = None;
        for name in names {
            let described = self.describe(name).await;
            match described {
                Observed::Known { value, source } if same_server(&text(&value, "/cluster/endpoint"), server) => {
                    return Observed::Known { value: read_cluster(&value), source };
                }
                Observed::Known { .. } | Observed::Absent { .. } => {}
                unread @ (Observed::Denied { .. }
                | Observed::Unreachable { .. }
                | Observed::NotCollected { .. }
                | Observed::Spared { .. }) => {
                    gap.get_or_insert(unread);
                }
            }
        }
        // The one that could not be looked at may be the one that is meant.
        if let Some(gap) = gap {
            return gap.map(|_| EksCluster::default());
        }
        Observed::Absent {
            source: Source {
                what: format!("an EKS cluster with endpoint {server}"),
                at: self.now(),
                by_hand: Some("aws eks list-clusters".to_owned()),
            },
        }
    }

    async fn describe_cluster(&self, name: &str) -> Observed<EksCluster> {
        self.describe(name).await.map(|value| read_cluster(&value))
    }

    async fn describe(&self, name: &str) -> Observed<Value> {
        let outcome = self.rest(Service::Eks, &format!("/clusters/{}", crate::percent::encode(name))).await;
        self.observe(
            outcome,
            &format!("eks:DescribeCluster {name}"),
            "eks:DescribeCluster",
            &shell::line("aws eks describe-cluster --name {}", &[name]),
        )
    }

    /// A cluster's add-ons. One that cannot be described keeps its name and the reason.
    pub async fn addons(&self, cluster: &str) -> Observed<Vec<Addon>> {
        let encoded = crate::percent::encode(cluster);
        let names = self.all("ListAddons", &format!("/clusters/{encoded}/addons?maxResults={PAGE}"), "addons").await;
        let names = self.observe(
            names,
            &format!("eks:ListAddons {cluster}"),
            "eks:ListAddons",
            &shell::line("aws eks list-addons --cluster-name {}", &[cluster]),
        );
        let Observed::Known { value: names, source } = names else { return names.map(|_| Vec::new()) };
        if names.len() > DESCRIBED {
            let error = format!("the cluster has {} add-ons, and no more than {DESCRIBED} are read", names.len());
            return Observed::Unreachable { source, error };
        }
        let reads = names.iter().filter_map(Value::as_str).map(|name| self.addon(cluster, name));
        Observed::Known { value: futures_util::future::join_all(reads).await, source }
    }

    async fn addon(&self, cluster: &str, name: &str) -> Addon {
        let encode = crate::percent::encode;
        let answer = self.rest(Service::Eks, &format!("/clusters/{}/addons/{}", encode(cluster), encode(name))).await;
        let read = self.observe(
            answer,
            &format!("eks:DescribeAddon {cluster} {name}"),
            "eks:DescribeAddon",
            &shell::line("aws eks describe-addon --cluster-name {} --addon-name {}", &[cluster, name]),
        );
        match read.known() {
            Some(value) => read_addon(name, value),
            None => Addon { name: name.to_owned(), undescribed: Gap::of(&read), ..Addon::default() },
        }
    }
}

fn read_cluster(value: &Value) -> EksCluster {
    let issuer = text(value, "/cluster/identity/oidc/issuer");
    EksCluster {
        name: text(value, "/cluster/name"),
        arn: text(value, "/cluster/arn"),
        issuer: (!issuer.is_empty()).then_some(issuer),
        version: text(value, "/cluster/version"),
        created: time(value, "/cluster/createdAt"),
    }
}

fn texts(v: &Value, pointer: &str) -> Vec<String> {
    let listed = v.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn read_addon(name: &str, value: &Value) -> Addon {
    let role = text(value, "/addon/serviceAccountRoleArn");
    let issues = value.pointer("/addon/health/issues").and_then(Value::as_array).into_iter().flatten();
    let issue = |i: &Value| AddonIssue {
        code: text(i, "/code"),
        message: text(i, "/message"),
        resources: texts(i, "/resourceIds"),
    };
    Addon {
        name: name.to_owned(),
        role_arn: (!role.is_empty()).then_some(role),
        status: text(value, "/addon/status"),
        version: text(value, "/addon/addonVersion"),
        created: time(value, "/addon/createdAt"),
        modified: time(value, "/addon/modifiedAt"),
        issues: issues.map(issue).collect(),
        associations: texts(value, "/addon/podIdentityAssociations"),
        undescribed: None,
    }
}

fn same_server(a: &str, b: &str) -> bool {
    let bare = |url: &str| {
        url.trim_start_matches("https://").trim_end_matches('/').trim_end_matches(":443").to_ascii_lowercase()
    };
    !a.is_empty() && bare(a) == bare(b)
}
