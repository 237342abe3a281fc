//! A bundle: all evidence of a run in one versioned file, which says what it holds. Tokens and credentials have no
//! place in evidence; of what other people write only what questions ask for is kept, and that redacted.

mod gathering;
mod layout;
mod spool;

pub use gathering::Gathering;

use std::io::{self, Read as _};
use std::path::Path;

use serde::Serialize;
use trustwalk_core::bundle;
use trustwalk_core::evidence::{Evidence, Holds, Settler, Tables};

use crate::error::CollectError;
use crate::files::{read_bounded, write_private};
use crate::limits::FILE_BYTES;
use crate::walk::Taker;
use spool::Lines;

/// The trustwalk of this build.
const TOOL: &str = concat!("trustwalk ", env!("CARGO_PKG_VERSION"));

/// Evidence as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bundle {
    /// Format version.
    pub version: u32,
    /// The trustwalk that wrote it.
    pub tool: String,
    /// What of other people's text it holds, counted.
    pub holds: Holds,
    /// What identities share, each thing once.
    shared: Tables,
    /// One entry per identity.
    identities: Lines,
}

impl Bundle {
    /// A bundle of this build.
    pub fn new(evidence: Vec<Evidence>) -> io::Result<Self> {
        let (mut settler, mut gathering) = (Settler::default(), Gathering::default());
        for one in evidence {
            gathering.add(settler.settle(one))?;
        }
        gathering.bundle()
    }

    /// The evidence of each identity.
    pub fn evidence(self) -> Vec<Evidence> {
        let mut all = Vec::new();
        self.each(&mut |one| all.push(one));
        all
    }

    /// Gives the evidence of each identity away, one after the other.
    pub fn each(self, take: Taker<'_>) {
        // What is here was read when it was put in.
        let read = |line: io::Result<String>| self.shared.unpacked(&line.ok()?).ok()?;
        self.identities.each().filter_map(read).for_each(take);
    }

    /// Reads a bundle file, or standard input for `-`: as it was written, or packed by gzip or zstd.
    pub fn read(path: &Path) -> Result<Self, CollectError> {
        let read = if path.as_os_str() == "-" { from_stdin()? } else { read_bounded(path)? };
        let whole = unpacked(read).map_err(|reason| format!("it cannot be unpacked: {reason}"));
        whole.and_then(|bytes| Self::parse(&bytes)).map_err(|reason| CollectError::Format {
            path: path.to_owned(),
            what: "a trustwalk bundle",
            reason,
        })
    }

    /// A bundle from its bytes, or what is wrong with them, in words that repeat none of them but the tool's name. What
    /// was read of an older format is as if this build had written it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (mut gathering, mut failed) = (Gathering::default(), None);
        let tool = bundle::parse_each(bytes, &mut |one| failed = failed.take().or(gathering.add(one).err()));
        let tool = tool.map_err(|e| e.to_string())?;
        failed.map_or(Ok(()), Err).and_then(|()| gathering.bundle_of(tool)).map_err(|e| e.to_string())
    }

    /// As it is written: a line for each identity and for each thing they share.
    pub fn text(&self) -> serde_json::Result<String> {
        layout::text(self)
    }

    /// Writes a bundle file, readable by its owner alone. What is there already is replaced only when that is asked
    /// for. A name that ends in `.gz` is of a file packed by gzip.
    pub fn write(&self, path: &Path, overwrite: bool) -> Result<(), CollectError> {
        let packed = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
        write_private(path, overwrite, &|file| {
            if !packed {
                return layout::write(self, file).map_err(Into::into);
            }
            let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::default());
            layout::write(self, &mut gzip)?;
            gzip.finish().map(drop)
        })
    }
}

/// Standard input, to a limit.
fn from_stdin() -> Result<Vec<u8>, CollectError> {
    let path = || "-".into();
    let mut bytes = Vec::new();
    let _waiting = crate::waits::begin("standard input");
    let read = std::io::stdin().lock().take(FILE_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| CollectError::Read { path: path(), source })?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(CollectError::TooLarge { path: path(), limit: FILE_BYTES });
    }
    Ok(bytes)
}

/// A document without its packing (RFC 1952 gzip, RFC 8878 zstd), which is told by its first bytes. What a small file
/// grows to has the limit that a file has.
pub fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let mut whole = Vec::new();
    let limit = FILE_BYTES + 1;
    let read = if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(limit).read_to_end(&mut whole)
    } else if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let mut source = bytes.as_slice();
        ruzstd::decoding::StreamingDecoder::new_with_max_window_size(&mut source, FILE_BYTES)
            .map_err(std::io::Error::other)
            .and_then(|frame| frame.take(limit).read_to_end(&mut whole))
    } else {
        return Ok(bytes);
    };
    read.map_err(|e| e.to_string())?;
    if whole.len() as u64 > FILE_BYTES {
        return Err(format!("it has more than {FILE_BYTES} bytes"));
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube_api;
    use serde_json::json;
    use trustwalk_core::evidence::{Observed, Source, Target};

    fn known<T>(value: T) -> Observed<T> {
        Observed::Known { value, source: Source::default() }
    }

    /// A workload with a canary wherever a person may write.
    fn planted(canary: &str) -> serde_json::Value {
        let env = |name: &str| json!({"name": name, "value": canary});
        let names = ["DATABASE_URL", "DB_PASS", "JWT", "GITHUB_PAT", "CONNECTION_STRING", "AWS_SECRET_ACCESS_KEY", "X"];
        let container = json!({
            "name": "c", "image": "i", "env": names.map(env), "command": ["run", "--password", canary],
            "args": [canary], "livenessProbe": {"exec": {"command": ["curl", "-H", canary]}},
            "lifecycle": {"postStart": {"exec": {"command": [canary]}}},
        });
        let written = json!({"note": canary, "kubectl.kubernetes.io/last-applied-configuration": canary});
        let template = json!({
            "metadata": {"annotations": written, "labels": {"l": canary},
                "managedFields": [{"manager": "m", "x": canary}]},
            "spec": {"serviceAccountName": "s", "containers": [container], "nodeSelector": {"n": canary},
                "volumes": [{"name": "v", "projected": {"sources": [{"downwardAPI": {"items": [canary]}}]}}]},
            "status": {"message": canary, "conditions": [{"type": "Ready", "message": canary}]},
        });
        json!({
            "kind": "Deployment",
            "metadata": {"name": "w", "namespace": "n", "annotations": written, "labels": {"l": canary}},
            "spec": {"template": template, "selector": {"matchLabels": {"app": "w"}}},
            "status": {"conditions": [{"message": canary}]},
        })
    }

    #[test]
    fn a_packed_bundle_is_the_same_bundle_and_no_small_file_grows_without_end() {
        let dir = tempfile::tempdir().unwrap();
        let bundle = Bundle::new(vec![Evidence::new(Target::Job { name: "x".to_owned() }, 7)]).unwrap();
        for (name, is_packed) in [("b.json", false), ("b.json.gz", true)] {
            let path = dir.path().join(name);
            bundle.write(&path, false).unwrap();
            let packed = std::fs::read(&path).unwrap().starts_with(&[0x1f, 0x8b]);
            assert_eq!((packed, Bundle::read(&path).unwrap()), (is_packed, bundle.clone()));
        }
        let frame = ruzstd::encoding::compress_to_vec(
            bundle.text().unwrap().as_bytes(),
            ruzstd::encoding::CompressionLevel::Fastest,
        );
        let path = dir.path().join("b.json.zst");
        std::fs::write(&path, frame).unwrap();
        assert_eq!(Bundle::read(&path).unwrap(), bundle);
        let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::copy(&mut std::io::repeat(b' ').take(FILE_BYTES + 10), &mut bomb).unwrap();
        let said = unpacked(bomb.finish().unwrap()).unwrap_err();
        assert!(said.contains("more than"), "{said}");
        assert!(unpacked(vec![0x1f, 0x8b, 1]).is_err());
    }

    #[test]
    fn what_people_write_into_a_workload_is_not_in_its_bundle() {
        // No redactor would know it: only the list of what is kept can hold it back.
        let canary = ["canary", "feather"].join("-");
        let object = planted(&canary);
        let mut evidence = Evidence::new(Target::Job { name: "x".to_owned() }, 0);
        evidence.workload = known(kube_api::workload("Deployment", &object));
        let bundle = Bundle::new(vec![evidence]).unwrap();
        let text = serde_json::to_string(&bundle).unwrap();
        assert!(!text.contains(&canary), "{text}");
        assert!(text.contains("DATABASE_URL") && bundle.holds.variables == 7 && bundle.holds.variable_values == 0);
    }

    #[test]
    fn a_bundle_of_the_format_before_is_held_to_the_same_list() {
        let canary = ["canary", "feather"].join("-");
        let old = json!({"version": 1, "tool": "trustwalk 0.1.0", "evidence": [{
            "target": {"kind": "job", "name": "x"}, "now": 0,
            "workload": {"state": "known", "source": {"what": "w", "at": 0}, "value": {
                "annotations": {"note": canary}, "labels": {"l": canary},
                "template": {"labels": {"l": canary}, "annotations": {"note": canary}, "node_selector": {"n": canary},
                    "containers": [{"command": canary, "env": [{"name": "PASS", "value": canary}]}]}}},
            "job": {"state": "known", "source": {"what": "j", "at": 0}, "value": {
                "inputs": {"token": canary, "audience": "a"}, "env": {"X": canary, "AWS_ACCESS_KEY_ID": canary}}},
        }]});
        let read = Bundle::parse(old.to_string().as_bytes()).unwrap();
        let text = serde_json::to_string(&read).unwrap();
        assert!(!text.contains(&canary), "{text}");
        assert!(text.contains("\"audience\":\"a\""), "{text}");
    }

    #[test]
    fn what_is_no_bundle_is_not_repeated() {
        let canary = ["canary", "feather"].join("-");
        for text in [
            canary.clone(),
            format!("{{\"version\": 2, \"tool\": \"t\", \"evidence\": \"{canary}\"}}"),
            format!(
                "{{\"version\": 3, \"tool\": \"t\", \"shared\": {{}}, \"identities\": [{{\"run\": \"{canary}\"}}]}}"
            ),
            format!("{{\"version\": 1, \"tool\": \"t\", \"evidence\": [{{\"target\": {{\"kind\": \"{canary}\"}}}}]}}"),
        ] {
            let error = Bundle::parse(text.as_bytes()).unwrap_err();
            assert!(!error.contains(&canary), "{error}");
        }
        let newer = Bundle::parse(br#"{"version": 9, "tool": "trustwalk 9"}"#).unwrap_err();
        assert!(newer.contains("format 9") && newer.contains("1 to 3"), "{newer}");
    }

    #[test]
    fn every_variable_whose_value_is_kept_is_asked_for_somewhere() {
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut sources = String::new();
        let mut folders = vec![here.join("src"), here.join("../core/src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("evidence/kept.rs") {
                    sources.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        for variable in trustwalk_core::evidence::Variable::ALL {
            assert!(sources.contains(&format!("Variable::{variable:?}")), "nothing asks for {variable:?}");
        }
    }
}
