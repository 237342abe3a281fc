//! IAM: providers, roles, policies.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trustwalk_core::evidence::{Gap, Observed, Provider, Role, RolePolicy, kept};
use trustwalk_foreign::shell;

use super::client::{AwsClient, Service};
use super::error::AwsError;
use super::pages::Pages;
use super::xml::Element;
use crate::limits::ROLE_POLICIES;
use crate::percent;

const VERSION: (&str, &str) = ("Version", "2010-05-08");
/// Roles asked for at once: the most IAM gives in one answer (IAM API reference, `ListRoles`).
const PAGE: &str = "1000";
/// The same where each comes with all its policies, of 10 KiB and more.
const DETAILS_PAGE: &str = "300";

fn time(text: Option<String>) -> i64 {
    text.and_then(|t| t.parse::<Timestamp>().ok()).map_or(0, Timestamp::as_second)
}

fn tags(root: &Element) -> BTreeMap<String, String> {
    let all = root.members("Tags").into_iter();
    kept::tags(all.filter_map(|t| Some((t.text_of("Key")?, t.text_of("Value").unwrap_or_default()))).collect())
}

fn texts(root: &Element, list: &str) -> Vec<String> {
    root.members(list).into_iter().map(|m| m.text.clone()).collect()
}

impl AwsClient {
    /// A call that must not be made twice.
    async fn iam_once(&self, action: &str, parameters: &[(&str, &str)]) -> Result<Element, AwsError> {
        let mut all = vec![("Action", action), VERSION];
        all.extend_from_slice(parameters);
        self.query_once(Service::Iam, &all).await
    }

    /// A call that reads, or that sets what would be set again alike.
    async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<Element, AwsError> {
        let mut all = vec![("Action", action), VERSION];
        all.extend_from_slice(parameters);
        self.query(Service::Iam, &all).await
    }

    /// ARNs of all OIDC providers of the account.
    pub async fn providers(&self) -> Observed<Vec<String>> {
        let outcome = self.iam("ListOpenIDConnectProviders", &[]).await.map(|root| {
            root.members("OpenIDConnectProviderList").into_iter().filter_map(|m| m.text_of("Arn")).collect()
        });
        self.observe(
            outcome,
            "iam:ListOpenIDConnectProviders",
            "iam:ListOpenIDConnectProviders",
            "aws iam list-open-id-connect-providers",
        )
    }

    /// One OIDC provider.
    pub async fn provider(&self, arn: &str) -> Observed<Provider> {
        let outcome =
            self.iam("GetOpenIDConnectProvider", &[("OpenIDConnectProviderArn", arn)]).await.map(|root| Provider {
                arn: arn.to_owned(),
                url: root.text_of("Url").unwrap_or_default(),
                client_ids: texts(&root, "ClientIDList"),
                thumbprints: texts(&root, "ThumbprintList").into_iter().map(|t| t.to_ascii_lowercase()).collect(),
                created: time(root.text_of("CreateDate")),
                tags: tags(&root),
            });
        self.observe(
            outcome,
            &format!("iam:GetOpenIDConnectProvider {arn}"),
            "iam:GetOpenIDConnectProvider",
            &shell::line("aws iam get-open-id-connect-provider --open-id-connect-provider-arn {}", &[arn]),
        )
    }

    /// One role.
    pub async fn role(&self, name: &str) -> Observed<Role> {
        let outcome = self.iam("GetRole", &[("RoleName", name)]).await.map(|root| read_role(&root));
        self.observe(
            outcome,
            &format!("iam:GetRole {name}"),
            "iam:GetRole",
            &shell::line("aws iam get-role --role-name {}", &[name]),
        )
    }

    /// Every role with its trust policy, where nobody may ask for more: of last use it tells nothing.
    pub async fn every_role(&self) -> Observed<Vec<Role>> {
        let outcome = self.pages("ListRoles", &[("MaxItems", PAGE)], "Roles", |role| Some(read_role(&role))).await;
        self.observe(outcome, "iam:ListRoles", "iam:ListRoles", "aws iam list-roles")
    }

    /// Every role with its trust policy and when it was used last.
    pub async fn role_details(&self) -> Observed<Vec<Role>> {
        let fixed = [("Filter.member.1", "Role"), ("MaxItems", DETAILS_PAGE)];
        let keep = |detail: Element| Some(role_of_detail(&detail));
        let outcome = self.pages("GetAccountAuthorizationDetails", &fixed, "RoleDetailList", keep).await;
        self.observe(
            outcome,
            "iam:GetAccountAuthorizationDetails",
            "iam:GetAccountAuthorizationDetails",
            "aws iam get-account-authorization-details --filter Role",
        )
    }

    /// The policies of a role without their documents: attached ones, each with its ARN, and inline ones. The
    /// observation is of both listings: where one was refused, an action may be allowed that nobody sees.
    pub async fn policy_names(&self, role: &str) -> Observed<Vec<RolePolicy>> {
        let of_role = [("RoleName", role)];
        let (attached, inline) = tokio::join!(
            self.pages("ListAttachedRolePolicies", &of_role, "AttachedPolicies", Some),
            self.pages("ListRolePolicies", &of_role, "PolicyNames", Some),
        );
        let attached = self.observe(
            attached,
            &format!("iam:ListAttachedRolePolicies {role}"),
            "iam:ListAttachedRolePolicies",
            &shell::line("aws iam list-attached-role-policies --role-name {}", &[role]),
        );
        let inline = self.observe(
            inline,
            &format!("iam:ListRolePolicies {role}"),
            "iam:ListRolePolicies",
            &shell::line("aws iam list-role-policies --role-name {}", &[role]),
        );
        let inline = inline.map(|found| found.into_iter().map(|p| p.text).collect::<Vec<_>>());
        attached.then(|attached, source| {
            inline.then(|inline, _| {
                let managed = attached.iter().filter_map(|p| Some((p.text_of("PolicyName")?, p.text_of("PolicyArn")?)));
                let managed = managed.map(|(name, arn)| RolePolicy { name, arn: Some(arn), ..RolePolicy::default() });
                let inline = inline.into_iter().map(|name| RolePolicy { name, ..RolePolicy::default() });
                let value: Vec<RolePolicy> = managed.chain(inline).collect();
                if value.len() <= ROLE_POLICIES {
                    return Observed::Known { value, source };
                }
                let error = format!("the role has {} policies, and no more than {ROLE_POLICIES} are read", value.len());
                Observed::Unreachable { source, error }
            })
        })
    }

    /// The default version of a managed policy.
    pub async fn managed_document(&self, arn: &str) -> Observed<String> {
        let by_hand = shell::line("aws iam get-policy --policy-arn {}", &[arn]);
        let policy = self.iam("GetPolicy", &[("PolicyArn", arn)]).await;
        let policy = self.observe(policy, &format!("iam:GetPolicy {arn}"), "iam:GetPolicy", &by_hand);
        let version = policy.map(|p| p.text_of("DefaultVersionId").unwrap_or_default());
        let Observed::Known { value: version, .. } = version else { return version };
        let got = self.iam("GetPolicyVersion", &[("PolicyArn", arn), ("VersionId", &version)]).await;
        let by_hand =
            shell::line("aws iam get-policy-version --policy-arn {} --version-id {}", &[arn, version.as_str()]);
        let what = format!("iam:GetPolicyVersion {arn} {version}");
        whole(self.observe(got, &what, "iam:GetPolicyVersion", &by_hand), "Document")
    }

    /// An inline policy of a role.
    pub async fn inline_document(&self, role: &str, name: &str) -> Observed<String> {
        let got = self.iam("GetRolePolicy", &[("RoleName", role), ("PolicyName", name)]).await;
        let by_hand = shell::line("aws iam get-role-policy --role-name {} --policy-name {}", &[role, name]);
        whole(
            self.observe(got, &format!("iam:GetRolePolicy {role} {name}"), "iam:GetRolePolicy", &by_hand),
            "PolicyDocument",
        )
    }

    /// Roles whose trust policy names this issuer (without scheme). The listing carries every role's trust
    /// policy (IAM API reference, `ListRoles`), so no role is read by itself; of its tags and boundary it tells
    /// nothing.
    pub async fn roles_trusting(&self, issuer: &str) -> Observed<Vec<Role>> {
        let outcome = self
            .pages("ListRoles", &[("MaxItems", PAGE)], "Roles", |role| {
                Some(read_role(&role)).filter(|r| r.trust_policy.contains(issuer))
            })
            .await;
        self.observe(
            outcome,
            &format!("roles that name {issuer} in their trust policies"),
            "iam:ListRoles",
            "aws iam list-roles --query \"Roles[?contains(to_string(AssumeRolePolicyDocument), 'ISSUER')].Arn\"",
        )
    }

    /// All pages of a listing; of each element only what is kept stays in memory.
    async fn pages<T>(
        &self,
        action: &str,
        fixed: &[(&str, &str)],
        list: &str,
        keep: impl Fn(Element) -> Option<T>,
    ) -> Result<Vec<T>, AwsError> {
        let mut found = Vec::new();
        let mut pages = Pages::default();
        loop {
            let mut parameters = fixed.to_vec();
            if let Some(m) = pages.next() {
                parameters.push(("Marker", m));
            }
            let mut root = self.iam(action, &parameters).await?;
            let truncated = root.text_of("IsTruncated").as_deref() == Some("true");
            let marker = root.text_of("Marker").filter(|_| truncated);
            found.extend(root.take_members(list).into_iter().filter_map(&keep));
            if !pages.go_on(action, marker)? {
                return Ok(found);
            }
        }
    }

    /// Replaces a provider's thumbprint list, and tries again only while `still` says that it is as it was.
    pub async fn set_thumbprints(
        &self,
        arn: &str,
        thumbprints: &[String],
        still: impl AsyncFn() -> bool,
    ) -> Result<(), AwsError> {
        let numbered = numbered("ThumbprintList", thumbprints);
        let head = [("Action", "UpdateOpenIDConnectProviderThumbprint"), VERSION, ("OpenIDConnectProviderArn", arn)];
        let parameters: Vec<_> = head.into_iter().chain(numbered.iter().map(|(k, v)| (k.as_str(), *v))).collect();
        self.query_while(Service::Iam, &parameters, still).await.map(drop)
    }

    /// Registers an audience.
    pub async fn add_client_id(&self, arn: &str, client_id: &str) -> Result<(), AwsError> {
        let parameters = [("OpenIDConnectProviderArn", arn), ("ClientID", client_id)];
        self.iam("AddClientIDToOpenIDConnectProvider", &parameters).await.map(drop)
    }

    /// Takes an audience away.
    pub async fn remove_client_id(&self, arn: &str, client_id: &str) -> Result<(), AwsError> {
        let parameters = [("OpenIDConnectProviderArn", arn), ("ClientID", client_id)];
        self.iam("RemoveClientIDFromOpenIDConnectProvider", &parameters).await.map(drop)
    }

    /// Registers a provider; its ARN.
    pub async fn create_provider(
        &self,
        url: &str,
        client_ids: &[String],
        thumbprints: &[String],
    ) -> Result<String, AwsError> {
        let lists = [("ClientIDList", client_ids), ("ThumbprintList", thumbprints)];
        let numbered: Vec<_> = lists.iter().flat_map(|(list, items)| numbered(list, items)).collect();
        let mut parameters = vec![("Url", url)];
        parameters.extend(numbered.iter().map(|(k, v)| (k.as_str(), *v)));
        // A second creation would be refused because of the first, and that refusal would be told.
        let root = self.iam_once("CreateOpenIDConnectProvider", &parameters).await?;
        root.text_of("OpenIDConnectProviderArn")
            .ok_or_else(|| AwsError::Transport("the answer names no provider".to_owned()))
    }

    /// Deletes a provider.
    pub async fn delete_provider(&self, arn: &str) -> Result<(), AwsError> {
        self.iam_once("DeleteOpenIDConnectProvider", &[("OpenIDConnectProviderArn", arn)]).await.map(drop)
    }

    /// Replaces a role's trust policy, and tries again only while `still` says that it is as it was.
    pub async fn set_trust_policy(
        &self,
        role: &str,
        document: &str,
        still: impl AsyncFn() -> bool,
    ) -> Result<(), AwsError> {
        let parameters =
            [("Action", "UpdateAssumeRolePolicy"), VERSION, ("RoleName", role), ("PolicyDocument", document)];
        self.query_while(Service::Iam, &parameters, still).await.map(drop)
    }

    /// Attaches a managed policy.
    pub async fn attach_policy(&self, role: &str, arn: &str) -> Result<(), AwsError> {
        self.iam("AttachRolePolicy", &[("RoleName", role), ("PolicyArn", arn)]).await.map(drop)
    }

    /// Detaches a managed policy.
    pub async fn detach_policy(&self, role: &str, arn: &str) -> Result<(), AwsError> {
        self.iam_once("DetachRolePolicy", &[("RoleName", role), ("PolicyArn", arn)]).await.map(drop)
    }
}

/// What IAM's simulator says of a permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Simulated {
    /// It is given.
    Allowed,
    /// It is not.
    Denied {
        /// How the simulator names that: `implicitDeny` or `explicitDeny`.
        decision: String,
    },
    /// It cannot be told: the simulator may not be asked, or a condition reads what only a real call brings.
    Unknown,
}

impl AwsClient {
    /// Asks IAM's simulator whether a user or role has a permission (IAM API reference, `SimulatePrincipalPolicy`).
    pub async fn simulate(&self, principal: &str, permission: &str, resource: Option<&str>) -> Simulated {
        let fixed = [("PolicySourceArn", principal), ("ActionNames.member.1", permission)];
        let resource = resource.map(|arn| ("ResourceArns.member.1", arn));
        let parameters: Vec<_> = fixed.into_iter().chain(resource).collect();
        let Ok(root) = self.iam("SimulatePrincipalPolicy", &parameters).await else { return Simulated::Unknown };
        let results = root.members("EvaluationResults");
        let [result] = results.as_slice() else { return Simulated::Unknown };
        let missing = !result.members("MissingContextValues").is_empty();
        match result.text_of("EvalDecision") {
            Some(decision) if decision == "allowed" => Simulated::Allowed,
            Some(decision) if !missing && matches!(decision.as_str(), "implicitDeny" | "explicitDeny") => {
                Simulated::Denied { decision }
            }
            Some(_) | None => Simulated::Unknown,
        }
    }
}

/// The document in an answer.
fn whole(answer: Observed<Element>, member: &str) -> Observed<String> {
    answer.then(|root, source| match root.text_of(member) {
        Some(text) => Observed::Known { value: percent::decode(&text), source },
        None => Observed::Unreachable { source, error: format!("the answer has no {member}") },
    })
}

/// A policy with its document, or with why there is none.
pub(crate) fn with_document(policy: RolePolicy, document: &Observed<String>) -> RolePolicy {
    RolePolicy { document: document.known().cloned(), unread: Gap::of(document), ..policy }
}

/// A list as the query protocol has it.
fn numbered<'a>(list: &str, items: &'a [String]) -> Vec<(String, &'a str)> {
    items.iter().enumerate().map(|(i, v)| (format!("{list}.member.{}", i + 1), v.as_str())).collect()
}

/// A role as `GetAccountAuthorizationDetails` tells it: its instance profiles tell of the same role again, so only what
/// stands directly in it is read (IAM API reference, `RoleDetail`).
fn role_of_detail(detail: &Element) -> Role {
    let own = |name: &str| detail.children.iter().find(|c| c.name == name);
    let text = |name: &str| own(name).map(|e| e.text.trim().to_owned());
    Role {
        arn: text("Arn").unwrap_or_default(),
        name: text("RoleName").unwrap_or_default(),
        trust_policy: text("AssumeRolePolicyDocument").map(|d| percent::decode(&d)).unwrap_or_default(),
        created: time(text("CreateDate")),
        last_used: own("RoleLastUsed").and_then(|u| u.text_of("LastUsedDate")).map(|t| time(Some(t))),
        ..Role::default()
    }
}

pub(crate) fn read_role(root: &Element) -> Role {
    let role = root.find("Role").unwrap_or(root);
    Role {
        arn: role.text_of("Arn").unwrap_or_default(),
        name: role.text_of("RoleName").unwrap_or_default(),
        trust_policy: role.text_of("AssumeRolePolicyDocument").map(|d| percent::decode(&d)).unwrap_or_default(),
        max_session: role.text_of("MaxSessionDuration").and_then(|d| d.parse().ok()).unwrap_or(3600),
        created: time(role.text_of("CreateDate")),
        last_used: role.text_of("LastUsedDate").map(|t| time(Some(t))),
        tags: tags(role),
        boundary: role.text_of("PermissionsBoundaryArn"),
    }
}
