//! Whether the caller is allowed an operation: for those that read, by making the call, which tells what every policy
//! of account and organization comes to; for those that write, by IAM's simulator.

use serde_json::json;

use super::client::{AwsClient, Service};
use super::cloudtrail::LOOK_UP;
use super::error::{AwsError, speaks_of_key};

/// What is known of a permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// It is given.
    Yes,
    /// It is not.
    No {
        /// In the words of whoever refuses.
        why: String,
    },
    /// It cannot be told.
    Unknown {
        /// Why not.
        why: String,
    },
}

/// A name that nothing has. Who is not allowed to ask is told so before it is looked for.
const NOBODY: &str = "trustwalk-access-asks-for-nothing";
/// A policy that every account has (IAM User Guide, "AWS managed policies").
const EVERYBODYS: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

impl AwsClient {
    /// Makes the smallest call of an operation that reads; `None` for one that does not.
    pub async fn may_read(&self, action: &str) -> Option<Allowed> {
        let partition = if self.region().starts_with("cn-") {
            "aws-cn"
        } else if self.region().starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        };
        let provider = format!("arn:{partition}:iam::000000000000:oidc-provider/{NOBODY}.invalid");
        let policy = EVERYBODYS.replacen("arn:aws:", &format!("arn:{partition}:"), 1);
        let role: &[(&str, &str)] = &[("RoleName", NOBODY)];
        let iam = async |name: &str, parameters: &[(&str, &str)]| {
            let parameters: Vec<(&str, &str)> =
                [("Action", name), ("Version", "2010-05-08")].into_iter().chain(parameters.iter().copied()).collect();
            self.query(Service::Iam, &parameters).await.map(drop)
        };
        let eks = async |path: String| self.rest(Service::Eks, &path).await.map(drop);
        let outcome = match action.split_once(':')? {
            ("iam", name @ ("GetRole" | "ListAttachedRolePolicies" | "ListRolePolicies")) => iam(name, role).await,
            ("iam", name @ "ListOpenIDConnectProviders") => iam(name, &[]).await,
            ("iam", name @ "GetOpenIDConnectProvider") => iam(name, &[("OpenIDConnectProviderArn", &provider)]).await,
            ("iam", name @ "ListRoles") => iam(name, &[("MaxItems", "1")]).await,
            ("iam", name @ "GetRolePolicy") => iam(name, &[("RoleName", NOBODY), ("PolicyName", NOBODY)]).await,
            ("iam", name @ "GetPolicy") => iam(name, &[("PolicyArn", &policy)]).await,
            ("iam", name @ "GetPolicyVersion") => iam(name, &[("PolicyArn", &policy), ("VersionId", "v1")]).await,
            ("eks", "ListClusters") => eks("/clusters?maxResults=1".to_owned()).await,
            ("eks", "DescribeCluster") => eks(format!("/clusters/{NOBODY}")).await,
            ("eks", "ListAddons") => eks(format!("/clusters/{NOBODY}/addons?maxResults=1")).await,
            ("eks", "DescribeAddon") => eks(format!("/clusters/{NOBODY}/addons/{NOBODY}")).await,
            ("eks", "ListPodIdentityAssociations") => {
                eks(format!("/clusters/{NOBODY}/pod-identity-associations?maxResults=1")).await
            }
            ("eks", "DescribePodIdentityAssociation") => {
                eks(format!("/clusters/{NOBODY}/pod-identity-associations/{NOBODY}")).await
            }
            ("cloudtrail", "LookupEvents") => {
                self.json(Service::CloudTrail, LOOK_UP, &json!({"MaxResults": 1})).await.map(drop)
            }
            _ => return None,
        };
        Some(of(outcome))
    }

    /// What the simulator says of several permissions of a user or role, in their order.
    pub async fn may(&self, principal: &str, actions: &[&str]) -> Vec<Allowed> {
        let members: Vec<String> = (1..=actions.len()).map(|n| format!("ActionNames.member.{n}")).collect();
        let asked = members.iter().map(String::as_str).zip(actions.iter().copied());
        let parameters: Vec<(&str, &str)> = [
            ("Action", "SimulatePrincipalPolicy"),
            ("Version", "2010-05-08"),
            ("PolicySourceArn", principal),
            ("MaxItems", "1000"),
        ]
        .into_iter()
        .chain(asked)
        .collect();
        let root = match self.query(Service::Iam, &parameters).await {
            Ok(root) => root,
            Err(error) => {
                let why = match error {
                    AwsError::Service { status: 403, .. } => {
                        "lacks iam:SimulatePrincipalPolicy, which would tell".to_owned()
                    }
                    other @ (AwsError::Service { .. } | AwsError::Transport(_) | AwsError::NoCredentials(_)) => {
                        other.redacted().to_string()
                    }
                };
                return actions.iter().map(|_| Allowed::Unknown { why: why.clone() }).collect();
            }
        };
        let results = root.members("EvaluationResults");
        let of = |action: &&str| {
            let same = |r: &&super::xml::Element| r.text_of("EvalActionName").as_deref() == Some(*action);
            let Some(result) = results.iter().copied().find(|r| same(r)) else {
                return Allowed::Unknown { why: "the simulator's answer does not name it".to_owned() };
            };
            match result.text_of("EvalDecision").as_deref() {
                Some("allowed") => Allowed::Yes,
                Some(word @ ("implicitDeny" | "explicitDeny")) => {
                    if result.members("MissingContextValues").is_empty() {
                        Allowed::No { why: format!("IAM's simulator answers {word}") }
                    } else {
                        Allowed::Unknown { why: "a condition reads what only a real call brings".to_owned() }
                    }
                }
                Some(_) | None => Allowed::Unknown { why: "the simulator does not decide it".to_owned() },
            }
        };
        actions.iter().map(of).collect()
    }
}

/// What the outcome of a call that reads tells.
fn of(outcome: Result<(), AwsError>) -> Allowed {
    match outcome {
        Ok(()) => Allowed::Yes,
        Err(AwsError::Service { status, code, message, .. }) => {
            if speaks_of_key(&code) {
                Allowed::Unknown { why: format!("the credentials are not taken: {code}") }
            } else if status == 403 || code.starts_with("AccessDenied") || code == "UnauthorizedOperation" {
                Allowed::No { why: trustwalk_foreign::redact(&message).into_owned() }
            } else if status < 500 && status != 429 && !code.contains("Throttl") {
                // It was let through to where there is nothing.
                Allowed::Yes
            } else {
                Allowed::Unknown { why: code }
            }
        }
        Err(other) => Allowed::Unknown { why: other.redacted().to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_is_one_and_what_is_not_there_was_let_through() {
        let answer = |status, code: &str| {
            let (code, message) = (code.to_owned(), "not authorized".to_owned());
            of(Err(AwsError::Service { status, code, message, request_id: None }))
        };
        assert!(matches!(answer(403, "AccessDenied"), Allowed::No { .. }));
        assert!(matches!(answer(400, "AccessDeniedException"), Allowed::No { .. }));
        assert_eq!(answer(404, "NoSuchEntity"), Allowed::Yes);
        assert_eq!(answer(404, "ResourceNotFoundException"), Allowed::Yes);
        for (status, code) in [(403, "InvalidClientTokenId"), (503, "ServiceUnavailable"), (400, "ThrottlingException")]
        {
            assert!(matches!(answer(status, code), Allowed::Unknown { .. }), "{code}");
        }
    }
}
