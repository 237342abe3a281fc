//! Commands that ask about files and change them: `test`, `touch`, `mkdir`, `rm`.

use trustwalk_lab_cluster::ExecResult;

use super::{
    files::{Entry, File},
    inside::{Shell, failed},
};

/// `test EXPRESSION`, `[ EXPRESSION ]`: one condition, perhaps negated (POSIX, "test").
pub(super) fn test(shell: &Shell<'_>, arguments: &[String]) -> ExecResult {
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "]").collect();
    let (negated, words) = match words.as_slice() {
        ["!", rest @ ..] => (true, rest),
        all => (false, all),
    };
    let holds = match words {
        [] => Some(false),
        [text] => Some(!text.is_empty()),
        [flag, operand] => unary(shell, flag, operand),
        [left, operator, right] => binary(left, operator, right),
        _ => None,
    };
    match holds {
        Some(holds) if holds != negated => ExecResult::default(),
        Some(_) => failed("", 1),
        None => failed("sh: test: unknown operand\n", 2),
    }
}

fn unary(shell: &Shell<'_>, flag: &str, operand: &str) -> Option<bool> {
    let container = shell.container;
    let entry = || container.files.entry(operand);
    Some(match flag {
        "-n" => !operand.is_empty(),
        "-z" => operand.is_empty(),
        "-e" => entry().is_some(),
        "-d" => matches!(entry(), Some(Entry::Directory)),
        "-f" => matches!(entry(), Some(Entry::File(_))),
        "-r" => entry().is_some() && container.files.read(operand, &container.user).is_ok(),
        "-s" => matches!(entry(), Some(Entry::File(file)) if !file.data.is_empty()),
        _ => return None,
    })
}

fn binary(left: &str, operator: &str, right: &str) -> Option<bool> {
    let numbers = || Some((left.parse::<i64>().ok()?, right.parse::<i64>().ok()?));
    Some(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "-eq" => numbers().is_some_and(|(a, b)| a == b),
        "-ne" => numbers().is_some_and(|(a, b)| a != b),
        "-lt" => numbers().is_some_and(|(a, b)| a < b),
        "-le" => numbers().is_some_and(|(a, b)| a <= b),
        "-gt" => numbers().is_some_and(|(a, b)| a > b),
        "-ge" => numbers().is_some_and(|(a, b)| a >= b),
        _ => return None,
    })
}

/// Writes bytes into a file, behind what it holds already or in its place.
pub(super) fn write(shell: &Shell<'_>, path: &str, data: Vec<u8>, append: bool) -> Result<(), &'static str> {
    let container = shell.container;
    if path == "/dev/null" {
        return Ok(());
    }
    let mut all = if append { container.files.read(path, &container.user).unwrap_or_default() } else { Vec::new() };
    all.extend(data);
    let (uid, gid) = (container.user.uid, container.user.gid);
    container.files.write(path, File { data: all, mode: 0o644, uid, gid, modified: shell.now })
}

/// `touch`, `mkdir` and `rm`.
pub(super) fn change(shell: &Shell<'_>, name: &str, arguments: &[String]) -> ExecResult {
    let files = &shell.container.files;
    let mut result = ExecResult::default();
    let forced = arguments.iter().any(|word| word.starts_with('-') && word.contains(['f', 'p']));
    for path in arguments.iter().filter(|word| !word.starts_with('-')) {
        let done = match name {
            "touch" => write(shell, path, Vec::new(), true),
            "mkdir" if files.entry(path).is_some() && !forced => Err("File exists"),
            "mkdir" => files.make_directory(path),
            _ if path.trim_matches('/').is_empty() => Err("it is dangerous to operate recursively on the root"),
            _ if files.remove(path) || forced => Ok(()),
            _ if files.entry(path).is_some() => Err("Read-only file system"),
            _ => Err("No such file or directory"),
        };
        if let Err(why) = done {
            result.stderr.extend(format!("{name}: {path}: {why}\n").into_bytes());
            result.code = 1;
        }
    }
    result
}
