//! A terminal for a program under test: a pseudo-terminal of a size, and what a VT100 shows of what was written to it.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Command;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Rows that are looked at: more than any report has.
const ROWS: u16 = 600;

/// What was shown.
pub(crate) struct Screen {
    /// Exit code.
    pub code: Option<i32>,
    /// As it was written.
    pub bytes: Vec<u8>,
    /// Which rows go on in the next one, for they were too long for the terminal.
    pub wrapped: Vec<bool>,
    /// Row by row, as a terminal of that width shows it, without the empty ones at the end.
    pub rows: Vec<String>,
}

impl Screen {
    /// All rows.
    pub(crate) fn text(&self) -> String {
        self.rows.join("\n")
    }

    /// The last row.
    pub(crate) fn last(&self) -> &str {
        self.rows.last().map_or("", String::as_str)
    }
}

/// Runs a program on a terminal, on which somebody has typed ahead.
pub(crate) fn on_screen(command: &mut Command, (columns, rows): (u16, u16), typed: &str) -> Screen {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let flags = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).unwrap();
    let slave = OpenOptions::new().read(true).write(true).custom_flags(flags).open(name).unwrap();
    tcsetwinsize(&slave, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let mut master = File::from(master);
    master.write_all(typed.as_bytes()).unwrap();
    let end = || OwnedFd::from(slave.try_clone().unwrap());
    let mut child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
    // The end is told once nobody has the terminal open any more, the command's own copies included.
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    drop(slave);
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = master.read(&mut chunk) {
        bytes.extend_from_slice(&chunk[..read]);
    }
    let code = child.wait().unwrap().code();
    let mut parser = vt100::Parser::new(NonZero::new(ROWS).unwrap(), NonZero::new(columns).unwrap(), 0);
    parser.process(&bytes);
    let mut rows: Vec<String> = parser.screen().rows(0, columns).map(|row| row.trim_end().to_owned()).collect();
    let used = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
    rows.truncate(used);
    let wrapped = (0..).map(|row| parser.screen().row_wrapped(row)).take(used).collect();
    Screen { code, bytes, wrapped, rows }
}

/// The variables of a terminal as most people have it.
pub(crate) fn usual(command: &mut Command) -> &mut Command {
    let asked = ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "LC_ALL", "LC_CTYPE", "PAGER", "LESS"];
    for name in asked {
        command.env_remove(name);
    }
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").env("TRUSTWALK_PAGER", "cat")
}
