//! Templates: our words with slots for values that may be anybody's.

use std::borrow::Cow;

/// Where a value goes in a template.
pub(crate) const SLOT: &str = "{}";

/// The template with each slot filled in the way of its language; `write` is told what stands before the slot.
pub(crate) fn fill<'v, V: Copy, E>(
    template: &str,
    values: &[V],
    mut write: impl FnMut(V, &str) -> Result<Cow<'v, str>, E>,
) -> Result<String, E> {
    debug_assert_eq!(template.matches(SLOT).count(), values.len(), "one value for each slot of `{template}`");
    let mut out = String::with_capacity(template.len() + values.len() * 32);
    let mut values = values.iter();
    let mut rest = template;
    while let Some((head, tail)) = rest.split_once(SLOT) {
        out.push_str(head);
        if let Some(value) = values.next() {
            let written = write(*value, &out)?;
            out.push_str(&written);
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}
