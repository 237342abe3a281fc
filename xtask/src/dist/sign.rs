//! Signatures over the sums of a release, by an SSH key (OpenSSH, `PROTOCOL.sshsig`): everybody has what checks them,
//! and nothing is asked of the network. A release of the workflow has an attestation besides, which needs no key.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// What a signature is for; one that was made for anything else does not verify.
pub(crate) const NAMESPACE: &str = "trustwalk-release";

/// Signs a file; the signature lies beside it, as FILE.sig.
pub(crate) fn sign(key: &Path, file: &Path) -> Result<()> {
    let mut signature = file.as_os_str().to_owned();
    signature.push(".sig");
    if Path::new(&signature).exists() {
        std::fs::remove_file(&signature)?;
    }
    let status = Command::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"])
        .arg(key)
        .arg(file)
        .status()
        .context("cannot run ssh-keygen, which makes signatures")?;
    if !status.success() {
        bail!("{} was not signed ({status})", file.display());
    }
    Ok(())
}
