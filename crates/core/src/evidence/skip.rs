//! The annotation that leaves containers out of the injection, as the webhook reads it: one record of comma-separated
//! values whose blanks count (amazon-eks-pod-identity-webhook, pkg/handler/handler.go, getContainersToSkip; Go's
//! encoding/csv).

use super::PodSpec;

/// The annotation.
pub const SKIP_ANNOTATION: &str = "eks.amazonaws.com/skip-containers";

/// The names in the annotation's value, as the webhook reads it: of what is not a record it takes none.
pub(crate) fn names(value: &str) -> Vec<String> {
    // Empty lines are passed over, and the first record is all that is read.
    let line = value.trim_start_matches(['\r', '\n']);
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let Some((field, after)) = field(rest) else { return Vec::new() };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    if line.is_empty() { Vec::new() } else { fields }
}

/// One field, and what comes after it; nothing where quotes stand as they may not.
fn field(text: &str) -> Option<(String, &str)> {
    let Some(mut quoted) = text.strip_prefix('"') else {
        let end = text.find([',', '\n']).unwrap_or(text.len());
        let (field, after) = text.split_at(end);
        return (!field.contains('"')).then(|| (field.trim_end_matches('\r').to_owned(), after));
    };
    let mut out = String::new();
    loop {
        let (inside, after) = quoted.split_once('"')?;
        out.push_str(inside);
        match after.strip_prefix('"') {
            Some(more) => {
                out.push('"');
                quoted = more;
            }
            None => return (after.is_empty() || after.starts_with([',', '\n', '\r'])).then_some((out, after)),
        }
    }
}

impl PodSpec {
    /// The containers that its annotation leaves out.
    pub fn skipped(&self) -> Vec<String> {
        self.annotations.get(SKIP_ANNOTATION).map(|value| names(value)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn the_annotation_is_one_record_whose_blanks_count() {
        let cases: [(&str, &[&str]); 10] = [
            ("a,b", &["a", "b"]),
            ("a, b", &["a", " b"]),
            ("\"a\",b", &["a", "b"]),
            ("\"a\"\"x\",b", &["a\"x", "b"]),
            ("a\"b,c", &[]),
            ("\"a\"x,b", &[]),
            ("\"a,b", &[]),
            ("\n\na,b\nc", &["a", "b"]),
            ("a,", &["a", ""]),
            ("", &[]),
        ];
        for (value, want) in cases {
            assert_eq!(names(value), want, "{value:?}");
        }
    }
}
