//! IAM: managed policies and their versions (IAM API reference; IAM User Guide, "Versioning IAM policies").

use crate::account::Account;
use crate::callers::unique_id;
use crate::outcome::{AwsFault, Outcome, members, tag};
use crate::paging::{Page, page};
use crate::query::{Parameters, encode};
use crate::role_xml::time;
use crate::state::{Managed, PolicyVersion, Role, State};
use crate::tags::{self, Case, tagged, untag};
use crate::{save, validate};

/// Characters of a managed policy, white space not counted (IAM quotas).
const QUOTA: usize = 6144;
/// Versions of a policy (IAM quotas).
const VERSIONS: usize = 5;
/// Longest description (IAM API reference, `policyDescriptionType`).
const LONGEST_DESCRIPTION: usize = 1000;

/// Operations on managed policies.
pub(crate) const OPERATIONS: [&str; 12] = [
    "CreatePolicy",
    "GetPolicy",
    "GetPolicyVersion",
    "ListPolicies",
    "ListPolicyVersions",
    "DeletePolicy",
    "CreatePolicyVersion",
    "SetDefaultPolicyVersion",
    "DeletePolicyVersion",
    "TagPolicy",
    "UntagPolicy",
    "ListPolicyTags",
];

/// Carries out one of [`OPERATIONS`].
pub(crate) fn call(account: &Account, action: &str, form: &Parameters) -> Outcome {
    match action {
        "CreatePolicy" => return create(account, form),
        "ListPolicies" => return list(account, form),
        _ => {}
    }
    let arn = validate::text(form, "PolicyArn", 20, 2048)?.to_owned();
    let missing = || AwsFault::missing(format!("Policy {arn} was not found."));
    let mut state = account.state();
    let policy = state.policies.get(&arn).cloned().ok_or_else(missing)?;
    match action {
        "GetPolicy" => return Ok(whole(&state, &arn, &policy)),
        "ListPolicyVersions" => {
            let item = |v: &PolicyVersion| (v.id.clone(), version_xml(&policy, v, false));
            return page(form, "Versions", policy.versions.iter().map(item));
        }
        "GetPolicyVersion" => {
            let version = named(&policy, &arn, form)?;
            return Ok(format!("<PolicyVersion>{}</PolicyVersion>", version_xml(&policy, version, true)));
        }
        "ListPolicyTags" => return tags::paged(form, &policy.tags),
        _ => {}
    }
    if of_aws(&arn) {
        // Own words.
        return Err(AwsFault::new(
            403,
            "AccessDenied",
            format!("Policy {arn} is managed by AWS and cannot be changed."),
        ));
    }
    if action == "DeletePolicy" {
        return delete(&mut state, &arn, &policy);
    }
    let now = account.now();
    let held = state.policies.get_mut(&arn).ok_or_else(missing)?;
    match action {
        "CreatePolicyVersion" => return add(held, form, now),
        "SetDefaultPolicyVersion" => {
            held.default.clone_from(&named(&policy, &arn, form)?.id);
            held.updated = now;
        }
        "DeletePolicyVersion" => {
            let id = named(&policy, &arn, form)?.id.clone();
            if id == held.default {
                let text = "Cannot delete the default version of a policy.";
                return Err(AwsFault::new(409, "DeleteConflict", text));
            }
            held.versions.retain(|version| version.id != id);
            held.updated = now;
        }
        "TagPolicy" => held.tags = tagged(&held.tags, &form.tags(), Case::Counts)?,
        // Untagging is what is left.
        _ => untag(&mut held.tags, form, Case::Counts),
    }
    Ok(String::new())
}

/// Whether a policy is one of AWS's own.
pub(crate) fn of_aws(arn: &str) -> bool {
    arn.contains(":iam::aws:policy/")
}

fn list(account: &Account, form: &Parameters) -> Outcome {
    let scope = form.get("Scope").unwrap_or("All");
    let prefix = form.get("PathPrefix").unwrap_or("/");
    let attached = form.get("OnlyAttached") == Some("true");
    let state = account.state();
    let wanted = |arn: &&String| {
        let side = match scope {
            "Local" => !of_aws(arn),
            "AWS" => of_aws(arn),
            _ => true,
        };
        side && parts(arn).0.starts_with(prefix) && (!attached || uses(&state, arn).0 > 0)
    };
    let found = Page::of(form, state.policies.keys().filter(wanted).map(|arn| (arn.clone(), arn)))?;
    Ok(found.map(|arn| inside(&state, arn)).xml("Policies"))
}

/// The version that a request names.
fn named<'p>(policy: &'p Managed, arn: &str, form: &Parameters) -> Result<&'p PolicyVersion, AwsFault> {
    let asked = validate::required(form, "VersionId")?;
    let digits = asked.strip_prefix('v').map(|number| number.split('.').next().unwrap_or_default());
    if digits.is_none_or(|n| n.is_empty() || n.starts_with('0') || !n.bytes().all(|b| b.is_ascii_digit())) {
        let rule = "satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?";
        return Err(validate::constraint("versionId", Some(asked), rule));
    }
    let missing = || AwsFault::missing(format!("Policy {arn} version {asked} does not exist or is not attachable."));
    policy.versions.iter().find(|version| version.id == asked).ok_or_else(missing)
}

fn version_xml(policy: &Managed, version: &PolicyVersion, with_document: bool) -> String {
    let document = if with_document { tag("Document", &encode(&version.document, false)) } else { String::new() };
    let counts = (version.id == policy.default).to_string();
    [
        document,
        tag("VersionId", &version.id),
        tag("IsDefaultVersion", &counts),
        tag("CreateDate", &time(version.created)),
    ]
    .concat()
}

/// Path and name of a policy.
fn parts(arn: &str) -> (String, &str) {
    let resource = arn.split_once(":policy").map_or("/", |(_, resource)| resource);
    let (path, name) = resource.rsplit_once('/').unwrap_or_default();
    (format!("{path}/"), name)
}

/// How many roles have a policy attached, and how many are bound by it.
fn uses(state: &State, arn: &str) -> (usize, usize) {
    let attached = state.roles.values().filter(|r| r.attached.iter().any(|a| a == arn)).count();
    (attached, state.roles.values().filter(|r| r.boundary.as_deref() == Some(arn)).count())
}

/// Whether a role has a policy, or is bound by it.
pub(crate) fn is_used(state: &State, arn: &str) -> bool {
    uses(state, arn) != (0, 0)
}

/// A policy as `GetPolicy` shows it: alone with its description, and with its tags also where there are none
/// (reported).
fn whole(state: &State, arn: &str, policy: &Managed) -> String {
    let description: String = policy.description.iter().map(|text| tag("Description", text)).collect();
    let tags = members("Tags", tags::items(&policy.tags).into_iter().map(|(_, xml)| xml));
    format!("<Policy>{}{description}{tags}</Policy>", inside(state, arn))
}

/// A policy without description and tags, which `ListPolicies` leaves out (IAM API reference, `ListPolicies`), and of
/// which `CreatePolicy` shows tags alone (reported).
fn inside(state: &State, arn: &str) -> String {
    let Some(policy) = state.policies.get(arn) else { return String::new() };
    let ((path, name), (attached, bounds)) = (parts(arn), uses(state, arn));
    [
        tag("PolicyName", name),
        tag("PolicyId", &policy.id),
        tag("Arn", arn),
        tag("Path", &path),
        tag("DefaultVersionId", &policy.default),
        tag("AttachmentCount", &attached.to_string()),
        tag("PermissionsBoundaryUsageCount", &bounds.to_string()),
        tag("IsAttachable", "true"),
        tag("CreateDate", &time(policy.created)),
        tag("UpdateDate", &time(policy.updated)),
    ]
    .concat()
}

/// A policy with all its versions, as `GetAccountAuthorizationDetails` shows it (IAM API reference,
/// `ManagedPolicyDetail`).
pub(crate) fn detail(state: &State, arn: &str, policy: &Managed) -> String {
    let versions = policy.versions.iter().map(|version| version_xml(policy, version, true));
    let description: String = policy.description.iter().map(|text| tag("Description", text)).collect();
    inside(state, arn) + &description + &members("PolicyVersionList", versions)
}

/// A document that IAM takes, within the quota.
fn document(form: &Parameters) -> Result<&str, AwsFault> {
    let document = validate::text(form, "PolicyDocument", 1, 131_072)?;
    save::identity(document)?;
    if save::size(document) > QUOTA {
        return Err(AwsFault::new(409, "LimitExceeded", format!("Cannot exceed quota for PolicySize: {QUOTA}")));
    }
    Ok(document)
}

fn create(account: &Account, form: &Parameters) -> Outcome {
    let name = validate::text(form, "PolicyName", 1, 128)?;
    if !validate::is_name(name) {
        return Err(AwsFault::validation(
            "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or \
             the following: +=,.@_-",
        ));
    }
    let document = document(form)?;
    let description = form.get("Description").filter(|text| !text.is_empty());
    description.map(|text| validate::length("Description", text, 0, LONGEST_DESCRIPTION)).transpose()?;
    let tags = tagged(&std::collections::BTreeMap::new(), &form.tags(), Case::Counts)?;
    let (c, path) = (&account.config, crate::roles::path_of(form)?);
    let arn = format!("arn:{}:iam::{}:policy{path}{name}", c.partition, c.account_id);
    let mut state = account.state();
    // Names are one whatever their letter case and path (IAM API reference, `CreatePolicy`).
    if state.policies.keys().any(|known| !of_aws(known) && parts(known).1.eq_ignore_ascii_case(name)) {
        return Err(AwsFault::new(
            409,
            "EntityAlreadyExists",
            format!("A policy called {name} already exists. Duplicate names are not allowed."),
        ));
    }
    let mut policy = Managed::new(&arn, "v1", document, account.now());
    policy.id = unique_id("ANPA");
    policy.description = description.map(str::to_owned);
    policy.tags = tags;
    let shown = tags::list(&policy.tags);
    state.policies.insert(arn.clone(), policy);
    Ok(format!("<Policy>{}{shown}</Policy>", inside(&state, &arn)))
}

fn add(policy: &mut Managed, form: &Parameters, now: jiff::Timestamp) -> Outcome {
    let document = document(form)?;
    if policy.versions.len() >= VERSIONS {
        let text = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an \
                    existing version.";
        return Err(AwsFault::new(409, "LimitExceeded", text));
    }
    let version = PolicyVersion { id: format!("v{}", policy.next), document: document.to_owned(), created: now };
    policy.next += 1;
    if form.get("SetAsDefault") == Some("true") {
        policy.default.clone_from(&version.id);
    }
    policy.updated = now;
    let shown = version_xml(policy, &version, false);
    policy.versions.push(version);
    Ok(format!("<PolicyVersion>{shown}</PolicyVersion>"))
}

fn delete(state: &mut State, arn: &str, policy: &Managed) -> Outcome {
    let conflict = |text: &str| Err(AwsFault::new(409, "DeleteConflict", text));
    let holds = |r: &Role| r.attached.iter().chain(&r.boundary).any(|a| a == arn);
    if state.roles.values().any(holds) {
        return conflict("Cannot delete a policy attached to entities.");
    }
    if policy.versions.len() > 1 {
        return conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the \
                         policy's versions. The default version is deleted with the policy.",
        );
    }
    state.policies.remove(arn);
    Ok(String::new())
}
