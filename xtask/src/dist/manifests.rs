//! What package managers read to fetch a release: krew's manifest (krew, "Writing Krew plugin manifests") and a formula
//! for Homebrew ("Formula Cookbook"). Both name addresses, so both are made only where a release has one.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::target::{TARGETS, Target};

/// An archive of a release.
#[derive(Debug, Clone)]
pub(crate) struct Archive {
    /// Whom it is for.
    pub(crate) target: Target,
    /// Its file name.
    pub(crate) name: String,
    /// Its SHA-256.
    pub(crate) sum: String,
}

/// A release, as a package manager has to know it.
#[derive(Debug)]
pub(crate) struct Release<'a> {
    /// Its version.
    pub(crate) version: &'a str,
    /// One line on what it is.
    pub(crate) summary: &'a str,
    /// Where the project is published.
    pub(crate) repository: &'a str,
    /// Its archives.
    pub(crate) archives: &'a [Archive],
}

impl Release<'_> {
    /// Holds what goes into the manifests to what both can carry as they stand.
    fn check(&self) -> Result<()> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/+".contains(c);
        if !self.repository.starts_with("https://") || !self.repository.chars().all(plain) {
            bail!("`{}` is no address of a repository", self.repository);
        }
        if self.archives.is_empty() {
            bail!("there is no archive to fetch");
        }
        Ok(())
    }

    fn url(&self, archive: &Archive) -> String {
        format!("{}/releases/download/v{}/{}", self.repository, self.version, archive.name)
    }

    /// One archive for each system and processor: of several, the one whose target stands first in the list.
    fn chosen(&self) -> Vec<&Archive> {
        let mut out: Vec<&Archive> = Vec::new();
        for target in TARGETS {
            let taken = out.iter().any(|a| (a.target.os, a.target.arch) == (target.os, target.arch));
            out.extend(self.archives.iter().find(|a| a.target == target && !taken));
        }
        out
    }
}

/// krew's manifest.
pub(crate) fn krew(release: &Release<'_>) -> Result<String> {
    release.check()?;
    let Release { version, summary, repository, .. } = release;
    let platform = |archive: &Archive| {
        let Target { os, arch, .. } = archive.target;
        json!({
            "selector": {"matchLabels": {"os": os, "arch": arch}},
            "uri": release.url(archive),
            "sha256": archive.sum,
            "bin": "trustwalk",
            "files": [
                {"from": "trustwalk-*/trustwalk", "to": "."},
                {"from": "trustwalk-*/LICENSE-*", "to": "."},
            ],
        })
    };
    let platforms: Vec<Value> = release.chosen().into_iter().map(platform).collect();
    let manifest = json!({
        "apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
        "kind": "Plugin",
        "metadata": {"name": "trustwalk"},
        "spec": {
            "version": format!("v{version}"),
            "homepage": repository,
            "shortDescription": summary,
            "description": KREW_DESCRIPTION,
            "platforms": platforms,
        },
    });
    serde_saphyr::to_string(&manifest).context("krew's manifest can't be written as YAML")
}

const KREW_DESCRIPTION: &str = "Walks the links between a workload and its AWS role, names the one that broke, and \
                                proves it.\nStart with: kubectl trustwalk diagnose KIND/NAME -n NAMESPACE\n";

/// Homebrew's formula.
pub(crate) fn formula(release: &Release<'_>) -> Result<String> {
    release.check()?;
    let Release { version, summary, repository, .. } = release;
    let mut out = format!(
        "# Made by `cargo xtask dist --gather` from the archives of the release.\nclass Trustwalk < Formula\n  \
         desc \"{summary}\"\n  homepage \"{repository}\"\n  version \"{version}\"\n  \
         license any_of: [\"Apache-2.0\", \"MIT\"]\n"
    );
    for (os, block) in [("darwin", "on_macos"), ("linux", "on_linux")] {
        let of_system: Vec<&Archive> = release.chosen().into_iter().filter(|a| a.target.os == os).collect();
        if of_system.is_empty() {
            continue;
        }
        let _ = write!(out, "\n  {block} do\n");
        for archive in of_system {
            let processor = if archive.target.arch == "arm64" { "on_arm" } else { "on_intel" };
            let (url, sum) = (release.url(archive), &archive.sum);
            let _ = write!(out, "    {processor} do\n      url \"{url}\"\n      sha256 \"{sum}\"\n    end\n");
        }
        out.push_str("  end\n");
    }
    out.push_str(FORMULA_END);
    Ok(out)
}

const FORMULA_END: &str = r##"
  def install
    bin.install "trustwalk"
    bin.install_symlink "trustwalk" => "kubectl-trustwalk"
    bin.install_symlink "trustwalk" => "kubectl_complete-trustwalk"
    man1.install Dir["share/man/man1/*.1"]
    bash_completion.install "share/bash-completion/completions/trustwalk"
    zsh_completion.install "share/zsh/site-functions/_trustwalk"
    fish_completion.install "share/fish/vendor_completions.d/trustwalk.fish"
  end

  test do
    assert_equal "trustwalk #{version}", shell_output("#{bin}/trustwalk --version").strip
  end
end
"##;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::has;

    fn archives() -> Vec<Archive> {
        let of = |target: Target| Archive {
            target,
            name: format!("trustwalk-1.2.0-{}.tar.gz", target.triple),
            sum: "ab".repeat(32),
        };
        TARGETS.into_iter().map(of).collect()
    }

    fn release(archives: &[Archive]) -> Release<'_> {
        Release {
            version: "1.2.0",
            summary: "Find the broken link",
            repository: "https://forge.example/o/trustwalk",
            archives,
        }
    }

    /// krew's own rules for a manifest, as its `validate-krew-manifest` has them.
    fn faults(manifest: &Value) -> Vec<String> {
        let mut out = Vec::new();
        let mut want = |holds: bool, what: &str| {
            if !holds {
                out.push(what.to_owned());
            }
        };
        want(manifest["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2", "apiVersion");
        want(manifest["kind"] == "Plugin", "kind");
        let name = manifest["metadata"]["name"].as_str().unwrap_or_default();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        want(!name.is_empty() && name.chars().all(word), "name");
        let spec = &manifest["spec"];
        let short = spec["shortDescription"].as_str().unwrap_or_default();
        want(!short.is_empty() && !short.contains(['\n', '\r']), "shortDescription");
        let version = spec["version"].as_str().and_then(|v| v.strip_prefix('v')).unwrap_or_default();
        want(version.split('.').count() == 3 && version.split('.').all(|n| n.parse::<u64>().is_ok()), "version");
        let platforms = spec["platforms"].as_array().cloned().unwrap_or_default();
        want(!platforms.is_empty(), "platforms");
        for platform in &platforms {
            want(platform["uri"].as_str().is_some_and(|u| u.starts_with("https://")), "uri");
            let sum = platform["sha256"].as_str().unwrap_or_default();
            want(sum.len() == 64 && sum.chars().all(|c| matches!(c, 'a'..='f' | '0'..='9')), "sha256");
            want(platform["bin"].as_str().is_some_and(|b| !b.is_empty()), "bin");
            let files = platform["files"].as_array().cloned().unwrap_or_default();
            let whole = |f: &Value| f["from"].is_string() && f["to"].is_string();
            want(!files.is_empty() && files.iter().all(whole), "files");
            let labels = platform["selector"]["matchLabels"].as_object().cloned().unwrap_or_default();
            want(!labels.is_empty() && labels.keys().all(|k| k == "os" || k == "arch"), "selector");
        }
        out
    }

    #[test]
    fn krew_takes_the_manifest_and_finds_one_archive_for_each_platform() {
        let manifest: Value = serde_saphyr::from_str(&krew(&release(&archives())).unwrap()).unwrap();
        assert_eq!(faults(&manifest), Vec::<String>::new());
        let platforms = manifest["spec"]["platforms"].as_array().unwrap();
        let mut labels: Vec<String> = platforms.iter().map(|p| p["selector"]["matchLabels"].to_string()).collect();
        labels.sort();
        labels.dedup();
        assert_eq!((platforms.len(), labels.len()), (4, 4));
        let linux = platforms[0]["uri"].as_str().unwrap();
        assert_eq!(
            linux,
            "https://forge.example/o/trustwalk/releases/download/v1.2.0/trustwalk-1.2.0-x86_64-unknown-linux-musl.tar\
             .gz"
        );
        assert_eq!(faults(&json!({"kind": "Plugin", "spec": {"platforms": [{}]}})).len(), 9);
    }

    #[test]
    fn a_formula_is_ruby_and_names_every_archive_once() {
        let text = formula(&release(&archives())).unwrap();
        assert_eq!(text.matches("sha256 \"").count(), 4, "{text}");
        assert_eq!(text.matches(" do\n").count(), text.matches(" end\n").count() - 2 + 1, "{text}");
        if has("ruby") {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("trustwalk.rb");
            std::fs::write(&path, &text).unwrap();
            let out = std::process::Command::new("ruby").arg("-c").arg(&path).output().unwrap();
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        }
    }

    #[test]
    fn no_manifest_is_made_for_an_address_that_is_none() {
        let archives = archives();
        for repository in ["", "http://forge.example/x", "https://forge.example/\" + evil", "https://x\ny"] {
            let release = Release { repository, ..release(&archives) };
            assert!(krew(&release).is_err() && formula(&release).is_err(), "{repository}");
        }
        assert!(krew(&release(&[])).is_err());
    }
}
