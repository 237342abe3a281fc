//! Compressed files of which nothing but their content decides a byte: gzip (RFC 1952) and zip (APPNOTE 6.3.10).

use anyhow::{Context as _, Result};
use miniz_oxide::deflate::compress_to_vec;

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

/// A gzip file, without name and time.
pub(crate) fn gzip(bytes: &[u8], effort: Effort) -> Vec<u8> {
    // Magic number, method 8, no flags, no time, no extra flags, unknown operating system.
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    out.extend(compress_to_vec(bytes, effort.level()));
    out.extend(crc32fast::hash(bytes).to_le_bytes());
    // The length modulo 2^32, as the format has it.
    #[expect(clippy::cast_possible_truncation, reason = "RFC 1952 defines ISIZE modulo 2^32")]
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}

/// The time of all entries of a zip file: 1 January 1980, the earliest that the format knows.
const DOS_TIME: [u8; 4] = [0, 0, 0x21, 0];
/// Version 2.0 of the format, which is what deflate wants.
const NEEDS: u16 = 20;
/// Written as by a Unix (3), so that the permission bits count.
const MADE_BY: u16 = 3 << 8 | NEEDS;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;

/// A zip file of these entries, in their order; folders are left out, as they follow from the files.
pub(crate) fn zip(entries: &[Entry], effort: Effort) -> Result<Vec<u8>> {
    let (mut out, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u16);
    for entry in entries.iter().filter(|e| !e.is_folder()) {
        let at = u32::try_from(out.len()).context("too much for a zip file")?;
        let packed = compress_to_vec(&entry.bytes, effort.level());
        let mut common = Vec::new();
        common.extend([NEEDS, FLAGS, 8].iter().flat_map(|n| n.to_le_bytes()));
        common.extend(DOS_TIME);
        common.extend(crc32fast::hash(&entry.bytes).to_le_bytes());
        for size in [packed.len(), entry.bytes.len()] {
            common.extend(u32::try_from(size).context("too large for a zip file")?.to_le_bytes());
        }
        common.extend(u16::try_from(entry.path.len()).context("too long a name")?.to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(entry.path.as_bytes());
        out.extend(packed);
        directory.extend(b"PK\x01\x02");
        directory.extend(MADE_BY.to_le_bytes());
        directory.extend(&common);
        // No comment, the first disk, no internal attributes.
        directory.extend([0_u8; 6]);
        // A regular file (0100000) with its permission bits, in the upper half.
        directory.extend(((0o100_000 | entry.mode) << 16).to_le_bytes());
        directory.extend(at.to_le_bytes());
        directory.extend(entry.path.as_bytes());
        count = count.checked_add(1).context("too many files for a zip file")?;
    }
    let start = u32::try_from(out.len()).context("too much for a zip file")?;
    let size = u32::try_from(directory.len())?;
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].iter().flat_map(|n| n.to_le_bytes()));
    out.extend([size, start].iter().flat_map(|n| n.to_le_bytes()));
    out.extend([0, 0]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn gzip_reads_what_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let text = "a line\n".repeat(40_000);
        for effort in [Effort::Most, Effort::Least] {
            let path = dir.path().join("t.gz");
            std::fs::write(&path, gzip(text.as_bytes(), effort)).unwrap();
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
                       print([(i.filename, oct(i.external_attr >> 16), i.file_size,
                           i.date_time) for i in z.infolist()])";
        let out = Command::new("python3").args(["-c", program]).arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let day = "(1980, 1, 1, 0, 0, 0)";
        let wanted = format!("[('d/run', '0o100755', 70000, {day}), ('ü.txt', '0o100644', 6, {day})]");
        assert_eq!(said.trim(), wanted);
    }
}
