//! Archives of which nothing but their content decides a byte: tar, gzip and zip, with one time for all entries,
//! without names of people and machines. Which processor compresses changes nothing (zlib-rs hashes alike on all of
//! them).

use std::io::{Cursor, Write as _};

use anyhow::{Context as _, Result, bail};
use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::entry::Entry;

/// How hard to compress: the most for what is published, the least where only the form matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// For what people fetch.
    Most,
    /// For a look.
    Least,
}

impl Effort {
    fn level(self) -> u8 {
        match self {
            Self::Most => 9,
            Self::Least => 1,
        }
    }
}

/// A tar file of these entries, all of this time (seconds since 1970), in order of their paths.
pub(crate) fn tar(entries: &[Entry], time: u64) -> Result<Vec<u8>> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut out = tar::Builder::new(Vec::new());
    let mut last = None;
    for entry in sorted {
        if last == Some(&entry.path) {
            bail!("{} is there twice", entry.path);
        }
        last = Some(&entry.path);
        let header = header(entry, time).with_context(|| format!("{} does not go into a tar file", entry.path))?;
        out.append(&header, entry.bytes.as_slice())?;
    }
    Ok(out.into_inner()?)
}

fn header(entry: &Entry, time: u64) -> Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(&entry.path)?;
    header.set_mode(entry.mode);
    header.set_uid(entry.owner.into());
    header.set_gid(entry.owner.into());
    header.set_size(entry.bytes.len() as u64);
    header.set_mtime(time);
    let kind = match &entry.leads {
        Some(leads) => {
            if leads.contains('/') {
                bail!("it leads to {leads}, which does not lie beside it");
            }
            header.set_link_name(leads)?;
            EntryType::Symlink
        }
        None if entry.is_folder() => EntryType::Directory,
        None => EntryType::Regular,
    };
    header.set_entry_type(kind);
    header.set_cksum();
    Ok(header)
}

/// A gzip file, without name and time.
pub(crate) fn gzip(bytes: &[u8], effort: Effort) -> Result<Vec<u8>> {
    // 255 is "unknown" among the systems that may have made it (RFC 1952, 2.3.1).
    let mut out =
        GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::new(effort.level().into()));
    out.write_all(bytes)?;
    Ok(out.finish()?)
}

/// A zip file of these entries, in their order, all of 1 January 1980, the earliest day that the format knows; folders
/// are left out, as they follow from the files.
pub(crate) fn zip(entries: &[Entry], effort: Effort) -> Result<Vec<u8>> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    let form = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(effort.level().into()))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix);
    for entry in entries.iter().filter(|e| !e.is_folder()) {
        out.start_file(&entry.path, form.unix_permissions(entry.mode))?;
        out.write_all(&entry.bytes)?;
    }
    Ok(out.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
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

    #[test]
    fn gzip_reads_what_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let text = "a line\n".repeat(40_000);
        for effort in [Effort::Most, Effort::Least] {
            let path = dir.path().join("t.gz");
            std::fs::write(&path, gzip(text.as_bytes(), effort).unwrap()).unwrap();
            let out = Command::new("gzip").args(["--decompress", "--stdout"]).arg(&path).output().unwrap();
            assert!(out.status.success() && out.stdout == text.as_bytes());
        }
    }

    #[test]
    fn python_reads_names_modes_and_content_of_a_zip() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.zip");
        let entries =
            [Entry::program("d/run", vec![9; 70_000]), Entry::folder("d", 0o755, 0), Entry::file("ü.txt", "umlaut")];
        std::fs::write(&path, zip(&entries, Effort::Least).unwrap()).unwrap();
        let program = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
                       print([(i.filename, oct(i.external_attr >> 16), i.file_size, i.date_time)\n\
                       for i in z.infolist()])";
        let out = Command::new("python3").args(["-c", program]).arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let day = "(1980, 1, 1, 0, 0, 0)";
        let wanted = format!("[('d/run', '0o100755', 70000, {day}), ('ü.txt', '0o100644', 6, {day})]");
        assert_eq!(said.trim(), wanted);
    }
}
