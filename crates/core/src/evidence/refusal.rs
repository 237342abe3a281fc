//! What the API server answers when it cannot use a webhook that it must.

use serde::{Deserialize, Serialize};
use trustwalk_symptoms::{WebhookCall, webhook_call};

/// The answer to a dry run of a pod where a webhook with `failurePolicy: Fail` could not be used. Its words are read
/// once, here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct WebhookRefusal {
    said: String,
    call: Option<WebhookCall>,
}

impl WebhookRefusal {
    /// An answer, if it tells of a webhook that could not be used. One that was asked and denies the pod is a
    /// policy's, and tells nothing.
    pub fn read(said: &str) -> Option<Self> {
        webhook_call(said).map(|call| Self { said: said.to_owned(), call: Some(call) })
    }

    /// The API server's own words.
    pub fn said(&self) -> &str {
        &self.said
    }

    /// Which webhook, and what kept the API server from it; `None` for words that are not known.
    pub fn call(&self) -> Option<&WebhookCall> {
        self.call.as_ref()
    }
}

impl From<String> for WebhookRefusal {
    fn from(said: String) -> Self {
        Self { call: webhook_call(&said), said }
    }
}

impl From<WebhookRefusal> for String {
    fn from(refusal: WebhookRefusal) -> Self {
        refusal.said
    }
}
