//! How a person makes the same change, tool by tool: exact, whole, and through whoever keeps the object.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use trustwalk_foreign::snippet::{self, Slot};
use trustwalk_foreign::{shell, visible};

use super::action::Action;
use super::action::WebhookField;
use super::owner::Owner;
use crate::evidence::{DEFAULT_AUDIENCE, Evidence, ROLE_ANNOTATION, View};
use crate::question::acts_by_association;

/// The annotation of a template that a restart writes (kubectl, `rollout restart`).
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// Pairs of tool and text, as `by_hand` has them.
pub(crate) type Ways = Vec<(&'static str, String)>;

/// The ways of an action. Lists and documents are those that will stand, never the new item alone.
pub(crate) fn ways(view: &View<'_>, action: &Action) -> Ways {
    let e = view.whole();
    let mut ways = match action {
        Action::SetThumbprints { provider_arn, thumbprints } => thumbprints_set(provider_arn, thumbprints),
        Action::AddClientId { provider_arn, client_id } => audience_added(e, provider_arn, client_id),
        Action::CreateProvider { url, client_ids, thumbprints } => created(e, (url, client_ids, thumbprints)),
        Action::SetTrustPolicy { role, document } => trusted(role, document),
        Action::Annotate { namespace, service_account, key, value } => {
            annotated(e, action, (namespace, service_account), (key, value.as_deref()))
        }
        Action::AttachPolicy { role, policy_arn } => attached(e, action, (role, policy_arn)),
        Action::SetWebhook { configuration, webhook, set } => hooked(configuration, webhook, set),
        Action::Associate { cluster, namespace, service_account, role_arn, association } => {
            associated((cluster, namespace, service_account), role_arn, association.as_deref())
        }
        Action::Restart { resource, namespace, name } => restarted(e, (resource, namespace, name)),
        // Nothing of kubectl's evicts single pods; it deletes them, which asks no disruption budget.
        Action::Renew { namespace, pods, .. } => {
            let template = shell::with_list("kubectl delete pod -n {}", pods.len());
            let words: Vec<&str> =
                std::iter::once(namespace.as_str()).chain(pods.iter().map(|p| p.name.as_str())).collect();
            vec![("kubectl", shell::line(&template, &words))]
        }
    };
    if let Some(Owner::Cdk { stack }) = Owner::of(e, action)
        && let Some(text) = ways.iter().find(|(tool, _)| *tool == "cloudformation").map(|(_, text)| text.clone())
    {
        let stack = stack.map(|s| format!(" {}", visible::line(&s))).unwrap_or_default();
        ways.push(("cdk", format!("in the app that makes the stack{stack}, so that its template has {text}")));
    }
    ways
}

/// What `kubectl rollout restart` writes is a template's annotation, which whatever makes the template can write as
/// well (kubectl, `polymorphichelpers/objectrestarter.go`).
fn restarted(e: &Evidence, (resource, namespace, name): (&str, &str, &str)) -> Ways {
    let kind = resource.to_ascii_lowercase();
    let at = jiff::Timestamp::from_second(e.now).map_or_else(|_| e.now.to_string(), |t| t.to_string());
    let slots = [Slot::Text(RESTARTED_AT), Slot::Text(&at)];
    let whose = visible::line(&format!("{kind} {namespace}/{name}")).into_owned();
    let hcl = snippet::hcl("metadata { annotations = { {} = {} } }", &slots);
    let values = snippet::yaml("podAnnotations: { {}: {} }", &slots);
    vec![
        ("kubectl", shell::line("kubectl rollout restart -n {} {}/{}", &[namespace, &kind, name])),
        ("terraform", format!("in the template of {whose}: {hcl}")),
        ("helm", format!("in the values of the chart that makes {whose}, mostly: {values}")),
    ]
}

fn thumbprints_set(arn: &str, list: &[String]) -> Ways {
    let template = shell::with_list(
        "aws iam update-open-id-connect-provider-thumbprint --open-id-connect-provider-arn {} --thumbprint-list",
        list.len(),
    );
    let words: Vec<&str> = std::iter::once(arn).chain(list.iter().map(String::as_str)).collect();
    let slot = [Slot::List(list)];
    vec![
        ("aws", shell::line(&template, &words)),
        ("terraform", snippet::hcl("in aws_iam_openid_connect_provider: thumbprint_list = [{}]", &slot)),
        ("cloudformation", snippet::yaml("in AWS::IAM::OIDCProvider: ThumbprintList: [{}]", &slot)),
    ]
}

fn audience_added(e: &Evidence, arn: &str, client_id: &str) -> Ways {
    let there = e.provider.known().filter(|p| p.arn == arn).map(|p| p.client_ids.clone()).unwrap_or_default();
    let mut whole = there;
    if !whole.iter().any(|c| c == client_id) {
        whole.push(client_id.to_owned());
    }
    let slot = [Slot::List(&whole)];
    let template = "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {} --client-id {}";
    vec![
        ("aws", shell::line(template, &[arn, client_id])),
        ("terraform", snippet::hcl("in aws_iam_openid_connect_provider: client_id_list = [{}]", &slot)),
        ("cloudformation", snippet::yaml("in AWS::IAM::OIDCProvider: ClientIdList: [{}]", &slot)),
    ]
}

fn created(e: &Evidence, (url, client_ids, thumbprints): (&str, &[String], &[String])) -> Ways {
    let mut template =
        shell::with_list("aws iam create-open-id-connect-provider --url {} --client-id-list", client_ids.len());
    let mut words: Vec<&str> = std::iter::once(url).chain(client_ids.iter().map(String::as_str)).collect();
    if !thumbprints.is_empty() {
        template = shell::with_list(&format!("{template} --thumbprint-list"), thumbprints.len());
        words.extend(thumbprints.iter().map(String::as_str));
    }
    let slots = [Slot::Text(url), Slot::List(client_ids)];
    let mut ways = vec![
        ("aws", shell::line(&template, &words)),
        (
            "terraform",
            snippet::hcl(
                "resource \"aws_iam_openid_connect_provider\" \"this\" { url = {} client_id_list = [{}] }",
                &slots,
            ),
        ),
        (
            "cloudformation",
            snippet::yaml("Type: AWS::IAM::OIDCProvider, Properties: {Url: {}, ClientIdList: [{}]}", &slots),
        ),
    ];
    // eksctl registers the cluster's own issuer, for AWS's own audience alone (eksctl documentation, "IAM Roles for
    // Service Accounts").
    let cluster = e.cluster.known().filter(|c| c.issuer.as_deref() == Some(url) && !c.name.is_empty());
    if let Some(cluster) = cluster.filter(|_| client_ids == [DEFAULT_AUDIENCE]) {
        let template = "eksctl utils associate-iam-oidc-provider --cluster {} --approve";
        ways.push(("eksctl", shell::line(template, &[&cluster.name])));
    }
    ways
}

fn trusted(role: &str, document: &str) -> Ways {
    let template = "aws iam update-assume-role-policy --role-name {} --policy-document {}";
    let json = [Slot::Json(document)];
    let policy = snippet::hcl("assume_role_policy = jsonencode({})", &json);
    let property = snippet::yaml("AssumeRolePolicyDocument: {}", &json);
    vec![
        ("aws", shell::line(template, &[role, &visible::json(document)])),
        ("terraform", format!("in {}: {policy}", role_resource(role))),
        ("cloudformation", format!("in the AWS::IAM::Role `{}`: {property}", visible::line(role))),
    ]
}

/// A role's resource in Terraform, by the name most give it: the role's own.
fn role_resource(role: &str) -> String {
    let label = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !role.is_empty() && role.chars().all(label) {
        format!("aws_iam_role.{role}")
    } else {
        snippet::hcl("the aws_iam_role with name = {}", &[role.into()])
    }
}

fn annotated(e: &Evidence, action: &Action, (namespace, name): (&str, &str), change: (&str, Option<&str>)) -> Ways {
    let (key, value) = change;
    let kubectl = match value {
        Some(v) => {
            let template = "kubectl annotate serviceaccount -n {} {} --overwrite {}={}";
            shell::line(template, &[namespace, name, key, v])
        }
        None => shell::line("kubectl annotate serviceaccount -n {} {} {}-", &[namespace, name, key]),
    };
    let mut ways = vec![("kubectl", kubectl)];
    let owner = Owner::of(e, action);
    if let (Some(Owner::Addon { cluster, name: addon, .. }), Some(role)) =
        (&owner, value.filter(|_| key == ROLE_ANNOTATION))
    {
        // The add-on's own setting, and no other: the annotation is the add-on's to write.
        return of_addon(cluster.as_deref(), addon, role);
    }
    ways.push((
        "terraform",
        match value {
            Some(v) => snippet::hcl(
                "kubernetes_service_account: metadata { annotations = { {} = {} } }",
                &[key.into(), v.into()],
            ),
            None => snippet::hcl("kubernetes_service_account: take {} out of metadata.annotations", &[key.into()]),
        },
    ));
    let cluster = e.cluster.known().map(|c| c.name.as_str()).filter(|n| !n.is_empty());
    if let (Some(cluster), Some(role)) = (cluster, value.filter(|_| key == ROLE_ANNOTATION)) {
        let template = "eksctl create iamserviceaccount --cluster {} --namespace {} --name {} --attach-role-arn {} \
                        --override-existing-serviceaccounts --approve";
        ways.push(("eksctl", shell::line(template, &[cluster, namespace, name, role])));
    }
    let annotations = match value {
        Some(v) => snippet::yaml("annotations: { {}: {} }", &[key.into(), v.into()]),
        None => snippet::yaml("annotations without {}", &[key.into()]),
    };
    let in_values = |whose: &str| format!("in the values{whose}, mostly: serviceAccount: {{ {annotations} }}");
    match owner {
        Some(Owner::Helm { release, .. }) => {
            let release = release.map(|r| format!(" of the release {}", visible::line(&r))).unwrap_or_default();
            ways.push(("helm", in_values(&release)));
        }
        Some(owner @ (Owner::ArgoCd { .. } | Owner::Flux { .. })) => {
            let (by, namespace, name) =
                (owner.words(), visible::line(namespace).into_owned(), visible::line(name).into_owned());
            let by = visible::line(&by).into_owned();
            ways.push((
                "git",
                format!("in the repository of {by}: ServiceAccount {namespace}/{name}: metadata: {{ {annotations} }}"),
            ));
        }
        Some(
            Owner::Terraform
            | Owner::CloudFormation { .. }
            | Owner::Cdk { .. }
            | Owner::Eksctl { .. }
            | Owner::Addon { .. }
            | Owner::Other { .. },
        )
        | None => ways.push(("helm", in_values(" of the chart that makes it"))),
    }
    ways
}

/// A change of the role of an add-on (EKS API reference, `UpdateAddon`).
fn of_addon(cluster: Option<&str>, addon: &str, role: &str) -> Ways {
    let template = "aws eks update-addon --cluster-name {} --addon-name {} --service-account-role-arn {} \
                    --resolve-conflicts PRESERVE";
    let eksctl = "eksctl update addon --cluster {} --name {} --service-account-role-arn {}";
    vec![
        ("aws", shell::line(template, &[cluster.unwrap_or("CLUSTER"), addon, role])),
        ("eksctl", shell::line(eksctl, &[cluster.unwrap_or("CLUSTER"), addon, role])),
        (
            "terraform",
            snippet::hcl("in the aws_eks_addon {}: service_account_role_arn = {}", &[addon.into(), role.into()]),
        ),
        (
            "cloudformation",
            snippet::yaml("in the AWS::EKS::Addon {}: ServiceAccountRoleArn: {}", &[addon.into(), role.into()]),
        ),
    ]
}

fn attached(e: &Evidence, action: &Action, (role, policy_arn): (&str, &str)) -> Ways {
    let policies = if acts_by_association(&View::new(e)) { &e.association_policies } else { &e.policies };
    let attached = policies.known().into_iter().flatten().filter(|p| !p.boundary).filter_map(|p| p.arn.clone());
    let mut whole: Vec<String> = attached.collect();
    if !whole.iter().any(|arn| arn == policy_arn) {
        whole.push(policy_arn.to_owned());
    }
    let template = "aws iam attach-role-policy --role-name {} --policy-arn {}";
    let resource = "resource \"aws_iam_role_policy_attachment\" \"this\" { role = {} policy_arn = {} }";
    let property = snippet::yaml("ManagedPolicyArns: [{}]", &[Slot::List(&whole)]);
    let mut ways = vec![
        ("aws", shell::line(template, &[role, policy_arn])),
        ("terraform", snippet::hcl(resource, &[role.into(), policy_arn.into()])),
        ("cloudformation", format!("in the AWS::IAM::Role `{}`: {property}", visible::line(role))),
    ];
    // Only of a role that it made: what it is told is the whole list (eksctl documentation, "IAM Roles for Service
    // Accounts", `update iamserviceaccount`).
    if let (Some(Owner::Eksctl { cluster: Some(cluster) }), Some(sa)) =
        (Owner::of(e, action), e.service_account.known())
    {
        let mut template = "eksctl update iamserviceaccount --cluster {} --namespace {} --name {}".to_owned();
        let mut words: Vec<&str> = vec![&cluster, &sa.namespace, &sa.name];
        for arn in &whole {
            template.push_str(" --attach-policy-arn {}");
            words.push(arn);
        }
        template.push_str(" --approve");
        ways.push(("eksctl", shell::line(&template, &words)));
    }
    ways
}

/// A strategic merge finds the webhook by its name (Kubernetes API reference, `webhooks`, merge key `name`).
fn hooked(configuration: &str, webhook: &str, set: &WebhookField) -> Ways {
    let field = match set {
        WebhookField::CaBundle(bundle) => json!({"name": webhook, "clientConfig": {"caBundle": bundle}}),
        WebhookField::ReviewVersions(versions) => json!({"name": webhook, "admissionReviewVersions": versions}),
    };
    let change = json!({"webhooks": [field]}).to_string();
    let template = "kubectl patch mutatingwebhookconfiguration {} --type=strategic -p {}";
    let mut ways = vec![("kubectl", shell::line(template, &[configuration, &change]))];
    let resource = "in the kubernetes_mutating_webhook_configuration_v1: ".to_owned();
    let of = Slot::Text(configuration);
    match set {
        WebhookField::CaBundle(bundle) => {
            // Terraform's provider and the chart take the certificates themselves, and write base64 of them.
            let hcl = "metadata { name = {} } webhook { name = {} client_config { ca_bundle = base64decode({}) } }";
            ways.push(("terraform", resource + &snippet::hcl(hcl, &[of, webhook.into(), bundle.as_str().into()])));
            let pem = STANDARD.decode(bundle).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
            let values = snippet::yaml("pki: { caBundle: {} }", &[pem.as_str().into()]);
            ways.push(("helm", format!("in the values of the chart amazon-eks-pod-identity-webhook: {values}")));
        }
        WebhookField::ReviewVersions(versions) => {
            let hcl = "metadata { name = {} } webhook { name = {} admission_review_versions = [{}] }";
            ways.push(("terraform", resource + &snippet::hcl(hcl, &[of, webhook.into(), Slot::List(versions)])));
        }
    }
    ways
}

/// EKS API reference, `CreatePodIdentityAssociation` and `UpdatePodIdentityAssociation`.
fn associated((cluster, namespace, name): (&str, &str, &str), role: &str, association: Option<&str>) -> Ways {
    let slots = [Slot::Text(cluster), Slot::Text(namespace), Slot::Text(name), Slot::Text(role)];
    let aws = if let Some(id) = association {
        let template = "aws eks update-pod-identity-association --cluster-name {} --association-id {} --role-arn {}";
        shell::line(template, &[cluster, id, role])
    } else {
        let template = "aws eks create-pod-identity-association --cluster-name {} --namespace {} \
                        --service-account {} --role-arn {}";
        shell::line(template, &[cluster, namespace, name, role])
    };
    let eksctl = match association {
        Some(_) => {
            "eksctl update podidentityassociation --cluster {} --namespace {} --service-account-name {} \
                    --role-arn {}"
        }
        None => {
            "eksctl create podidentityassociation --cluster {} --namespace {} --service-account-name {} \
                 --role-arn {}"
        }
    };
    vec![
        ("aws", aws),
        ("eksctl", shell::line(eksctl, &[cluster, namespace, name, role])),
        (
            "terraform",
            snippet::hcl(
                "resource \"aws_eks_pod_identity_association\" \"this\" { cluster_name = {} namespace = {} \
                 service_account = {} role_arn = {} }",
                &slots,
            ),
        ),
        (
            "cloudformation",
            snippet::yaml(
                "Type: AWS::EKS::PodIdentityAssociation, Properties: {ClusterName: {}, Namespace: {}, \
                 ServiceAccount: {}, RoleArn: {}}",
                &slots,
            ),
        ),
    ]
}
