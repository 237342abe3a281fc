//! Parameters that never reach an operation: absent, too short, too long. The words are those in
//! which the query protocol's services answer (AWS service models give the limits).

use crate::outcome::AwsFault;
use crate::query::Parameters;

/// A member's fault, in the query protocol's words. `shown` is left out of secrets.
pub(crate) fn constraint(name: &str, shown: Option<&str>, rule: &str) -> AwsFault {
    let value = shown.map(|v| format!("'{v}' ")).unwrap_or_default();
    AwsFault::validation(format!(
        "1 validation error detected: Value {value}at '{name}' failed to satisfy constraint: Member must {rule}"
    ))
}

/// The member's name as the messages write it: `RoleName` is `roleName`.
fn member(field: &str) -> String {
    let mut letters = field.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// A parameter that must be there.
pub(crate) fn required<'a>(form: &'a Parameters, field: &str) -> Result<&'a str, AwsFault> {
    form.get(field).ok_or_else(|| {
        AwsFault::validation(format!(
            "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
            member(field)
        ))
    })
}

/// A length in characters.
pub(crate) fn length(field: &str, value: &str, least: usize, most: usize) -> Result<(), AwsFault> {
    let n = value.chars().count();
    // A whole document is not repeated; nor is a token, which is a secret.
    let shown = (field != "WebIdentityToken" && most < 4096).then_some(value);
    let name = member(field);
    if n < least {
        return Err(constraint(&name, shown, &format!("have length greater than or equal to {least}")));
    }
    if n > most {
        return Err(constraint(&name, shown, &format!("have length less than or equal to {most}")));
    }
    Ok(())
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
    let name = member(field);
    match text.parse::<i64>() {
        Ok(n) if n < least => {
            Err(constraint(&name, Some(text), &format!("have value greater than or equal to {least}")))
        }
        Ok(n) if n > most => Err(constraint(&name, Some(text), &format!("have value less than or equal to {most}"))),
        Ok(n) => Ok(Some(n)),
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
