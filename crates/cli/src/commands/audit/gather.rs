//! What is audited, from files and folders. One that cannot be read is told, and the rest is read.

use std::path::{Path, PathBuf};

use anyhow::bail;
use trustwalk_audit::{Inventory, Reader, Seen, limits};
use trustwalk_collect::bundle::unpacked;
use trustwalk_collect::folders::files_below;

use crate::args::AuditArgs;

/// Names of files in folders that may be answers of IAM or events.
const ENDINGS: [&str; 4] = [".json", ".json.gz", ".jsonl", ".jsonl.gz"];

/// Everything that the files hold.
pub(super) fn inventory(args: &AuditArgs) -> anyhow::Result<Inventory> {
    let mut reader = Reader::new();
    let mut read = 0_usize;
    for given in args.authorization_details.iter().chain(&args.providers).chain(&args.files) {
        for path in listed(given, &mut reader) {
            let name = path.display().to_string();
            match text(&path) {
                Ok(text) => {
                    read += 1;
                    let useful = reader.read(&name, &text);
                    // In a folder other files may lie beside.
                    if !useful && path == *given {
                        reader.could_not_read(&name, "it holds no role, no provider and no policy");
                    }
                }
                Err(why) => reader.could_not_read(&name, why),
            }
        }
    }
    let inventory = reader.finish();
    if read == 0 {
        let why = inventory.unread.first().map(|u| format!("{}: {}", u.what, u.why)).unwrap_or_default();
        bail!("no file could be read; {why}");
    }
    Ok(inventory)
}

/// Everybody who was seen. What cannot be read here ends the run: whom it would show would be shut out.
pub(super) fn seen(given: &[PathBuf]) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    for path in given {
        let (files, more) = files_below(path, &ENDINGS, limits::FOLDER_DEPTH, limits::FILES)?;
        if more {
            bail!("`{}` has more files, or folders in folders, than are read", path.display());
        }
        for file in files {
            let wrong = |why: String| anyhow::anyhow!("`{}` cannot be read: {why}", file.display());
            seen.read(&text(&file).map_err(wrong)?).map_err(wrong)?;
        }
    }
    Ok(seen)
}

fn listed(given: &Path, reader: &mut Reader) -> Vec<PathBuf> {
    match files_below(given, &ENDINGS, limits::FOLDER_DEPTH, limits::FILES) {
        Ok((files, more)) => {
            if more {
                reader.could_not_read(&given.display().to_string(), "it has more files than are read");
            }
            files
        }
        Err(error) => {
            reader.could_not_read(&given.display().to_string(), chain(&error));
            Vec::new()
        }
    }
}

/// A file's text, unpacked.
fn text(path: &Path) -> Result<String, String> {
    String::from_utf8(unpacked(bytes(path, limits::FILE_BYTES)?)?).map_err(|_| "it is not UTF-8".to_owned())
}

/// A file's bytes; of `-`, those of standard input.
pub(super) fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    if path.as_os_str() != "-" {
        return trustwalk_collect::read_up_to(path, limit).map_err(|e| chain(&e));
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(limit + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > limit { Err(format!("it has more than {limit} bytes")) } else { Ok(bytes) }
}

/// An error and its reasons.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
