//! IAM's paging: `MaxItems`, `Marker`, `IsTruncated`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::outcome::{AwsFault, Outcome, members, tag};
use crate::query::Parameters;
use crate::validate;

/// Items of a page when none is asked for, and at most (IAM API reference).
const DEFAULT: i64 = 100;
const MOST: i64 = 1000;

/// One page of a list.
pub(crate) struct Page<T = String> {
    shown: Vec<T>,
    /// Where the next one begins; nothing on the last.
    next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts one out of all items. Items come with the key they are ordered by; the marker is the last key shown, so
    /// that a page stays right when items come and go between pages.
    pub(crate) fn of(form: &Parameters, items: impl IntoIterator<Item = (String, T)>) -> Result<Self, AwsFault> {
        let most = validate::number(form, "MaxItems", 1, MOST)?.unwrap_or(DEFAULT);
        let most = usize::try_from(most).unwrap_or_default();
        let after = form.get("Marker").map(unpack).transpose()?;
        let mut items: Vec<(String, T)> =
            items.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|last| key > last)).collect();
        items.sort_by(|(a, _), (b, _)| a.cmp(b));
        let truncated = items.len() > most;
        items.truncate(most);
        let next = items.last().filter(|_| truncated).map(|(key, _)| URL_SAFE_NO_PAD.encode(key));
        Ok(Self { shown: items.into_iter().map(|(_, item)| item).collect(), next })
    }

    pub(crate) const fn is_last(&self) -> bool {
        self.next.is_none()
    }

    /// The same page with its items shown: no others are, however many there are.
    pub(crate) fn map<U>(self, show: impl FnMut(T) -> U) -> Page<U> {
        Page { shown: self.shown.into_iter().map(show).collect(), next: self.next }
    }
}

impl Page {
    /// The page as IAM's answers have it.
    pub(crate) fn xml(self, list: &str) -> String {
        let marker: String = self.next.iter().map(|next| tag("Marker", next)).collect();
        let (shown, truncated) = (members(list, self.shown), self.next.is_some());
        format!("{shown}<IsTruncated>{truncated}</IsTruncated>{marker}")
    }
}

/// One page of a list, as an answer.
pub(crate) fn page(form: &Parameters, list: &str, items: impl IntoIterator<Item = (String, String)>) -> Outcome {
    Ok(Page::of(form, items)?.xml(list))
}

fn unpack(marker: &str) -> Result<String, AwsFault> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).ok();
    bytes.and_then(|b| String::from_utf8(b).ok()).ok_or_else(|| AwsFault::validation("Invalid Marker."))
}
