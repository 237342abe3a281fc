//! Paths that a file of a checkout names.

/// A path from a folder of a checkout, both from its root and with `/`, without `.` and `..`; nothing for one that
/// leads out of the checkout. A `/` at its beginning is the root of the checkout; the root itself is empty.
pub fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_do_not_leave_the_checkout() {
        for (folder, path, whole) in [
            ("", "./a//b", Some("a/b")),
            ("", "/a/../b", Some("b")),
            ("", "a/../../b", None),
            ("", ".", Some("")),
            ("./a/b/", "../c/./d", Some("a/c/d")),
            ("a", "..", Some("")),
            ("a", "../..", None),
            ("a", "b/../../../a", None),
        ] {
            assert_eq!(joined(folder, path).as_deref(), whole, "{folder} {path}");
        }
    }
}
