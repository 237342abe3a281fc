//! What people get: the program that these tests built, packed as a release is, and used as each package is.
//!
//! The program is a debug one and dynamic; a release packs a static one with the same packer.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The time that these packages have.
const EPOCH: &str = "1000000000";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn target() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

#[track_caller]
fn succeed(out: &Output) -> String {
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{}{said}{}", out.status, String::from_utf8_lossy(&out.stderr));
    said
}

#[track_caller]
fn run(program: impl AsRef<std::ffi::OsStr>, words: &[&str]) -> String {
    succeed(&Command::new(program).args(words).output().unwrap())
}

/// The program, as cargo has it for this profile: built where it is not there, without the debugging information that
/// nobody packs.
fn program(into: &Path) -> PathBuf {
    let words = ["build", "--package", "trustwalk", "--message-format", "json", "--quiet"];
    let out = Command::new(env!("CARGO")).args(words).current_dir(root()).output().unwrap();
    let messages = succeed(&out);
    let built = messages.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok());
    let built = built.filter_map(|m| m.get("executable")?.as_str().map(PathBuf::from)).next_back().unwrap();
    let stripped = into.join("trustwalk");
    let strip = Command::new("strip").arg("-o").args([&stripped, &built]).status();
    if !strip.is_ok_and(|s| s.success()) {
        std::fs::copy(&built, &stripped).unwrap();
    }
    stripped
}

fn xtask(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).arg("dist").args(words).env("SOURCE_DATE_EPOCH", EPOCH).output().unwrap()
}

/// Packages of the program, made once for the tests of one process.
struct Packed {
    dir: tempfile::TempDir,
}

impl Packed {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = program(dir.path());
        let out = dir.path().join("packages");
        let (program, out) = (program.to_str().unwrap(), out.to_str().unwrap());
        let words = ["--quick", "--libraries", "--target", &target(), "--program", program, "--out", out];
        let said = succeed(&xtask(&words));
        assert!(said.contains("it needs glibc"), "{said}");
        Self { dir }
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("packages")
    }

    /// The package whose name ends so.
    fn package(&self, ending: &str) -> PathBuf {
        let all = std::fs::read_dir(self.folder()).unwrap().map(|e| e.unwrap().path());
        all.filter(|p| p.is_file()).find(|p| p.to_string_lossy().ends_with(ending)).unwrap()
    }
}

fn version() -> String {
    format!("trustwalk {}", env!("CARGO_PKG_VERSION"))
}

/// One test, since packing takes most of the time: each part is a package that is used as people use it.
#[test]
fn packages_are_whole_and_start_where_people_put_them() {
    let packed = Packed::new();
    sums_fit(&packed);
    an_archive_is_laid_out(&packed);
    a_wheel_is_installed(&packed);
    parts_are_listed(&packed);
    an_image_runs(&packed);
    a_release_is_gathered_signed_and_checked(&packed);
}

fn sums_fit(packed: &Packed) {
    let out = Command::new("sha256sum").args(["--check", "SHA256SUMS"]).current_dir(packed.folder()).output().unwrap();
    let said = succeed(&out);
    for ending in [".tar.gz: OK", ".whl: OK", ".cdx.json: OK"] {
        assert!(said.contains(ending), "{said}");
    }
}

fn an_archive_is_laid_out(packed: &Packed) {
    let archive = packed.package(".tar.gz");
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().to_str().unwrap();
    run("tar", &["-xzf", archive.to_str().unwrap(), "-C", place, "--strip-components", "1"]);
    assert_eq!(run(dir.path().join("trustwalk"), &["--version"]).trim(), version());
    for name in ["LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY.txt", "README.md", "kubectl_complete-trustwalk"] {
        assert!(dir.path().join(name).is_file(), "{name}");
    }
    let bash = dir.path().join("share/bash-completion/completions/trustwalk");
    run("bash", &["-n", bash.to_str().unwrap()]);
    // Of each crate in the program, the text of its licence: of rustls's, the holder of its rights.
    let parties = std::fs::read_to_string(dir.path().join("THIRD-PARTY.txt")).unwrap();
    assert!(parties.contains("\nrustls 0.") && parties.contains("Joseph Birr-Pixton"), "{parties:.2000}");
    let man = dir.path().join("share/man/man1");
    assert!(std::fs::read_dir(man).unwrap().count() > 5);
    // As kubectl calls it while a shell completes a word: candidates, and at the end cobra's directive.
    let completed = run(dir.path().join("kubectl_complete-trustwalk"), &["explain", "TW00"]);
    assert!(completed.contains("TW007") && completed.lines().last().is_some_and(|l| l.starts_with(':')), "{completed}");
}

fn a_wheel_is_installed(packed: &Packed) {
    let wheel = packed.package(".whl");
    let dir = tempfile::tempdir().unwrap();
    let venv = dir.path().join("venv");
    run("python3", &["-m", "venv", "--without-pip", venv.to_str().unwrap()]);
    let python = venv.join("bin/python");
    let pip = ["-m", "pip", "--quiet", "--disable-pip-version-check", "--python", python.to_str().unwrap(), "install"];
    run("python3", &[&pip[..], &["--no-index", "--no-deps", wheel.to_str().unwrap()]].concat());
    // As a new user has it: this and nothing else, no cluster, no account, no home.
    let out = Command::new(venv.join("bin/trustwalk")).args(["explain", "TW007"]).env_clear().output().unwrap();
    assert!(succeed(&out).contains("thumbprint-mismatch"));
    let shown = "from importlib.metadata import metadata as m; d = m('trustwalk'); print(d['Version'], \
                 d['License-Expression'])";
    let told = run(&python, &["-c", shown]);
    assert_eq!(told.trim(), format!("{} Apache-2.0 OR MIT", env!("CARGO_PKG_VERSION")));
}

/// The list of parts is valid by the schema of `CycloneDX`, and names those that are in the program and no others.
fn parts_are_listed(packed: &Packed) {
    let path = packed.package(".cdx.json");
    let list: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let names: Vec<&str> = list["components"].as_array().unwrap().iter().filter_map(|c| c["name"].as_str()).collect();
    for (name, is) in [("rustls", true), ("trustwalk-core", true), ("proptest", false), ("trustwalk-testkit", false)] {
        assert_eq!(names.contains(&name), is, "{name}");
    }
    let Some(tools) = std::env::var_os("TRUSTWALK_TOOLS") else { return };
    let program = "import sys\nfrom cyclonedx.schema import SchemaVersion\n\
                   from cyclonedx.validation.json import JsonStrictValidator\n\
                   e = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())\nsys.exit(str(e) \
                   if e else 0)";
    run(Path::new(&tools).join("python"), &["-c", program, path.to_str().unwrap()]);
}

/// Unpacks the image's layers as a container's engine does, one over the other.
fn unpacked(layout: &Path, into: &Path) -> Value {
    let blob = |digest: &Value| layout.join("blobs").join(digest.as_str().unwrap().replace(':', "/"));
    let read = |path: PathBuf| -> Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
    let index = read(layout.join("index.json"));
    let manifest = read(blob(&index["manifests"][0]["digest"]));
    for layer in manifest["layers"].as_array().unwrap() {
        let (layer, into) = (blob(&layer["digest"]), into.to_str().unwrap());
        run("tar", &["-xzf", layer.to_str().unwrap(), "-C", into, "--same-permissions", "--no-same-owner"]);
    }
    read(blob(&manifest["config"]["digest"]))
}

/// In the image's root, which cannot be written to, as the image's user, who has no rights and no new ones.
fn an_image_runs(packed: &Packed) {
    let layout = packed.folder().join(format!("oci-{}", if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }));
    let dir = tempfile::tempdir().unwrap();
    let config = unpacked(&layout, dir.path());
    let user = config["config"]["User"].as_str().unwrap();
    assert_eq!(user, "65532:65532");
    let entry = config["config"]["Entrypoint"][0].as_str().unwrap();
    for shell in ["bin/sh", "usr/bin/sh", "bin/bash"] {
        assert!(!dir.path().join(shell).exists(), "{shell}");
    }
    let authorities = std::fs::read_to_string(dir.path().join("etc/ssl/certs/ca-certificates.crt")).unwrap();
    assert!(authorities.matches("BEGIN CERTIFICATE").count() > 100);
    let root = dir.path().to_str().unwrap();
    let script = "mount --rbind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && shift 2>/dev/null && \
                  exec unshare --user --map-user=65532 --map-group=65532 --root=\"$ROOT\" \"$@\"";
    let contained = |words: &[&str]| {
        let unshare = ["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", root, entry];
        let mut command = Command::new("unshare");
        command.args(unshare).args(words).env_clear().env("ROOT", root).env("PATH", std::env::var_os("PATH").unwrap());
        command.output().unwrap()
    };
    if !Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "true"])
        .output()
        .is_ok_and(|o| o.status.success())
    {
        // The nearest: its own loader, where the kernel lets nobody have a root of their own.
        let told = run(dir.path().join(entry.trim_start_matches('/')), &["--version"]);
        return assert_eq!(told.trim(), version());
    }
    assert_eq!(succeed(&contained(&["--version"])).trim(), version());
    assert!(succeed(&contained(&["explain", "TW007"])).contains("thumbprint-mismatch"));
    // What it would write, it cannot: it says so, and what it cannot look up, it says too.
    let refused = contained(&["collect", "--role", "arn:aws:iam::111122223333:role/x", "-o", "/home/nonroot/b.json"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("Read-only file system"), "{said}");
}

fn a_release_is_gathered_signed_and_checked(packed: &Packed) {
    let folder = packed.folder();
    let key = packed.dir.path().join("key");
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "throwaway", "-f", key.to_str().unwrap()]);
    let words = ["--gather", folder.to_str().unwrap(), "--key", key.to_str().unwrap()];
    succeed(&xtask(&[&words[..], &["--repository", "https://forge.example/o/trustwalk"]].concat()));
    let files: BTreeMap<String, u64> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap())
        .map(|e| (e.file_name().to_string_lossy().into_owned(), e.metadata().unwrap().len()))
        .collect();
    for name in ["trustwalk.yaml", "trustwalk.rb", "SHA256SUMS", "SHA256SUMS.sig"] {
        assert!(files.contains_key(name), "{name} in {files:?}");
    }
    assert!(files.keys().any(|n| n.ends_with(".oci.tar")) && !files.keys().any(|n| n.starts_with("oci-")), "{files:?}");
    sums_fit(packed);
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    let maintainers = packed.dir.path().join("maintainers");
    std::fs::write(&maintainers, format!("somebody {public}")).unwrap();
    let verified = |file: &str| {
        let sums = std::fs::File::open(folder.join(file)).unwrap();
        let words = ["-Y", "verify", "-n", "trustwalk-release", "-I", "somebody", "-s", "SHA256SUMS.sig", "-f"];
        let mut command = Command::new("ssh-keygen");
        command.args(words).arg(&maintainers).stdin(sums).current_dir(&folder);
        command.output().unwrap().status.success()
    };
    assert!(verified("SHA256SUMS"));
    let sums = std::fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    std::fs::write(folder.join("changed"), sums.replacen('0', "1", 1)).unwrap();
    assert!(!verified("changed"));
}

/// As a registry takes them: each with what it says of itself, its licences, and everything that it is made of.
#[test]
fn every_crate_that_is_published_can_be_packed() {
    let cargo =
        |words: &[&str]| succeed(&Command::new(env!("CARGO")).args(words).current_dir(root()).output().unwrap());
    let metadata = cargo(&["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let into = dir.path().to_str().unwrap();
    let mut words = vec!["package", "--workspace", "--offline", "--no-verify", "--allow-dirty", "--target-dir", into];
    let (own, ours): (Vec<&Value>, Vec<&Value>) =
        metadata["packages"].as_array().unwrap().iter().partition(|p| p["publish"].as_array().is_some());
    words.extend(own.iter().flat_map(|p| ["--exclude", p["name"].as_str().unwrap()]));
    cargo(&words);
    for one in ours {
        let name = one["name"].as_str().unwrap();
        for what in ["description", "license", "rust_version", "documentation"] {
            assert!(one[what].is_string(), "{name} has no {what}");
        }
        for what in ["keywords", "categories"] {
            assert!(one[what].as_array().is_some_and(|all| !all.is_empty() && all.len() <= 5), "{name}: {what}");
        }
        let packed = dir.path().join(format!("package/{name}-{}.crate", env!("CARGO_PKG_VERSION")));
        let listed = run("tar", &["-tzf", packed.to_str().unwrap()]);
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            assert!(listed.contains(&format!("/{licence}\n")), "{name} has no {licence}");
        }
    }
}

#[test]
fn what_is_not_the_program_of_this_version_is_not_packed() {
    let dir = tempfile::tempdir().unwrap();
    let other = dir.path().join("other");
    std::fs::write(&other, "#!/bin/sh\necho trustwalk 9.9.9\n").unwrap();
    std::fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let out = dir.path().join("packages");
    for (program, said) in [("/no/such/program", "/no/such/program"), (other.to_str().unwrap(), "trustwalk 9.9.9")] {
        let words = ["--program", program, "--out", out.to_str().unwrap(), "--target", &target()];
        let refused = xtask(&words);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && told.contains(said), "{told}");
        assert!(!out.exists());
    }
}
