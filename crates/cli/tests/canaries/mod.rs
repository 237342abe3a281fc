//! No secret that was planted comes out again, in any format: of files, of clusters and accounts that repeat what
//! they were sent, of programs that print it, and of addresses in which it stands.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod answers;
mod apis;
mod programs;
mod repairs;
mod server;
mod texts;

use std::cell::RefCell;
use std::path::Path;
use std::process::{Command, Output};

/// What every planted secret ends with; nothing else has it.
const MARK: &str = "kV3xW9bN4mT8";
/// The same in what holds capitals and digits alone.
const CAPITALS: &str = "KV3XW9BN4MT8";

/// A secret that tells where it was planted.
fn canary(place: &str) -> String {
    [place, "Zq7", MARK].concat()
}

/// Shaped as a token is, and none: nobody signed it.
fn token(place: &str, claims: &serde_json::Value) -> String {
    use base64::Engine as _;
    let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let head = part(r#"{"alg":"RS256","kid":"k","typ":"JWT"}"#);
    format!("{head}.{}.{}", part(&claims.to_string()), canary(place).repeat(12))
}

/// Words of somebody else's with secrets of several kinds, each as such words have it.
fn echo(place: &str) -> String {
    let own = canary(place);
    let jwt = token(place, &serde_json::json!({"iss": "https://i.example"}));
    let key = ["AK", "IA", "ZQ7A", CAPITALS].concat();
    [
        format!("request had Authorization: Bearer {jwt} and Cookie: sid={own}"),
        format!("of https://bob:{own}@h.example/x?access_token={own}&y=1"),
        format!("with {{\"password\":\"{own}\",\"client_secret\": \"{own}\"}}"),
        format!("key {key} and secret_access_key={own}"),
        format!("Value '{own}' at 'webIdentityToken' failed to satisfy constraint"),
        format!("X-Amz-Security-Token:{own}"),
        format!("Authorization: Basic {own}"),
    ]
    .join("; ")
}

/// The planted secrets in what came out, each with what came before it.
fn leaks(what: &str, text: &str) -> Vec<String> {
    let found = [MARK, CAPITALS].iter().flat_map(|mark| text.match_indices(mark));
    let told = found.map(|(at, mark)| {
        let from = (0..=at.saturating_sub(120)).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        format!("{what}: {}", text.get(from..at + mark.len()).unwrap_or_default())
    });
    // A token has its secret many times.
    told.take(6).collect()
}

/// A folder of a user's own, and what trustwalk does there.
struct Place {
    dir: tempfile::TempDir,
    variables: Vec<(String, String)>,
    leaks: RefCell<Vec<String>>,
}

impl Drop for Place {
    /// All of them at once: each run of the program takes its time.
    fn drop(&mut self) {
        let leaks = self.leaks.take();
        assert!(std::thread::panicking() || leaks.is_empty(), "secrets came out:\n{}", leaks.join("\n---\n"));
    }
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), variables: Vec::new(), leaks: RefCell::default() }
    }

    /// Looks for secrets in a text.
    fn look(&self, what: &str, text: &str) {
        self.leaks.borrow_mut().extend(leaks(what, text));
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_trustwalk"))
            .args(words)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_MAX_ATTEMPTS", "1")
            .envs(self.variables.iter().map(|(k, v)| (k, v)))
            .output()
            .unwrap()
    }

    /// Runs, looks for secrets on both streams, and gives both.
    #[track_caller]
    fn clean(&self, words: &[&str]) -> String {
        let out = self.run(words);
        let text: String = [out.stdout, out.stderr].iter().map(|b| String::from_utf8_lossy(b).into_owned()).collect();
        assert!(!text.contains("panicked"), "{words:?}: {text}");
        self.look(&words.join(" "), &text);
        text
    }

    /// The same for every way to look at a target, and for what is written of it.
    #[track_caller]
    fn clean_in_every_format(&self, target: &[&str]) -> String {
        let mut all = String::new();
        for words in [
            &["diagnose"][..],
            &["diagnose", "-v"],
            &["diagnose", "-o", "short"],
            &["diagnose", "-o", "json"],
            &["collect", "-o", "-"],
            &["collect", "--overwrite", "-o", "bundle.json"],
            &["fix"],
            &["fix", "-o", "json"],
            &["fix", "--approve", "--receipt", "receipt.json"],
        ] {
            all += &self.clean(&[words, target].concat());
        }
        for name in ["bundle.json", "receipt.json"] {
            self.look(name, &std::fs::read_to_string(self.path().join(name)).unwrap_or_default());
        }
        all
    }
}
