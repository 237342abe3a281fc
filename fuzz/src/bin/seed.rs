//! Writes each target's seeds and words where a guided run looks for them.
//!
//! Usage: `seed DIRECTORY`; seeds go to `DIRECTORY/corpus/TARGET`, words to `DIRECTORY/TARGET.dict`.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use trustwalk_fuzz::TARGETS;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: seed DIRECTORY")?);
    for target in TARGETS {
        let corpus = root.join("corpus").join(target.name);
        fs::create_dir_all(&corpus)?;
        for (at, seed) in (target.seeds)().iter().enumerate() {
            fs::write(corpus.join(format!("seed-{at:02}")), seed)?;
        }
        let mut words = String::new();
        for word in target.words {
            let hexadecimal = word.bytes().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "\\x{byte:02x}");
                text
            });
            writeln!(words, "\"{hexadecimal}\"")?;
        }
        fs::write(root.join(format!("{}.dict", target.name)), words)?;
    }
    Ok(())
}
