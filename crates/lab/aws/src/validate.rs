//! Parameters that never reach an operation: absent, too short, too long. The words are those in
//! which the query protocol's services answer (AWS service models give the limits).

use crate::outcome::AwsFault;
use crate::query::Parameters;

/// Members of IAM's and STS's requests with the least and the most characters that their models give them.
const LENGTHS: [(&str, usize, usize); 19] = [
    ("RoleName", 1, 64),
    ("UserName", 1, 128),
    ("PolicyName", 1, 128),
    ("InstanceProfileName", 1, 128),
    ("Path", 1, 512),
    ("PathPrefix", 1, 512),
    ("Url", 1, 255),
    ("ClientID", 1, 255),
    ("Description", 0, 1000),
    ("AssumeRolePolicyDocument", 1, 131_072),
    ("PolicyDocument", 1, 131_072),
    ("PolicyArn", 20, 2048),
    ("PermissionsBoundary", 20, 2048),
    ("OpenIDConnectProviderArn", 20, 2048),
    ("PolicySourceArn", 20, 2048),
    ("RoleArn", 20, 2048),
    ("RoleSessionName", 2, 64),
    ("SourceIdentity", 2, 256),
    ("WebIdentityToken", 4, 20_000),
];
/// Numbers with their bounds.
const NUMBERS: [(&str, i64, i64); 3] =
    [("MaxSessionDuration", 3600, 43_200), ("DurationSeconds", 900, 43_200), ("MaxItems", 1, 1000)];

/// Several members' faults are told together, as services made from a model do; which comes first is not documented.
/// A single one is left to its operation, whose other checks may go before it.
pub(crate) fn together(form: &Parameters, needed: &[&str]) -> Result<(), AwsFault> {
    let absent = needed.iter().filter(|field| form.get(field).is_none()).map(|field| null(field));
    let lengths = LENGTHS.iter().filter_map(|(field, least, most)| misfit(field, form.get(field)?, *least, *most));
    let numbers = NUMBERS.iter().filter_map(|(field, least, most)| {
        let text = form.get(field)?;
        out_of_bounds(field, text, text.parse().ok()?, *least, *most)
    });
    let all: Vec<String> = absent.chain(lengths).chain(numbers).collect();
    if all.len() < 2 {
        return Ok(());
    }
    Err(AwsFault::validation(format!("{} validation errors detected: {}", all.len(), all.join("; "))))
}

/// What is wrong with a member, in the query protocol's words. `shown` is left out of secrets.
fn told(name: &str, shown: Option<&str>, rule: &str) -> String {
    let value = shown.map(|v| format!("'{v}' ")).unwrap_or_default();
    format!("Value {value}at '{name}' failed to satisfy constraint: Member must {rule}")
}

fn alone(text: &str) -> AwsFault {
    AwsFault::validation(format!("1 validation error detected: {text}"))
}

/// A member's fault.
pub(crate) fn constraint(name: &str, shown: Option<&str>, rule: &str) -> AwsFault {
    alone(&told(name, shown, rule))
}

fn null(field: &str) -> String {
    format!("Value null at '{}' failed to satisfy constraint: Member must not be null", member(field))
}

/// What is wrong with a text's length in characters.
fn misfit(field: &str, value: &str, least: usize, most: usize) -> Option<String> {
    let n = value.chars().count();
    // A whole document is not repeated; nor is a token, which is a secret.
    let shown = (field != "WebIdentityToken" && most < 4096).then_some(value);
    let rule = match n {
        n if n < least => format!("have length greater than or equal to {least}"),
        n if n > most => format!("have length less than or equal to {most}"),
        _ => return None,
    };
    Some(told(&member(field), shown, &rule))
}

fn out_of_bounds(field: &str, text: &str, n: i64, least: i64, most: i64) -> Option<String> {
    let rule = match n {
        n if n < least => format!("have value greater than or equal to {least}"),
        n if n > most => format!("have value less than or equal to {most}"),
        _ => return None,
    };
    Some(told(&member(field), Some(text), &rule))
}

/// The member's name as the messages write it: `RoleName` is `roleName`.
fn member(field: &str) -> String {
    let mut letters = field.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// A parameter that must be there.
pub(crate) fn required<'a>(form: &'a Parameters, field: &str) -> Result<&'a str, AwsFault> {
    form.get(field).ok_or_else(|| alone(&null(field)))
}

/// A length in characters.
pub(crate) fn length(field: &str, value: &str, least: usize, most: usize) -> Result<(), AwsFault> {
    misfit(field, value, least, most).map_or(Ok(()), |text| Err(alone(&text)))
}

/// A parameter that must be there with a length.
pub(crate) fn text<'a>(form: &'a Parameters, field: &str, least: usize, most: usize) -> Result<&'a str, AwsFault> {
    let value = required(form, field)?;
    length(field, value, least, most)?;
    Ok(value)
}

/// A whole number between bounds, or its absence.
pub(crate) fn number(form: &Parameters, field: &str, least: i64, most: i64) -> Result<Option<i64>, AwsFault> {
    let Some(text) = form.get(field) else { return Ok(None) };
    match text.parse::<i64>() {
        Ok(n) => out_of_bounds(field, text, n, least, most).map_or(Ok(Some(n)), |text| Err(alone(&text))),
        Err(_) => Err(AwsFault::new(400, "MalformedInput", format!("`{text}` is not a number"))),
    }
}

/// Letters, digits and `_+=,.@-`, as names of roles, policies and sessions are made.
pub(crate) fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
}

/// The session's name, as all of STS wants it.
pub(crate) fn session_name(form: &Parameters) -> Result<(), AwsFault> {
    let session = required(form, "RoleSessionName")?;
    if !is_name(session) {
        let rule = "satisfy regular expression pattern: [\\w+=,.@-]*";
        return Err(constraint("roleSessionName", Some(session), rule));
    }
    length("RoleSessionName", session, 2, 64)
}

/// Whether a text has the form of a role's ARN.
pub(crate) fn is_role_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "iam", "", account, resource]
        if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) && resource.starts_with("role/"))
}
