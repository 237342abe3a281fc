//! `tar` in a container, as `kubectl cp` calls it: `tar cf - PATH…` and `tar -xmf - -C DIR`.

use std::io::Read;

use tar::{Archive, Builder, EntryType, Header};
use trustwalk_lab_cluster::ExecResult;

use super::{
    files::{Entry, File, tidy},
    inside::{Shell, failed, reason},
};

/// What `tar` was told.
struct Order<'a> {
    create: bool,
    directory: &'a str,
    paths: Vec<&'a str>,
}

fn order(arguments: &[String]) -> Option<Order<'_>> {
    let mut order = Order { create: false, directory: "/", paths: Vec::new() };
    let mut extract = false;
    let mut words = arguments.iter().map(String::as_str).peekable();
    let mut first = true;
    while let Some(word) = words.next() {
        let flags = word.strip_prefix('-').filter(|rest| !rest.is_empty() && !rest.starts_with('-'));
        match flags.or_else(|| Some(word).filter(|_| first)) {
            Some("C") => order.directory = words.next()?,
            Some(letters) => {
                order.create |= letters.contains('c');
                extract |= letters.contains('x');
                if letters.ends_with('f') {
                    words.next_if_eq(&"-")?;
                }
            }
            None if word.starts_with("--") => {}
            None => order.paths.push(word),
        }
        first = false;
    }
    (order.create != extract).then_some(order)
}

/// Runs `tar`.
pub(super) fn run(shell: &Shell<'_>, arguments: &[String], stdin: &[u8]) -> ExecResult {
    match order(arguments) {
        Some(order) if order.create => create(shell, &order),
        Some(order) => extract(shell, &order, stdin),
        None => failed("tar: only `cf -` and `xf -` are known in the lab\n", 2),
    }
}

fn create(shell: &Shell<'_>, order: &Order<'_>) -> ExecResult {
    let container = shell.container;
    let mut result = ExecResult::default();
    let mut archive = Builder::new(Vec::new());
    for path in &order.paths {
        let whole = absolute(order.directory, path);
        let names = match container.files.entry(&whole) {
            Some(Entry::File(_)) => vec![whole.clone()],
            Some(Entry::Directory) => container.files.below(&whole),
            None => Vec::new(),
        };
        if path.starts_with('/') && result.stderr.is_empty() {
            result.stderr.extend(b"tar: Removing leading `/' from member names\n");
        }
        if names.is_empty() {
            result.stderr.extend(format!("tar: {path}: Cannot stat: No such file or directory\n").into_bytes());
            result.code = 2;
        }
        for name in names {
            if let Err(why) = add(shell, &mut archive, &name) {
                result.stderr.extend(format!("tar: {name}: Cannot open: {why}\n").into_bytes());
                result.code = 2;
            }
        }
    }
    result.stdout = archive.into_inner().unwrap_or_default();
    result
}

fn absolute(directory: &str, path: &str) -> String {
    if path.starts_with('/') { tidy(path) } else { tidy(&format!("{directory}/{path}")) }
}

fn add(shell: &Shell<'_>, archive: &mut Builder<Vec<u8>>, name: &str) -> Result<(), String> {
    let container = shell.container;
    let data = container.files.read(name, &container.user).map_err(|error| reason(error).to_owned())?;
    let mut header = Header::new_gnu();
    header.set_size(u64::try_from(data.len()).unwrap_or_default());
    header.set_mtime(u64::try_from(shell.now.as_second()).unwrap_or_default());
    header.set_mode(0o644);
    header.set_entry_type(EntryType::Regular);
    let member = name.trim_start_matches('/');
    archive.append_data(&mut header, member, data.as_slice()).map_err(|error| error.to_string())
}

fn extract(shell: &Shell<'_>, order: &Order<'_>, stdin: &[u8]) -> ExecResult {
    let unreadable = |error: &std::io::Error| failed(&format!("tar: {error}\n"), 2);
    let mut archive = Archive::new(stdin);
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return unreadable(&error),
    };
    for entry in entries {
        let read = entry.and_then(|mut entry| {
            let kind = entry.header().entry_type();
            let path = entry.path()?.to_string_lossy().into_owned();
            let mode = entry.header().mode().unwrap_or(0o644);
            let mut data = Vec::new();
            entry.read_to_end(&mut data)?;
            Ok((kind, path, mode, data))
        });
        let (kind, path, mode, data) = match read {
            Ok(read) => read,
            Err(error) => return unreadable(&error),
        };
        // A name that climbs out of the folder is no file of it.
        if kind != EntryType::Regular || path.split('/').any(|part| part == "..") {
            continue;
        }
        let user = &shell.container.user;
        let file = File { data, mode: mode & 0o777, uid: user.uid, gid: user.gid, modified: shell.now };
        let place = tidy(&format!("{}/{path}", order.directory));
        if let Err(why) = shell.container.files.write(&place, file) {
            return failed(&format!("tar: {path}: Cannot open: {why}\n"), 2);
        }
    }
    ExecResult::default()
}
