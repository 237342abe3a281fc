//! The least that a Rust program costs: what others' start-up is compared with.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    writeln!(std::io::stdout(), "hello")
}
