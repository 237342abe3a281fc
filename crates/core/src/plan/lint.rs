//! Refuses steps that would admit anybody besides the one they are for.

use crate::evidence::{Evidence, View};
use crate::question;

/// Whom besides the identity asked for a new trust policy of the role would admit, in words; `None` when nobody.
///
/// Both policies are evaluated for everybody worth trying; what cannot be told counts as somebody.
pub fn widens(e: &Evidence, document: &str) -> Option<String> {
    let Some(role) = e.role.known() else { return Some("the role's trust policy was not read".to_owned()) };
    match question::asked(&View::new(e)) {
        Some(asked) => question::admitted_besides(&role.trust_policy, document, &asked),
        None => Some("whose identity it is for is not known".to_owned()),
    }
}
