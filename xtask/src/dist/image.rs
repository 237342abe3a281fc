//! A container image as an OCI image layout (OCI image specification 1.1): two layers, made of nothing but the program
//! and what it needs, byte for byte the same from the same input.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::archive::{Effort, gzip, tar};
use super::digest::hex_of;
use super::entry::Entry;
use super::target::Target;

/// User and group of the image: no name of a person, and no rights.
pub(crate) const NOBODY: u32 = 65532;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What an image is made of besides the program.
#[derive(Debug)]
pub(crate) struct About<'a> {
    /// Its version.
    pub(crate) version: &'a str,
    /// One line on what it is.
    pub(crate) summary: &'a str,
    /// Seconds since 1970 that stand for its making.
    pub(crate) time: u64,
    /// Where its sources are, if they are published.
    pub(crate) source: Option<&'a str>,
    /// Files of licences: name and text.
    pub(crate) licences: &'a [(String, String)],
    /// Libraries of a program that is not static.
    pub(crate) libraries: &'a [Entry],
}

/// An image layout in the making: files by their path in it.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// Its files.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    manifests: Vec<Value>,
}

impl Layout {
    /// Adds the image of one platform.
    pub(crate) fn add(&mut self, about: &About<'_>, target: Target, program: Vec<u8>, effort: Effort) -> Result<()> {
        let mut layers = vec![
            ("the user, the authorities' certificates", base()),
            ("the program", with_program(program, about.licences)),
        ];
        if !about.libraries.is_empty() {
            layers.push(("the libraries of another machine: for a look", about.libraries.to_vec()));
        }
        let (mut described, mut digests, mut history) = (Vec::new(), Vec::new(), Vec::new());
        for (what, entries) in layers {
            let plain = tar(&entries, about.time)?;
            digests.push(format!("sha256:{}", hex_of(&plain)));
            described.push(self.blob(LAYER, gzip(&plain, effort)?));
            history.push(json!({"created": created(about.time)?, "created_by": "cargo xtask dist", "comment": what}));
        }
        let labels = labels(about)?;
        let config = json!({
            "created": created(about.time)?, "architecture": target.arch, "os": target.os,
            "config": {
                "User": format!("{NOBODY}:{NOBODY}"), "Env": ["PATH=/usr/bin", "HOME=/home/nonroot"],
                "Entrypoint": ["/usr/bin/trustwalk"], "WorkingDir": "/home/nonroot", "Labels": labels,
            },
            "rootfs": {"type": "layers", "diff_ids": digests}, "history": history,
        });
        let config = self.blob(CONFIG, text(&config));
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": described, "annotations": labels,
        });
        let mut manifest = self.blob(MANIFEST, text(&manifest));
        let place = manifest.as_object_mut().context("a description is an object")?;
        place.insert("platform".to_owned(), json!({"architecture": target.arch, "os": target.os}));
        self.manifests.push(manifest);
        self.close(about.version)
    }

    /// Takes in what another layout has: that of another platform.
    pub(crate) fn merge(&mut self, version: &str, files: BTreeMap<String, Vec<u8>>) -> Result<()> {
        let index = files.get("index.json").context("a layout has an index.json")?;
        let index: Value = serde_json::from_slice(index)?;
        let more = index.get("manifests").and_then(Value::as_array).context("an index has manifests")?;
        self.manifests.extend(more.iter().cloned());
        self.manifests.sort_by_key(|m| m.pointer("/platform/architecture").map(ToString::to_string));
        self.files.extend(files.into_iter().filter(|(path, _)| path.starts_with("blobs/")));
        self.close(version)
    }

    /// Writes what makes a layout of it. One platform stands for itself; several stand in an index of their own, so
    /// that the version leads to one thing.
    fn close(&mut self, version: &str) -> Result<()> {
        let manifests = self.manifests.clone();
        let index = |manifests: Vec<Value>| json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
        let mut one = match manifests.as_slice() {
            [one] => one.clone(),
            _ => self.blob(INDEX, text(&index(manifests))),
        };
        let place = one.as_object_mut().context("a description is an object")?;
        place.insert("annotations".to_owned(), json!({"org.opencontainers.image.ref.name": version}));
        self.files.insert("oci-layout".to_owned(), text(&json!({"imageLayoutVersion": "1.0.0"})));
        self.files.insert("index.json".to_owned(), text(&index(vec![one])));
        Ok(())
    }

    /// Keeps a blob, and describes it.
    fn blob(&mut self, kind: &str, bytes: Vec<u8>) -> Value {
        let (digest, size) = (hex_of(&bytes), bytes.len());
        self.files.insert(format!("blobs/sha256/{digest}"), bytes);
        json!({"mediaType": kind, "digest": format!("sha256:{digest}"), "size": size})
    }

    /// The layout as one file, as `skopeo`, `podman` and `crane` take it.
    pub(crate) fn archive(&self, time: u64) -> Result<Vec<u8>> {
        let entries: Vec<Entry> = self.files.iter().map(|(path, bytes)| Entry::file(path, bytes.clone())).collect();
        tar(&entries, time)
    }
}

/// Refuses a program that would not start in an image without libraries.
pub(crate) fn fits(program: &[u8]) -> Result<()> {
    let needs = super::elf::needs(program)?.context("an image holds a Linux program, and this is none")?;
    if let Some(loader) = needs.loader {
        bail!("the program wants {loader}, which an image without libraries does not have: build it static");
    }
    Ok(())
}

fn text(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn created(time: u64) -> Result<String> {
    super::time::written(time)
}

fn labels(about: &About<'_>) -> Result<BTreeMap<&'static str, String>> {
    let mut labels = BTreeMap::from([
        ("org.opencontainers.image.title", "trustwalk".to_owned()),
        ("org.opencontainers.image.description", about.summary.to_owned()),
        ("org.opencontainers.image.version", about.version.to_owned()),
        ("org.opencontainers.image.licenses", "Apache-2.0 OR MIT".to_owned()),
        ("org.opencontainers.image.created", created(about.time)?),
    ]);
    if let Some(source) = about.source {
        labels.insert("org.opencontainers.image.source", source.to_owned());
    }
    Ok(labels)
}

/// What a program finds besides itself: who it is, whom it trusts, where it may write if it is let.
fn base() -> Vec<Entry> {
    let user = format!("nonroot:x:{NOBODY}:{NOBODY}:nonroot:/home/nonroot:/sbin/nologin\n");
    vec![
        Entry::folder("etc", 0o755, 0),
        Entry::file("etc/passwd", format!("root:x:0:0:root:/:/sbin/nologin\n{user}")),
        Entry::file("etc/group", format!("root:x:0:\nnonroot:x:{NOBODY}:\n")),
        Entry::file("etc/nsswitch.conf", "hosts: files dns\n"),
        Entry::folder("etc/ssl", 0o755, 0),
        Entry::folder("etc/ssl/certs", 0o755, 0),
        Entry::file("etc/ssl/certs/ca-certificates.crt", authorities()),
        Entry::folder("home", 0o755, 0),
        Entry::folder("home/nonroot", 0o700, NOBODY),
        Entry::folder("tmp", 0o1777, 0),
    ]
}

fn with_program(program: Vec<u8>, licences: &[(String, String)]) -> Vec<Entry> {
    let mut entries = vec![
        Entry::folder("usr", 0o755, 0),
        Entry::folder("usr/bin", 0o755, 0),
        Entry::program("usr/bin/trustwalk", program),
        Entry::folder("usr/share", 0o755, 0),
        Entry::folder("usr/share/doc", 0o755, 0),
        Entry::folder("usr/share/doc/trustwalk", 0o755, 0),
    ];
    entries.extend(licences.iter().map(|(n, t)| Entry::file(format!("usr/share/doc/trustwalk/{n}"), t.as_bytes())));
    entries
}

/// Mozilla's authorities, as the crate of the lock file has them, in PEM.
fn authorities() -> String {
    use base64::Engine as _;
    use std::fmt::Write as _;
    let mut out = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        let coded = base64::engine::general_purpose::STANDARD.encode(certificate);
        out.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut rest = coded.as_str();
        while let Some((line, after)) = rest.split_at_checked(64) {
            let _ = writeln!(out, "{line}");
            rest = after;
        }
        let _ = writeln!(out, "{rest}{}-----END CERTIFICATE-----", if rest.is_empty() { "" } else { "\n" });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: About<'static> =
        About { version: "1.0.0", summary: "s", time: 1_000_000_000, source: None, licences: &[], libraries: &[] };

    fn layout(triple: &str) -> Layout {
        let mut layout = Layout::default();
        layout.add(&ABOUT, super::super::target::named(triple).unwrap(), b"program".to_vec(), Effort::Least).unwrap();
        layout
    }

    #[test]
    fn every_description_has_the_digest_and_size_of_its_blob() {
        let mut both = layout("x86_64-unknown-linux-musl");
        both.merge("1.0.0", layout("aarch64-unknown-linux-musl").files).unwrap();
        let index: Value = serde_json::from_slice(&both.files["index.json"]).unwrap();
        let mut next: Vec<Value> = index["manifests"].as_array().unwrap().clone();
        assert_eq!((next.len(), next[0]["mediaType"].as_str()), (1, Some(INDEX)));
        let (mut seen, mut platforms) = (0, Vec::new());
        while let Some(one) = next.pop() {
            let digest = one["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
            let bytes = &both.files[&format!("blobs/sha256/{digest}")];
            assert_eq!((hex_of(bytes).as_str(), Some(bytes.len() as u64)), (digest, one["size"].as_u64()));
            seen += 1;
            if one["mediaType"] == INDEX {
                let index: Value = serde_json::from_slice(bytes).unwrap();
                next.extend(index["manifests"].as_array().unwrap().iter().cloned());
            } else if one["mediaType"] == MANIFEST {
                platforms.push(one["platform"]["architecture"].as_str().unwrap().to_owned());
                let manifest: Value = serde_json::from_slice(bytes).unwrap();
                next.push(manifest["config"].clone());
                next.extend(manifest["layers"].as_array().unwrap().iter().cloned());
            }
        }
        // An index, and of each platform its manifest and its configuration; layers that are the same are one blob.
        assert_eq!(seen, 9);
        platforms.sort();
        assert_eq!(platforms, ["amd64", "arm64"]);
    }

    #[test]
    fn the_same_input_gives_the_same_image() {
        let (a, b) = (layout("x86_64-unknown-linux-musl"), layout("x86_64-unknown-linux-musl"));
        assert_eq!(a.archive(7).unwrap(), b.archive(7).unwrap());
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn a_program_that_wants_libraries_gets_no_image() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(fits(&own).unwrap_err().to_string().contains("build it static"));
        assert!(fits(b"#!/bin/sh\n").is_err());
    }

    #[test]
    fn the_authorities_are_certificates_in_pem() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("all.pem");
        std::fs::write(&path, authorities()).unwrap();
        let out = std::process::Command::new("openssl")
            .args(["crl2pkcs7", "-nocrl", "-certfile"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        assert!(authorities().matches("BEGIN").count() > 100);
    }
}
