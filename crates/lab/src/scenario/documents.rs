//! What befell the documents of an issuer: its discovery document and its key set.

use std::time::Duration;

use serde::Deserialize;
use serde_saphyr::Spanned;
use trustwalk_lab_issuer::{DocumentFault, Faults, Issuer, KeySetFault, SigningKey};

use super::wrong::WrongScenario;
use crate::LabError;

/// Longest that an answer may take, seconds: clients gave up long before.
const SLOWEST: u64 = 600;

/// Faults of an issuer's documents.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DocumentsForm {
    discovery: Option<AnswerForm>,
    keys: Option<AnswerForm>,
    key_set: Option<KeySetForm>,
    /// The member `issuer` of the discovery document.
    issuer: Option<String>,
    /// The member `jwks_uri` of the discovery document.
    jwks_uri: Option<String>,
}

/// How a document is answered.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AnswerForm {
    Hang,
    Huge,
    InvalidJson,
    /// This status alone.
    Status(u16),
    /// The document after so many seconds.
    Slow(u64),
    /// A redirect to this URL.
    Redirect(String),
    /// So many refusals, then the document.
    Flaky(u32),
}

/// What the key set holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KeySetForm {
    Empty,
    Foreign,
    Unnamed,
}

impl AnswerForm {
    fn fault(&self) -> DocumentFault {
        match self {
            Self::Hang => DocumentFault::Hang,
            Self::Huge => DocumentFault::Huge,
            Self::InvalidJson => DocumentFault::InvalidJson,
            Self::Status(code) => DocumentFault::Status(*code),
            Self::Slow(seconds) => DocumentFault::Slow(Duration::from_secs(*seconds)),
            Self::Redirect(to) => DocumentFault::Redirect(to.clone()),
            Self::Flaky(times) => DocumentFault::Flaky(*times),
        }
    }

    /// What is wrong with it, and what to write.
    fn wrong(&self) -> Option<(String, &'static str)> {
        match self {
            Self::Status(code) if !(400..=599).contains(code) => {
                Some((format!("`status: {code}` is no refusal"), "write a status of 400 to 599"))
            }
            Self::Slow(seconds) if *seconds > SLOWEST => Some((
                format!("`slow: {seconds}` is longer than anybody waits"),
                "write 600 seconds at most, or `hang`",
            )),
            Self::Redirect(to) if !to.starts_with("https://") => {
                Some((format!("`{to}` is no address to be sent to"), "write an https URL"))
            }
            Self::Hang
            | Self::Huge
            | Self::InvalidJson
            | Self::Status(_)
            | Self::Slow(_)
            | Self::Redirect(_)
            | Self::Flaky(_) => None,
        }
    }
}

impl DocumentsForm {
    /// The same, as an issuer has them.
    pub(super) fn faults(&self) -> Faults {
        let fault = |answer: &Option<AnswerForm>| answer.as_ref().map(AnswerForm::fault).unwrap_or_default();
        Faults {
            discovery: fault(&self.discovery),
            keys: fault(&self.keys),
            key_set: match self.key_set {
                None => KeySetFault::None,
                Some(KeySetForm::Empty) => KeySetFault::Empty,
                Some(KeySetForm::Foreign) => KeySetFault::Foreign,
                Some(KeySetForm::Unnamed) => KeySetFault::Unnamed,
            },
            issuer_member: self.issuer.clone(),
            jwks_uri: self.jwks_uri.clone(),
        }
    }

    /// Refuses what no issuer would answer; `of` is the issuer's name.
    pub(super) fn check(&self, of: &Spanned<String>) -> Result<(), WrongScenario> {
        let line = of.referenced.line();
        let mut answers = self.discovery.iter().chain(&self.keys);
        if let Some((what, todo)) = answers.find_map(AnswerForm::wrong) {
            return Err(WrongScenario::new(line, format!("the documents of `{}`: {what}", of.value)).with(todo));
        }
        if let Some(uri) = self.jwks_uri.as_ref().filter(|uri| !uri.starts_with("https://")) {
            let what = format!("the documents of `{}`: `{uri}` is no address of a key set", of.value);
            return Err(WrongScenario::new(line, what).with("write an https URL"));
        }
        Ok(())
    }

    /// Gives an issuer these faults.
    pub(super) async fn befall(&self, issuer: &Issuer) -> Result<(), LabError> {
        if self.key_set == Some(KeySetForm::Foreign) {
            let made = tokio::task::spawn_blocking(SigningKey::generate).await;
            issuer.set_foreign_key(made.map_err(|_| LabError::Control("no key could be made".to_owned()))??);
        }
        issuer.set_faults(|faults| *faults = self.faults());
        Ok(())
    }
}
