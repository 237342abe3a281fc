//! EKS: the cluster, its add-ons, its Pod Identity associations.

use serde_json::Value;
use trustwalk_core::evidence::{Addon, EksCluster, Observed, PodIdentityAssociation, Source};
use trustwalk_foreign::shell;

use super::client::{AwsClient, AwsError, Service};
use super::pages::Pages;

/// Clusters described while looking for the one a kubeconfig points at: AWS's own quota for a region.
const CLUSTERS: usize = 100;
/// Add-ons and associations described, each with a call of its own. A cluster has some dozens.
const DESCRIBED: usize = 500;
/// Names asked for at once: the most EKS gives in one answer (EKS API reference, `maxResults`).
const PAGE: usize = 100;

fn text(v: &Value, pointer: &str) -> String {
    v.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// EKS writes times as fractional epoch seconds.
fn time(v: &Value, pointer: &str) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds are wanted")]
    v.pointer(pointer).and_then(Value::as_f64).map_or(0, |t| t as i64)
}

impl AwsClient {
    /// A whole listing, page by page.
    async fn all(&self, what: &str, path: &str, member: &str) -> Result<Vec<Value>, AwsError> {
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
                | Observed::NotCollected { .. } => {
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
        for name in names {
            let raw = self.rest(Service::Eks, &format!("/clusters/{}", crate::percent::encode(name))).await;
            let same = raw.as_ref().is_ok_and(|v| same_server(&text(v, "/cluster/endpoint"), server));
            if same {
                return self.describe_cluster(name).await;
            }
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
        let encoded = crate::percent::encode(name);
        let outcome = self.rest(Service::Eks, &format!("/clusters/{encoded}")).await;
        let observed = self.observe(
            outcome,
            &format!("eks:DescribeCluster {name}"),
            "eks:DescribeCluster",
            &shell::line("aws eks describe-cluster --name {}", &[name]),
        );
        let Observed::Known { value, source } = observed else { return observed.map(|_| EksCluster::default()) };
        let issuer = text(&value, "/cluster/identity/oidc/issuer");
        let cluster = EksCluster {
            name: text(&value, "/cluster/name"),
            arn: text(&value, "/cluster/arn"),
            issuer: (!issuer.is_empty()).then_some(issuer),
            version: text(&value, "/cluster/version"),
            created: time(&value, "/cluster/createdAt"),
            addons: self.addons(&encoded).await,
        };
        Observed::Known { value: cluster, source }
    }

    /// Add-ons; none when they may not be read, for nothing decides on them alone.
    async fn addons(&self, cluster: &str) -> Vec<Addon> {
        let path = format!("/clusters/{cluster}/addons?maxResults={PAGE}");
        let Ok(names) = self.all("ListAddons", &path, "addons").await else { return Vec::new() };
        let reads = names.iter().filter_map(Value::as_str).take(DESCRIBED).map(|name| async move {
            let path = format!("/clusters/{cluster}/addons/{}", crate::percent::encode(name));
            let v = self.rest(Service::Eks, &path).await.ok()?;
            let role = text(&v, "/addon/serviceAccountRoleArn");
            Some(Addon {
                name: name.to_owned(),
                role_arn: (!role.is_empty()).then_some(role),
                status: text(&v, "/addon/status"),
                modified: time(&v, "/addon/modifiedAt"),
            })
        });
        futures_util::future::join_all(reads).await.into_iter().flatten().collect()
    }

    /// Pod Identity associations of a namespace.
    pub async fn associations(&self, cluster: &str, namespace: &str) -> Observed<Vec<PodIdentityAssociation>> {
        let encode = crate::percent::encode;
        let path = format!(
            "/clusters/{}/pod-identity-associations?maxResults={PAGE}&namespace={}",
            encode(cluster),
            encode(namespace)
        );
        let outcome = self.all("ListPodIdentityAssociations", &path, "associations").await;
        let observed = self.observe(
            outcome,
            &format!("eks:ListPodIdentityAssociations {cluster}"),
            "eks:ListPodIdentityAssociations",
            &shell::line(
                "aws eks list-pod-identity-associations --cluster-name {} --namespace {}",
                &[cluster, namespace],
            ),
        );
        let Observed::Known { value: items, source } = observed else { return observed.map(|_| Vec::new()) };
        if items.len() > DESCRIBED {
            let error =
                format!("{namespace} has {} associations, more than the {DESCRIBED} that are asked for", items.len());
            return Observed::Unreachable { source, error };
        }
        let reads = items.iter().map(|a| self.association(cluster, a));
        Observed::Known { value: futures_util::future::join_all(reads).await, source }
    }

    /// The listing tells neither role nor time; the description does.
    async fn association(&self, cluster: &str, listed: &Value) -> PodIdentityAssociation {
        let id = text(listed, "/associationId");
        let encode = crate::percent::encode;
        let path = format!("/clusters/{}/pod-identity-associations/{}", encode(cluster), encode(&id));
        let described: Result<Value, AwsError> = self.rest(Service::Eks, &path).await;
        let (role_arn, created) = described.map_or((None, None), |v| {
            let role = text(&v, "/association/roleArn");
            let created = time(&v, "/association/createdAt");
            ((!role.is_empty()).then_some(role), (created != 0).then_some(created))
        });
        PodIdentityAssociation {
            namespace: text(listed, "/namespace"),
            service_account: text(listed, "/serviceAccount"),
            role_arn,
            created,
        }
    }
}

fn same_server(a: &str, b: &str) -> bool {
    let bare = |url: &str| {
        url.trim_start_matches("https://").trim_end_matches('/').trim_end_matches(":443").to_ascii_lowercase()
    };
    !a.is_empty() && bare(a) == bare(b)
}
