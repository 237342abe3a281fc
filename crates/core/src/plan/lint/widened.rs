//! Whom a new trust policy of a role admits, and whom no longer.

use crate::evidence::{Evidence, View};
use crate::plan::owner::role_of;
use crate::question;

/// Whom besides the identity asked for a new trust policy of a role would admit, in words; `None` when nobody.
///
/// Both policies are evaluated for everybody worth trying; what cannot be told counts as somebody. Of a statement for a
/// Pod Identity association it is known whom it admits: it is the one that the evidence asks for, and no other.
pub fn widens(e: &Evidence, role: &str, document: &str) -> Option<String> {
    let view = View::new(e);
    let Some(known) = role_of(e, role) else { return Some("the role's trust policy was not read".to_owned()) };
    if question::admitting_pods(&view, known).as_deref() == Some(document) {
        return None;
    }
    if e.role.known().is_none_or(|r| r.name != role) {
        return Some("nobody knows whom: the change is not the one that the association needs".to_owned());
    }
    match question::asked(&view) {
        Some(asked) => question::admitted_besides(&known.trust_policy, document, &asked),
        None => Some("whoever the token turns out to be of: none is at hand".to_owned()),
    }
}

/// Who was admitted and would no longer be, in words; `None` when nobody, or where that cannot be told.
pub(crate) fn shuts_out(e: &Evidence, document: &str) -> Option<String> {
    let role = e.role.known()?;
    question::admitted_besides(document, &role.trust_policy, &question::asked(&View::new(e))?)
}
