//! How a role is let do what it is not allowed to: by a policy of its own, or by a change of the one that stands
//! against it.

use serde_json::{Value, json};
use trustwalk_foreign::snippet::{self, Slot};
use trustwalk_foreign::{shell, visible};
use trustwalk_trust_policy::{Context, Grants, Use};

use super::addon::policy_for;
use super::facts::partition;
use super::{Draft, names};
use crate::cause::Cause;
use crate::evidence::{RolePolicy, View};
use crate::plan::ways;

/// What a role is to be let do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The action.
    pub(super) action: &'a str,
    /// On what, where that is known.
    pub(super) resource: Option<&'a str>,
    /// The policy or boundary that keeps the role from it, where it is known.
    pub(super) policy: Option<&'a RolePolicy>,
}

/// How each is cured.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the question names three causes, and the third is cured by a policy"
)]
pub(super) fn cured(e: &View<'_>, draft: Draft, cause: Cause, wanted: &Wanted<'_>) -> Draft {
    let Wanted { action, resource, policy } = *wanted;
    let role = names::role(e).unwrap_or("ROLE");
    match cause {
        Cause::RoleExplicitlyDenied => {
            let mut ways = policy.map_or_else(Vec::new, |p| edited(role, p, without_deny(p, action).as_deref()));
            ways.push(("note", "an allow elsewhere never outweighs a Deny".to_owned()));
            draft.cure(format!("take {action} out of that Deny, or narrow it by a condition"), &ways)
        }
        Cause::PermissionsBoundaryLacksAction => {
            let mut ways =
                policy.map_or_else(Vec::new, |p| edited(role, p, with_allow(p, action, resource).as_deref()));
            if ways.is_empty() {
                let look = "aws iam get-role --role-name {} --query Role.PermissionsBoundary";
                ways.push(("aws", shell::line(look, &[role])));
            }
            let note = "a policy attached to the role changes nothing: a boundary only limits, and others may have the \
                        same one";
            ways.push(("note", note.to_owned()));
            draft.cure(format!("have the permissions boundary allow {action}, if whoever owns it agrees"), &ways)
        }
        _ => {
            let title = format!("attach a policy that allows {action}");
            let known = e.workload().known().and_then(|w| policy_for(w, action));
            let arn = known.map(|name| format!("arn:{}:iam::aws:policy/{name}", partition(e)));
            let Some(policy_arn) = arn else { return own_policy(draft, role, action, resource) };
            let action = crate::plan::Action::AttachPolicy { role: role.to_owned(), policy_arn };
            let by_hand = ways(e, &action);
            draft.act(title, vec![action], &by_hand)
        }
    }
}

/// A policy of the role's own for this action alone, on what was refused: which of AWS's policies has it is no
/// question, as each has far more.
pub(super) fn own_policy(draft: Draft, role: &str, action: &str, resource: Option<&str>) -> Draft {
    let resource = resource.unwrap_or("RESOURCE-ARN");
    let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let name: String = action.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = format!("allow-{name}");
    let template = "aws iam put-role-policy --role-name {} --policy-name {} --policy-document {}";
    let json = [Slot::Text(role), Slot::Text(&name), Slot::Json(&document)];
    let by_hand = [
        ("aws", shell::line(template, &[role, &name, &document])),
        (
            "terraform",
            snippet::hcl(
                "resource \"aws_iam_role_policy\" \"this\" { role = {} name = {} policy = jsonencode({}) }",
                &json,
            ),
        ),
        (
            "cloudformation",
            snippet::yaml(
                "Type: AWS::IAM::RolePolicy, Properties: {RoleName: {}, PolicyName: {}, PolicyDocument: {}}",
                &json,
            ),
        ),
    ];
    draft.cure(format!("allow the role {action} by a policy of its own"), &by_hand)
}

pub(super) fn tag_session(e: &View<'_>) -> Draft {
    let role = names::role(e).unwrap_or("ROLE");
    let command = "aws iam update-assume-role-policy --role-name {} --policy-document file://trust-policy.json";
    Draft::new("the token or the call carries session tags, and the role's trust policy does not allow sts:TagSession")
        .cure("allow sts:TagSession beside the action that assumes the role", &[("aws", shell::line(command, &[role]))])
}

/// Whether a managed policy is AWS's own, which nobody else can change.
fn of_aws(policy: &RolePolicy) -> bool {
    policy.arn.as_deref().is_some_and(|arn| arn.contains(":iam::aws:policy/"))
}

/// The ways to save a policy with another document: a managed one gets a new version (IAM API reference,
/// `CreatePolicyVersion`), one of the role's own is written over (`PutRolePolicy`). None where the document is not
/// known, or is AWS's.
fn edited(role: &str, policy: &RolePolicy, document: Option<&str>) -> Vec<(&'static str, String)> {
    let Some(document) = document.filter(|_| !of_aws(policy)) else { return Vec::new() };
    let name = &policy.name;
    let json = [Slot::Json(document)];
    let text = visible::json(document);
    let (aws, resource, property) = if let Some(arn) = policy.arn.as_deref() {
        let template = "aws iam create-policy-version --policy-arn {} --policy-document {} --set-as-default";
        (shell::line(template, &[arn, &text]), "aws_iam_policy", "AWS::IAM::ManagedPolicy")
    } else {
        let template = "aws iam put-role-policy --role-name {} --policy-name {} --policy-document {}";
        (shell::line(template, &[role, name, &text]), "aws_iam_role_policy", "AWS::IAM::RolePolicy")
    };
    let hcl = snippet::hcl("policy = jsonencode({})", &json);
    let yaml = snippet::yaml("PolicyDocument: {}", &json);
    let label = visible::line(name.rsplit('/').next().unwrap_or(name)).into_owned();
    vec![
        ("aws", aws),
        ("terraform", format!("in the {resource} `{label}`: {hcl}")),
        ("cloudformation", format!("in the {property} `{label}`: {yaml}")),
    ]
}

/// The statements of a document, of which a single one may stand without its list.
fn statements(document: &mut Value) -> Option<&mut Vec<Value>> {
    let all = document.get_mut("Statement")?;
    if all.is_object() {
        *all = json!([all.take()]);
    }
    all.as_array_mut()
}

/// A policy's document without the Deny of an action. Where a Deny names the action, it goes from its list, and with
/// the last of its actions the statement; a Deny of everything then spares it (`NotAction`). A pattern such as `s3:*`
/// has no such way: `None`.
fn without_deny(policy: &RolePolicy, action: &str) -> Option<String> {
    let mut document: Value = serde_json::from_str(policy.document.as_deref()?).ok()?;
    let mut changed = false;
    let all = statements(&mut document)?;
    for statement in all.iter_mut().filter(|s| s.get("Effect").and_then(Value::as_str) == Some("Deny")) {
        let fields = statement.as_object_mut()?;
        let Some(actions) = fields.get("Action") else { continue };
        let mut named: Vec<String> = match actions {
            Value::String(one) => vec![one.clone()],
            Value::Array(several) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => continue,
        };
        let before = named.len();
        if named == ["*"] {
            fields.remove("Action");
            fields.insert("NotAction".to_owned(), json!([action]));
            changed = true;
            continue;
        }
        named.retain(|a| !a.eq_ignore_ascii_case(action));
        changed |= named.len() < before;
        fields.insert("Action".to_owned(), json!(named));
    }
    all.retain(|s| s.get("Action").and_then(Value::as_array).is_none_or(|a| !a.is_empty()));
    // What still denies it would keep the change from helping, and a policy without a statement is refused.
    let whole = document.to_string();
    let left = statements(&mut document).is_some_and(|all| !all.is_empty());
    (changed && left && !still_denied(&whole, action)).then_some(whole)
}

/// The ways to take a Deny of everything away: out of the policy's document where it says more, else the policy from
/// the role.
pub(super) fn reopened(role: &str, policy: &RolePolicy) -> Vec<(&'static str, String)> {
    let rest = || {
        let mut document: Value = serde_json::from_str(policy.document.as_deref()?).ok()?;
        let all = statements(&mut document)?;
        all.retain(|s| {
            let text = json!({"Statement": [s]}).to_string();
            !Grants::parse(&text).is_ok_and(|g| g.denies_everything(&Context::open()))
        });
        (!all.is_empty()).then(|| document.to_string())
    };
    if let Some(document) = rest() {
        return edited(role, policy, Some(&document));
    }
    let aws = if let Some(arn) = policy.arn.as_deref() {
        shell::line("aws iam detach-role-policy --role-name {} --policy-arn {}", &[role, arn])
    } else {
        let template = "aws iam delete-role-policy --role-name {} --policy-name {}";
        shell::line(template, &[role, &policy.name])
    };
    if policy.boundary { Vec::new() } else { vec![("aws", aws)] }
}

/// Whether a document denies an action on whatever it is asked for.
fn still_denied(document: &str, action: &str) -> bool {
    let asked = Use { action: action.to_owned(), resource: None, context: Context::open() };
    Grants::parse(document).is_ok_and(|grants| !grants.judge(&asked).denied.is_no())
}

/// A boundary's document with one statement more, which allows the action on what it is wanted for.
fn with_allow(policy: &RolePolicy, action: &str, resource: Option<&str>) -> Option<String> {
    let mut document: Value = serde_json::from_str(policy.document.as_deref()?).ok()?;
    let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource.unwrap_or("RESOURCE-ARN")});
    statements(&mut document)?.push(statement);
    Some(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(statements: &Value) -> RolePolicy {
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let arn = Some("arn:aws:iam::111122223333:policy/guard".to_owned());
        RolePolicy { name: "guard".to_owned(), arn, document: Some(document), ..RolePolicy::default() }
    }

    fn read(text: Option<String>) -> Value {
        text.map_or(Value::Null, |text| serde_json::from_str::<Value>(&text).unwrap()["Statement"].take())
    }

    #[test]
    fn a_deny_loses_the_action_and_nothing_else() {
        let allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        let deny = |action: Value| json!([allow, {"Effect": "Deny", "Action": action, "Resource": "*"}]);
        let without = |action: Value| read(without_deny(&policy(&deny(action)), "s3:PutObject"));
        assert_eq!(without(json!(["s3:putobject", "s3:DeleteObject"])), deny(json!(["s3:DeleteObject"])));
        assert_eq!(without(json!("s3:PutObject")), json!([allow]));
        let spared = json!([allow, {"Effect": "Deny", "NotAction": ["s3:PutObject"], "Resource": "*"}]);
        assert_eq!(without(json!("*")), spared);
        for pattern in [json!("s3:*"), json!(["s3:PutObject", "s3:Put*"]), json!("ec2:RunInstances")] {
            assert_eq!(without(pattern.clone()), Value::Null, "{pattern}");
        }
        // A policy of one statement, and it alone denies: IAM stores none without a statement.
        let alone = policy(&json!({"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}));
        assert_eq!(without_deny(&alone, "s3:PutObject"), None);
    }

    #[test]
    fn a_deny_of_everything_goes_alone_or_with_its_policy() {
        let shut = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
        let allow = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
        let aws = |policy: &RolePolicy| reopened("ledger", policy).remove(0).1;
        let rest = aws(&policy(&json!([shut, allow])));
        assert!(rest.contains("s3:*") && !rest.contains("Deny"), "{rest}");
        let arn = "arn:aws:iam::111122223333:policy/guard";
        let alone = policy(&json!([shut]));
        assert_eq!(aws(&alone), format!("aws iam detach-role-policy --role-name ledger --policy-arn {arn}"));
        let own = RolePolicy { arn: None, ..alone };
        assert_eq!(aws(&own), "aws iam delete-role-policy --role-name ledger --policy-name guard");
    }

    #[test]
    fn a_boundary_gets_one_allow_more_and_awss_own_is_left_alone() {
        let boundary = policy(&json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}));
        let document = with_allow(&boundary, "kms:Decrypt", Some("arn:aws:kms:eu-west-1:111122223333:key/k"));
        let ways = edited("ledger", &boundary, document.as_deref());
        let aws = &ways.iter().find(|(tool, _)| *tool == "aws").unwrap().1;
        assert!(aws.starts_with("aws iam create-policy-version --policy-arn arn:aws:iam::111122223333:policy/guard"));
        assert!(aws.contains("kms:Decrypt") && aws.ends_with("--set-as-default"), "{aws}");
        assert_eq!(ways.len(), 3);
        let own = RolePolicy { arn: None, ..boundary.clone() };
        assert!(
            edited("ledger", &own, document.as_deref())[0].1.starts_with("aws iam put-role-policy --role-name ledger")
        );
        let arn = Some("arn:aws:iam::aws:policy/PowerUserAccess".to_owned());
        assert!(edited("ledger", &RolePolicy { arn, ..boundary }, document.as_deref()).is_empty());
    }
}
