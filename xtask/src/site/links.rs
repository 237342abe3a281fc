//! Links of Markdown pages: read, and led anew.

use std::path::{Component, Path, PathBuf};

/// Whether a fence opens or closes on this line.
fn fences(line: &str) -> bool {
    line.trim_start().starts_with("```")
}

/// A page with each of its links replaced by what is made of it; what stands in code stays as it is.
pub(crate) fn led(page: &str, mut lead: impl FnMut(&str, &str) -> String) -> String {
    let (mut out, mut in_code) = (String::new(), false);
    for line in page.split_inclusive('\n') {
        if fences(line) {
            in_code = !in_code;
        }
        if in_code || fences(line) {
            out.push_str(line);
        } else {
            out.push_str(&led_line(line, &mut lead));
        }
    }
    out
}

fn led_line(line: &str, lead: &mut impl FnMut(&str, &str) -> String) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while let Some((before, after)) = rest.split_once("](") {
        let Some((target, tail)) = after.split_once(')') else { break };
        let passed = line.strip_suffix(rest).unwrap_or_default().matches('`').count();
        // A bracket within code opens no link.
        let opens = |at: &usize| before.get(..*at).is_some_and(|b| (passed + b.matches('`').count()) % 2 == 0);
        let opening = before.rfind('[').filter(|_| !target.contains(char::is_whitespace)).filter(opens);
        if let Some((text, words)) = opening.and_then(|at| Some((before.get(..at)?, before.get(at + 1..)?))) {
            out.push_str(text);
            out.push_str(&lead(words, target));
        } else {
            out.push_str(&[before, "](", target, ")"].concat());
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Where the links of a page lead.
#[cfg(test)]
pub(crate) fn targets(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    led(page, |_, target| {
        found.push(target.to_owned());
        String::new()
    });
    found
}

/// Whether a link leads out to the web.
pub(crate) fn leads_out(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:")
}

/// The file that a page's link names, from the repository's root, and what follows it; none where it leads out of the
/// repository.
pub(crate) fn file_of(page: &Path, target: &str) -> Option<(PathBuf, String)> {
    let (file, place) = target.split_once('#').map_or((target, String::new()), |(f, p)| (f, format!("#{p}")));
    if file.is_empty() {
        return Some((page.to_owned(), place));
    }
    let mut out = PathBuf::new();
    for part in page.parent()?.join(file).components() {
        match part {
            Component::Normal(name) => out.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !out.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some((out, place))
}

/// The names under which a page's headings can be linked to, as forges and mdBook make them.
#[cfg(test)]
pub(crate) fn anchors(page: &str) -> Vec<String> {
    let (mut found, mut in_code) = (Vec::new(), false);
    for line in page.lines() {
        if fences(line) {
            in_code = !in_code;
        }
        let heading = line.trim_start_matches('#');
        if in_code || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        found.push(kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_of_code_alone() {
        let page = "See [a](a.md) and `x[0](no)` and [`b`](b.md#c).\n```text\n[no](no.md)\n```\n| [d](../d.md) |\n";
        assert_eq!(targets(page), ["a.md", "b.md#c", "../d.md"]);
        let led = led(page, |words, target| format!("<{words}|{target}>"));
        assert_eq!(led, "See <a|a.md> and `x[0](no)` and <`b`|b.md#c>.\n```text\n[no](no.md)\n```\n| <d|../d.md> |\n");
    }

    #[test]
    fn a_link_names_a_file_from_the_root_or_leads_out() {
        let of = |target| file_of(Path::new("docs/guides/a.md"), target).map(|(p, s)| (p.display().to_string(), s));
        assert_eq!(of("../x/b.md#p"), Some(("docs/x/b.md".to_owned(), "#p".to_owned())));
        assert_eq!(of("#p"), Some(("docs/guides/a.md".to_owned(), "#p".to_owned())));
        assert_eq!(of("../../../x"), None);
        assert_eq!(of("/etc"), None);
    }

    #[test]
    fn headings_have_the_names_that_forges_give_them() {
        let page = "# What a bundle holds\n## `trustwalk lab`: up!\n```\n# no\n```\n#no\n";
        assert_eq!(anchors(page), ["what-a-bundle-holds", "trustwalk-lab-up"]);
    }
}
