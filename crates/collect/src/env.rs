//! The variables of the environment that trustwalk reads, and the one function that reads them.
//!
//! An empty variable is one that is not set, as for kubectl and the AWS CLI: scripts write
//! `AWS_ENDPOINT_URL=` to take a value away.

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::SystemTime;

use crate::error::CollectError;

/// A variable and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it says, in one line.
    pub says: &'static str,
}

/// Every variable that trustwalk reads itself. `docs/reference/environment.md` shows them.
///
/// Credentials, profiles and SSO are read by the AWS SDK's own loader, with the variables that the AWS
/// SDKs and Tools Reference Guide lists.
pub const VARIABLES: &[Variable] = &[
    Variable { name: "TRUSTWALK_CONNECT_TO", says: "as `--connect-to`, with a comma between rules" },
    Variable { name: "TRUSTWALK_CA_BUNDLE", says: "as `--ca-bundle`" },
    Variable { name: "TRUSTWALK_CA_LIBRARY", says: "as `--ca-library`" },
    Variable { name: "TRUSTWALK_TRUST_MODEL", says: "as `--trust-model`" },
    Variable { name: "TRUSTWALK_LAB_DIR", says: "as `lab --dir`" },
    Variable { name: "TRUSTWALK_COMPLETE", says: "set by the scripts of `completions`: the shell that asks" },
    Variable { name: "KUBECONFIG", says: "kubeconfig files, merged as kubectl merges them; missing ones are left out" },
    Variable { name: "KUBERNETES_SERVICE_HOST", says: "in a pod: the API server's address" },
    Variable { name: "KUBERNETES_SERVICE_PORT", says: "in a pod: the API server's port" },
    Variable { name: "AWS_PROFILE", says: "the profile, when `--profile` names none" },
    Variable { name: "AWS_REGION", says: "the region, when `--region` names none" },
    Variable { name: "AWS_DEFAULT_REGION", says: "the region, when nothing else names one" },
    Variable { name: "AWS_ACCESS_KEY_ID", says: "with `AWS_SECRET_ACCESS_KEY`: keys that go before profiles" },
    Variable { name: "AWS_SECRET_ACCESS_KEY", says: "see `AWS_ACCESS_KEY_ID`" },
    Variable { name: "AWS_CONFIG_FILE", says: "the AWS configuration file, instead of `~/.aws/config`" },
    Variable { name: "AWS_SHARED_CREDENTIALS_FILE", says: "the credentials file, instead of `~/.aws/credentials`" },
    Variable { name: "AWS_ENDPOINT_URL", says: "the endpoint of every AWS service" },
    Variable { name: "AWS_ENDPOINT_URL_IAM", says: "IAM's endpoint" },
    Variable { name: "AWS_ENDPOINT_URL_STS", says: "STS's endpoint" },
    Variable { name: "AWS_ENDPOINT_URL_EKS", says: "EKS's endpoint" },
    Variable { name: "AWS_ENDPOINT_URL_CLOUDTRAIL", says: "CloudTrail's endpoint" },
    Variable { name: "AWS_MAX_ATTEMPTS", says: "attempts at a call to AWS, the first one included; 3 unless set" },
    Variable { name: "AWS_RETRY_MODE", says: "`standard`; `adaptive` is taken for it" },
    Variable {
        name: "GH_TOKEN",
        says: "with `--github`: the token that GitHub is asked with; goes before `GITHUB_TOKEN`",
    },
    Variable { name: "GITHUB_TOKEN", says: "see `GH_TOKEN`" },
    Variable { name: "GITHUB_API_URL", says: "with `--github`: GitHub's API, else `https://api.github.com`" },
    Variable {
        name: "HTTPS_PROXY",
        says: "the proxy for TLS, `http://[USER:PASSWORD@]HOST[:PORT]`; also in lower case",
    },
    Variable { name: "ALL_PROXY", says: "the proxy, when `HTTPS_PROXY` names none; also in lower case" },
    Variable { name: "NO_PROXY", says: "hosts and networks that no proxy serves; also in lower case" },
    Variable { name: "SSL_CERT_FILE", says: "a PEM file instead of the system's roots" },
    Variable { name: "SSL_CERT_DIR", says: "a folder instead of the system's roots" },
    Variable { name: "HOME", says: "where `.kube`, `.aws` and, without `XDG_STATE_HOME`, `.local/state` are" },
    Variable { name: "XDG_RUNTIME_DIR", says: "where the lab is kept" },
    Variable {
        name: "XDG_STATE_HOME",
        says: "where the key that signs receipts and the locks of repairs are kept, and the lab without \
            `XDG_RUNTIME_DIR`",
    },
    Variable { name: "NO_COLOR", says: "no colours, unless `--color` says otherwise" },
    Variable { name: "CLICOLOR_FORCE", says: "colours into pipes too, unless it is `0`" },
    Variable { name: "CLICOLOR", says: "`0` for no colours" },
    Variable { name: "TERM", says: "`dumb` for no colours and no pager" },
    Variable { name: "COLUMNS", says: "the width of a terminal that does not tell its own" },
    Variable { name: "LINES", says: "the height of such a terminal" },
    Variable { name: "LC_ALL", says: "the locale: ASCII where it names another codeset than UTF-8" },
    Variable { name: "LC_CTYPE", says: "the same, when `LC_ALL` is not set" },
    Variable { name: "LANG", says: "the same, when neither is set" },
    Variable {
        name: "TRUSTWALK_PAGER",
        says: "the pager for what is longer than the terminal, else `PAGER`, else `less`; `cat` for none",
    },
    Variable { name: "PAGER", says: "see `TRUSTWALK_PAGER`" },
    Variable { name: "LESS", says: "`FRX` for `less`, unless it is set" },
];

/// A variable's value; nothing when it is empty or not UTF-8.
pub fn env_var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable's value as the system gives it, for paths; nothing when it is empty.
pub fn env_os(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// All variables that are UTF-8, but for AWS's own that are empty; nothing when none of those is empty.
pub(crate) fn without_empty_of_aws() -> Option<HashMap<String, String>> {
    let empty = |(name, value): &(OsString, OsString)| value.is_empty() && name.as_encoded_bytes().starts_with(b"AWS_");
    std::env::vars_os().any(|pair| empty(&pair)).then(|| {
        let set = std::env::vars_os().filter(|pair| !empty(pair));
        set.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
    })
}

/// Whether the clock can be right. Certificates, tokens and signatures are judged by it, and the libraries that do so
/// give up on a time before 1970 without a word.
pub fn check_clock(now: SystemTime) -> Result<(), CollectError> {
    now.duration_since(SystemTime::UNIX_EPOCH).map(drop).map_err(|_| CollectError::Clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_every_variable() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/environment.md");
        let page = std::fs::read_to_string(page).unwrap();
        for Variable { name, says } in VARIABLES {
            let line = format!("| `{name}` | {says} |");
            assert!(page.contains(&line), "docs/reference/environment.md lacks the line\n{line}");
        }
    }

    #[test]
    fn a_clock_before_1970_is_said_to_be_wrong() {
        let before = SystemTime::UNIX_EPOCH - std::time::Duration::from_secs(1);
        assert!(check_clock(before).unwrap_err().to_string().contains("1970"));
        assert!(check_clock(SystemTime::UNIX_EPOCH).is_ok());
    }

    #[test]
    fn nobody_else_asks_the_environment() {
        let crates = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let mut left: Vec<_> = ["collect", "apply", "cli"].map(|name| crates.join(name).join("src")).into();
        while let Some(path) = left.pop() {
            if path.is_dir() {
                left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if !path.ends_with("collect/src/env.rs") && !path.ends_with("cli/src/args/reference.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let product = text.split("#[cfg(test)]").next().unwrap_or_default();
                assert!(!product.contains("env::var"), "{} asks past `env_var`", path.display());
            }
        }
    }
}
