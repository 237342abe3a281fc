//! Which accounts are asked: a list of their numbers, or what AWS Organizations says.

use std::collections::BTreeSet;

use serde::Deserialize;

/// Accounts of one audit. AWS Organizations has some thousands at most in practice; its quota is raised on request (AWS
/// Organizations User Guide, "Quotas").
pub(super) const ACCOUNTS: usize = 20_000;
/// Characters of a role's name with its path (IAM API Reference, `Role`: 512 of the path, 64 of the name).
const ROLE_CHARS: usize = 576;

/// The accounts of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Accounts {
    /// Those to ask, in the order of their numbers.
    pub(super) numbers: BTreeSet<String>,
    /// Those that nobody can ask, and in what state they are.
    pub(super) closed: Vec<(String, String)>,
    /// Whether the list goes on elsewhere.
    pub(super) more: bool,
}

/// `aws organizations list-accounts` (AWS Organizations API Reference, `Account`).
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Accounts")]
    accounts: Vec<Account>,
    #[serde(rename = "NextToken")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Account {
    #[serde(rename = "Id")]
    id: String,
    /// Which takes the place of `Status`; for some time answers have both.
    #[serde(rename = "State")]
    state: Option<String>,
    #[serde(rename = "Status")]
    status: Option<String>,
}

impl Accounts {
    /// Reads a list: the answer of `aws organizations list-accounts`, or one number at the beginning of each line.
    ///
    /// # Errors
    /// What is wrong with it, and on which line.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut found = Self::default();
        if text.trim_start().starts_with('{') {
            for answer in serde_json::Deserializer::from_str(text).into_iter::<Answer>() {
                let answer = answer.map_err(|e| format!("it is no answer of `list-accounts`: {e}"))?;
                found.more = answer.next.is_some();
                for (at, account) in answer.accounts.into_iter().enumerate() {
                    let state = account.state.or(account.status).filter(|s| s != "ACTIVE");
                    found.add(&account.id).map_err(|why| format!("account {}: {why}", at + 1))?;
                    if let Some(state) = state {
                        found.numbers.remove(&account.id);
                        found.closed.push((account.id, state));
                    }
                }
            }
        } else {
            for (at, line) in text.lines().enumerate() {
                let bare = line.split('#').next().unwrap_or_default().trim();
                let number = bare.split([',', ';', ' ', '\t']).next().unwrap_or_default();
                if !number.is_empty() {
                    found.add(number.trim_matches('"')).map_err(|why| format!("line {}: {why}", at + 1))?;
                }
            }
        }
        if found.numbers.is_empty() { Err("it names no account that can be asked".to_owned()) } else { Ok(found) }
    }

    fn add(&mut self, number: &str) -> Result<(), String> {
        if number.len() != 12 || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("`{}` is no account's number of twelve digits", trustwalk_foreign::redact(number)));
        }
        self.numbers.insert(number.to_owned());
        if self.numbers.len() > ACCOUNTS { Err(format!("no more than {ACCOUNTS} accounts are read")) } else { Ok(()) }
    }
}

/// A role's name, with its path where it has one, as it stands in ARNs.
///
/// # Errors
/// That it is none.
pub(super) fn role_name(text: &str) -> Result<&str, String> {
    let name = text.trim_start_matches('/');
    let fine = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    let sound = !name.is_empty() && name.len() <= ROLE_CHARS && name.chars().all(fine) && !name.ends_with('/');
    let why = || format!("`{}` is no role's name, as `audit/Reader` is one", trustwalk_foreign::redact(text));
    if sound { Ok(name) } else { Err(why()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_a_slip_is_told_with_its_line() {
        let plain = "# ours\n111122223333, payments\n\n444455556666 # web\n111122223333\n";
        let read = Accounts::read(plain).unwrap();
        assert_eq!(read.numbers.iter().map(String::as_str).collect::<Vec<_>>(), ["111122223333", "444455556666"]);
        let answer = r#"{"Accounts":[{"Id":"111122223333","Status":"ACTIVE"},
            {"Id":"444455556666","Status":"SUSPENDED","State":"SUSPENDED"}]}
            {"Accounts":[{"Id":"777788889999"}],"NextToken":"x"}"#;
        let read = Accounts::read(answer).unwrap();
        assert_eq!(read.numbers.iter().map(String::as_str).collect::<Vec<_>>(), ["111122223333", "777788889999"]);
        assert_eq!(read.closed, [("444455556666".to_owned(), "SUSPENDED".to_owned())]);
        assert!(read.more);
        for (wrong, told) in [
            ("111122223333\n12345\n", "line 2: `12345` is no account's number"),
            ("", "names no account"),
            ("{\"Accounts\":[{\"Id\":\"x\"}]}", "account 1: `x`"),
            ("{\"Accounts\":3}", "no answer of `list-accounts`"),
        ] {
            let why = Accounts::read(wrong).unwrap_err();
            assert!(why.contains(told), "{why}");
        }
    }

    #[test]
    fn a_role_is_named_with_its_path() {
        for (text, name) in
            [("Reader", Some("Reader")), ("/audit/Reader", Some("audit/Reader")), ("a b", None), ("", None)]
        {
            assert_eq!(role_name(text).ok(), name, "{text}");
        }
        assert!(role_name("arn:aws:iam::111122223333:role/x").is_err());
    }
}
