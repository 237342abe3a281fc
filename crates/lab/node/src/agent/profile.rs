//! Named profiles of the shared config file: as much as decides where credentials
//! come from (AWS SDKs and Tools Reference Guide, "Shared config and credentials files").

use std::collections::BTreeMap;

/// The settings of `profile` in a config file's text; `None` when it is not there.
pub(crate) fn find(text: &str, profile: &str) -> Option<BTreeMap<String, String>> {
    let mut found: Option<BTreeMap<String, String>> = None;
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(head) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            let name = head.trim();
            inside = name.strip_prefix("profile ").unwrap_or(name).trim() == profile;
            if inside {
                found.get_or_insert_default();
            }
        } else if inside
            && !line.starts_with(['#', ';'])
            && let (Some(settings), Some((key, value))) = (found.as_mut(), line.split_once('='))
        {
            settings.insert(key.trim().to_owned(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_profile_by_either_heading() {
        let text = "[default]\nregion = a\n[profile x]\n# note\nrole_arn=r\n[y]\nregion=b\n";
        assert_eq!(find(text, "x").unwrap()["role_arn"], "r");
        assert_eq!(find(text, "y").unwrap()["region"], "b");
        assert!(find(text, "z").is_none());
    }
}
