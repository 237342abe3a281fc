//! EKS: the cluster, its add-ons, its Pod Identity associations.

use serde_json::Value;
use trustwalk_core::evidence::{Addon, EksCluster, Observed, PodIdentityAssociation, Source};
use trustwalk_foreign::shell;

use super::client::{AwsClient, AwsError, Service};

/// Clusters described while looking for the one a kubeconfig points at.
const CLUSTERS: usize = 100;

fn text(v: &Value, pointer: &str) -> String {
    v.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// EKS writes times as fractional epoch seconds.
fn time(v: &Value, pointer: &str) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds are wanted")]
    v.pointer(pointer).and_then(Value::as_f64).map_or(0, |t| t as i64)
}

impl AwsClient {
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
        let listed = self.rest(Service::Eks, &format!("/clusters?maxResults={CLUSTERS}")).await;
        let listed = self.observe(listed, "eks:ListClusters", "eks:ListClusters", "aws eks list-clusters");
        let Some(value) = listed.known() else { return listed.map(|_| EksCluster::default()) };
        let names = value.pointer("/clusters").and_then(Value::as_array).into_iter().flatten();
        let names: Vec<String> = names.filter_map(Value::as_str).map(str::to_owned).collect();
        for name in &names {
            let raw = self.rest(Service::Eks, &format!("/clusters/{name}")).await;
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
        let Ok(listed) = self.rest(Service::Eks, &format!("/clusters/{cluster}/addons")).await else {
            return Vec::new();
        };
        let names = listed.pointer("/addons").and_then(Value::as_array).cloned().unwrap_or_default();
        let reads = names.iter().filter_map(Value::as_str).map(|name| async move {
            let v = self.rest(Service::Eks, &format!("/clusters/{cluster}/addons/{name}")).await.ok()?;
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
        let path =
            format!("/clusters/{}/pod-identity-associations?namespace={namespace}", crate::percent::encode(cluster));
        let outcome = self.rest(Service::Eks, &path).await;
        let observed = self.observe(
            outcome,
            &format!("eks:ListPodIdentityAssociations {cluster}"),
            "eks:ListPodIdentityAssociations",
            &shell::line(
                "aws eks list-pod-identity-associations --cluster-name {} --namespace {}",
                &[cluster, namespace],
            ),
        );
        let Observed::Known { value, source } = observed else { return observed.map(|_| Vec::new()) };
        let items = value.pointer("/associations").and_then(Value::as_array).cloned().unwrap_or_default();
        let reads = items.iter().map(|a| self.association(cluster, a));
        Observed::Known { value: futures_util::future::join_all(reads).await, source }
    }

    /// The listing tells neither role nor time; the description does.
    async fn association(&self, cluster: &str, listed: &Value) -> PodIdentityAssociation {
        let id = text(listed, "/associationId");
        let path = format!("/clusters/{}/pod-identity-associations/{id}", crate::percent::encode(cluster));
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
