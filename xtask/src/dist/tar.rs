//! Tar files of which nothing but their content decides a byte: POSIX ustar (IEEE Std 1003.1, "pax", "ustar
//! Interchange Format"), entries in order of their paths, one time for all.

use anyhow::{Result, bail};

use super::entry::Entry;

/// Size of a header, and what content is filled up to.
const BLOCK: usize = 512;
/// Room for a name and for what stands before it.
const NAME: usize = 100;
const PREFIX: usize = 155;

/// A tar file of these entries, all of this time (seconds since 1970).
pub(crate) fn tar(entries: &[Entry], time: u64) -> Result<Vec<u8>> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut out = Vec::new();
    let mut last = None;
    for entry in sorted {
        if last == Some(&entry.path) {
            bail!("{} is there twice", entry.path);
        }
        last = Some(&entry.path);
        out.extend(header(entry, time)?);
        out.extend(&entry.bytes);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    }
    // The end is marked by two empty blocks.
    out.resize(out.len() + 2 * BLOCK, 0);
    Ok(out)
}

fn header(entry: &Entry, time: u64) -> Result<Vec<u8>> {
    let (prefix, name) = parted(&entry.path)?;
    let mut out = Vec::with_capacity(BLOCK);
    let field = |out: &mut Vec<u8>, text: &str, size: usize| {
        out.extend(text.bytes());
        out.resize(out.len() + size - text.len(), 0);
    };
    field(&mut out, name, NAME);
    for number in [entry.mode, entry.owner, entry.owner] {
        field(&mut out, &format!("{number:07o}"), 8);
    }
    let size = entry.bytes.len();
    if size >= 1 << 33 || time >= 1 << 33 {
        bail!("{} is too large or too late for a tar file", entry.path);
    }
    field(&mut out, &format!("{size:011o}"), 12);
    field(&mut out, &format!("{time:011o}"), 12);
    let before = out.len();
    field(&mut out, "        ", 8);
    let leads = entry.leads.as_deref().unwrap_or_default();
    if leads.contains('/') || leads.len() > NAME {
        bail!("{} leads to {leads}, which does not lie beside it", entry.path);
    }
    field(
        &mut out,
        if entry.is_folder() {
            "5"
        } else if leads.is_empty() {
            "0"
        } else {
            "2"
        },
        1,
    );
    field(&mut out, leads, NAME);
    field(&mut out, "ustar", 6);
    field(&mut out, "00", 2);
    // No names of users and groups, and no device.
    field(&mut out, "", 32 + 32 + 8 + 8);
    field(&mut out, prefix, PREFIX);
    out.resize(BLOCK, 0);
    let sum: u32 = out.iter().map(|b| u32::from(*b)).sum();
    out.splice(before..before + 8, format!("{sum:06o}\0 ").into_bytes());
    Ok(out)
}

/// What goes in the fields for the prefix and for the name.
fn parted(path: &str) -> Result<(&str, &str)> {
    if path.starts_with('/') || path.split('/').any(|part| part == "..") {
        bail!("{path} leads out of the package");
    }
    if path.len() <= NAME {
        return Ok(("", path));
    }
    let cuts = path.match_indices('/').filter_map(|(at, _)| path.split_at_checked(at));
    let fitting = cuts.map(|(prefix, rest)| (prefix, rest.trim_start_matches('/')));
    let mut fitting = fitting.filter(|(prefix, name)| prefix.len() <= PREFIX && name.len() <= NAME && !name.is_empty());
    fitting.next().ok_or_else(|| anyhow::anyhow!("{path} is too long for a tar file"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    fn listed(bytes: &[u8]) -> String {
        let mut child = Command::new("tar")
            .args(["--list", "--verbose", "--numeric-owner", "--utc", "--full-time", "--file", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success());
        String::from_utf8(out.stdout).unwrap()
    }

    #[test]
    fn the_tar_that_is_everywhere_reads_names_modes_owners_and_time() {
        let long = format!("{}/{}", "d".repeat(120), "n".repeat(90));
        let entries = [
            Entry::program("b/run", vec![7; 513]),
            Entry::folder("b", 0o700, 65532),
            Entry::file(long.clone(), "x"),
            Entry::link("b/stroll", "run"),
        ];
        let bytes = tar(&entries, 1_000_000_000).unwrap();
        let lines = listed(&bytes);
        let words: Vec<Vec<&str>> = lines.lines().map(|l| l.split_whitespace().collect()).collect();
        assert_eq!(words[0], ["drwx------", "65532/65532", "0", "2001-09-09", "01:46:40", "b/"]);
        assert_eq!(words[1], ["-rwxr-xr-x", "0/0", "513", "2001-09-09", "01:46:40", "b/run"]);
        assert_eq!(words[2][5..], ["b/stroll", "->", "run"]);
        assert_eq!(words[3], ["-rw-r--r--", "0/0", "1", "2001-09-09", "01:46:40", &long]);
    }

    #[test]
    fn order_of_entries_changes_no_byte() {
        let (a, b) = (Entry::file("a", "1"), Entry::file("b", "2"));
        assert_eq!(tar(&[a.clone(), b.clone()], 0).unwrap(), tar(&[b, a], 0).unwrap());
    }

    #[test]
    fn nothing_leads_out_of_a_package_or_is_there_twice() {
        for path in ["/etc/passwd", "a/../../b", &"n".repeat(300)] {
            assert!(tar(&[Entry::file(path, "")], 0).is_err(), "{path}");
        }
        assert!(tar(&[Entry::file("a", "1"), Entry::file("a", "2")], 0).is_err());
        assert!(tar(&[Entry::link("a", "../b")], 0).is_err());
    }
}
