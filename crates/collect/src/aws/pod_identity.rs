//! EKS Pod Identity: which service account gets which role.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use trustwalk_core::evidence::{Gap, Observed, PodIdentityAssociation, kept};
use trustwalk_foreign::shell;

use super::client::{AwsClient, Service};
use super::eks::{DESCRIBED, PAGE, text, time};
use super::error::AwsError;
use crate::percent::encode;

impl AwsClient {
    /// Pod Identity associations of a namespace, or of the whole cluster. Of the whole cluster only the listing is
    /// read, which tells no role.
    pub async fn associations(&self, cluster: &str, namespace: Option<&str>) -> Observed<Vec<PodIdentityAssociation>> {
        let of = namespace.map(|n| format!("&namespace={}", encode(n))).unwrap_or_default();
        let path = format!("/clusters/{}/pod-identity-associations?maxResults={PAGE}{of}", encode(cluster));
        let outcome = self.all("ListPodIdentityAssociations", &path, "associations").await;
        let by_hand = match namespace {
            Some(namespace) => shell::line(
                "aws eks list-pod-identity-associations --cluster-name {} --namespace {}",
                &[cluster, namespace],
            ),
            None => shell::line("aws eks list-pod-identity-associations --cluster-name {}", &[cluster]),
        };
        let listed = self.observe(
            outcome,
            format!("eks:ListPodIdentityAssociations {cluster} {}", namespace.unwrap_or_default()).trim_end(),
            "eks:ListPodIdentityAssociations",
            &by_hand,
        );
        let Observed::Known { value: listed, source } = listed else { return listed.map(|_| Vec::new()) };
        if namespace.is_none() {
            return Observed::Known { value: listed.iter().map(read_listed).collect(), source };
        }
        if listed.len() > DESCRIBED {
            let error = format!("there are {} associations, and no more than {DESCRIBED} are read", listed.len());
            return Observed::Unreachable { source, error };
        }
        let reads = listed.iter().map(|item| self.association(cluster, item));
        Observed::Known { value: futures_util::future::join_all(reads).await, source }
    }

    /// Makes an association; its id. Made twice, the second would be refused because of the first, and that refusal
    /// would be told.
    pub async fn associate(&self, cluster: &str, of: (&str, &str), role: &str) -> Result<String, AwsError> {
        let path = format!("/clusters/{}/pod-identity-associations", encode(cluster));
        let body = json!({"namespace": of.0, "serviceAccount": of.1, "roleArn": role});
        let answer = self.rest_once(Service::Eks, Method::POST, &path, &body).await?;
        let id = text(&answer, "/association/associationId");
        if id.is_empty() { Err(AwsError::Transport("the answer names no association".to_owned())) } else { Ok(id) }
    }

    /// Has an association give another role, and tries again only while `still` says that it is as it was.
    pub async fn associate_with(
        &self,
        cluster: &str,
        id: &str,
        role: &str,
        still: impl AsyncFn() -> bool,
    ) -> Result<(), AwsError> {
        let path = format!("/clusters/{}/pod-identity-associations/{}", encode(cluster), encode(id));
        self.rest_while(Service::Eks, &path, &json!({"roleArn": role}), still).await.map(drop)
    }

    /// Deletes an association.
    pub async fn dissociate(&self, cluster: &str, id: &str) -> Result<(), AwsError> {
        let path = format!("/clusters/{}/pod-identity-associations/{}", encode(cluster), encode(id));
        self.rest_once(Service::Eks, Method::DELETE, &path, &Value::Null).await.map(drop)
    }

    /// The listing tells neither role nor time; the description does.
    async fn association(&self, cluster: &str, listed: &Value) -> PodIdentityAssociation {
        let base = read_listed(listed);
        let path = format!("/clusters/{}/pod-identity-associations/{}", encode(cluster), encode(&base.id));
        let answer = self.rest(Service::Eks, &path).await;
        let described = self.observe(
            answer,
            &format!("eks:DescribePodIdentityAssociation {cluster} {}", base.id),
            "eks:DescribePodIdentityAssociation",
            &shell::line(
                "aws eks describe-pod-identity-association --cluster-name {} --association-id {}",
                &[cluster, &base.id],
            ),
        );
        match described.known() {
            Some(value) => read_described(base, value.get("association").unwrap_or(&Value::Null)),
            None => PodIdentityAssociation { undescribed: Gap::of(&described), ..base },
        }
    }
}

fn read_listed(item: &Value) -> PodIdentityAssociation {
    PodIdentityAssociation {
        id: text(item, "/associationId"),
        arn: text(item, "/associationArn"),
        namespace: text(item, "/namespace"),
        service_account: text(item, "/serviceAccount"),
        owner_arn: some(item, "/ownerArn"),
        ..PodIdentityAssociation::default()
    }
}

fn read_described(base: PodIdentityAssociation, value: &Value) -> PodIdentityAssociation {
    let at = |pointer| Some(time(value, pointer)).filter(|t| *t != 0);
    let tags = value.get("tags").and_then(Value::as_object).into_iter().flatten();
    let tags: BTreeMap<String, String> =
        tags.filter_map(|(key, v)| Some((key.clone(), v.as_str()?.to_owned()))).collect();
    PodIdentityAssociation {
        role_arn: some(value, "/roleArn"),
        target_role_arn: some(value, "/targetRoleArn"),
        external_id: some(value, "/externalId"),
        disable_session_tags: value.get("disableSessionTags").and_then(Value::as_bool),
        owner_arn: some(value, "/ownerArn").or(base.owner_arn),
        tags: kept::tags(tags),
        created: at("/createdAt"),
        modified: at("/modifiedAt"),
        ..base
    }
}

fn some(value: &Value, pointer: &str) -> Option<String> {
    Some(text(value, pointer)).filter(|t| !t.is_empty())
}
