//! The kubeconfig: found, merged and read as kubectl does, each file with a limit.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{AuthInfo, Cluster, Kubeconfig};

use crate::env::env_os;
use crate::error::{CollectError, Likely};
use crate::files::read_up_to;
use crate::limits::CONFIG_BYTES;
use crate::near;

/// How to find the cluster.
#[derive(Debug, Clone, Default)]
pub struct KubeOptions {
    /// `--kubeconfig`; else `KUBECONFIG` and `~/.kube/config`, else in-cluster.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
}

fn refuse(text: String) -> CollectError {
    CollectError::Kubeconfig(text)
}

/// The kubeconfig that is meant: `--kubeconfig`, else the files of `KUBECONFIG`, else `~/.kube/config`. None at all is
/// no error, as this may be a pod; one that is there, or was named, and cannot be read is.
pub(super) fn find(options: &KubeOptions) -> Result<Option<Kubeconfig>, CollectError> {
    if let Some(path) = &options.kubeconfig {
        return read(path).map(Some).map_err(|e| refuse(whole_text(&e)));
    }
    let Some(named) = env_os("KUBECONFIG") else {
        let Some(home) = std::env::home_dir().filter(|home| !home.as_os_str().is_empty()) else { return Ok(None) };
        return match read(&home.join(".kube").join("config")) {
            Ok(file) => Ok(Some(file)),
            Err(e) if is_missing(&e) => Ok(None),
            Err(e) => Err(refuse(format!("~/.kube/config: {}; give --kubeconfig FILE", whole_text(&e)))),
        };
    };
    let paths: Vec<PathBuf> = std::env::split_paths(&named).filter(|path| !path.as_os_str().is_empty()).collect();
    let failed = |e: &dyn std::error::Error| {
        refuse(format!("KUBECONFIG={}: {}; give --kubeconfig FILE", named.display(), whole_text(e)))
    };
    let mut merged: Option<Kubeconfig> = None;
    let mut missing = None;
    for path in &paths {
        match read(path) {
            Ok(file) => merged = Some(merged.unwrap_or_default().merge(file).map_err(|e| failed(&e))?),
            // kubectl leaves out what is not there (Kubernetes documentation, "Merging kubeconfig files").
            Err(e) if is_missing(&e) => missing = missing.or(Some(e)),
            Err(e) => return Err(failed(&e)),
        }
    }
    match (merged, missing) {
        (None, Some(e)) => Err(failed(&e)),
        (merged, _) => Ok(merged),
    }
}

fn is_missing(error: &CollectError) -> bool {
    matches!(error, CollectError::Read { source, .. } if source.kind() == ErrorKind::NotFound)
}

fn read(path: &Path) -> Result<Kubeconfig, CollectError> {
    let bytes = read_up_to(path, CONFIG_BYTES)?;
    let mut file =
        parse(&bytes).map_err(|reason| CollectError::Format { path: path.to_owned(), what: "a kubeconfig", reason })?;
    make_absolute(&mut file, path.parent().unwrap_or(Path::new("")));
    Ok(file)
}

/// Reads a kubeconfig's text. The reader's own words are kept to their first line: it goes on to quote the lines
/// around the fault, in which credentials stand.
pub(crate) fn parse(bytes: &[u8]) -> Result<Kubeconfig, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Kubeconfig::from_yaml(text).map_err(|e| whole_text(&e))
}

/// Files are named relative to the kubeconfig, commands too when they are paths (client-go,
/// `GetAuthInfoFileReferences`).
fn make_absolute(file: &mut Kubeconfig, dir: &Path) {
    let own = |name: &mut Option<String>| {
        if let Some(path) = name.as_mut().filter(|path| !path.is_empty() && Path::new(path.as_str()).is_relative()) {
            *path = dir.join(path.as_str()).display().to_string();
        }
    };
    for cluster in file.clusters.iter_mut().filter_map(|c| c.cluster.as_mut()) {
        own(&mut cluster.certificate_authority);
    }
    for user in file.auth_infos.iter_mut().filter_map(|u| u.auth_info.as_mut()) {
        own(&mut user.client_certificate);
        own(&mut user.client_key);
        own(&mut user.token_file);
        if let Some(exec) = &mut user.exec
            && exec.command.as_deref().is_some_and(|command| command.contains(std::path::MAIN_SEPARATOR))
        {
            own(&mut exec.command);
        }
    }
}

/// The names of the contexts; none where there is no kubeconfig that can be read.
pub fn contexts(options: &KubeOptions) -> Vec<String> {
    let file = find(options).ok().flatten();
    file.into_iter().flat_map(|file| file.contexts).map(|context| context.name).collect()
}

/// Refuses a context that the kubeconfig does not have.
pub(super) fn has_context(file: &Kubeconfig, context: Option<&str>) -> Result<(), CollectError> {
    let Some(wanted) = context.or(file.current_context.as_deref()).filter(|name| !name.is_empty()) else {
        return Ok(());
    };
    let names = || file.contexts.iter().map(|c| c.name.as_str());
    if names().any(|name| name == wanted) {
        return Ok(());
    }
    let near = near::like(names(), wanted);
    let others = names().take(near::MOST);
    let near: Vec<&str> = if near.is_empty() { others.collect() } else { near };
    Err(CollectError::Gone {
        what: format!("context {wanted}"),
        within: " in the kubeconfig".to_owned(),
        near: near.into_iter().map(|name| Likely::new("--context {}", &[name])).collect(),
        list: Some("kubectl config get-contexts".to_owned()),
    })
}

/// The context that is meant, with the files it names read into it: the client's own reader has no limit.
pub(super) fn take_in(file: &mut Kubeconfig, context: Option<&str>) -> Result<(), CollectError> {
    let Some(wanted) = context.or(file.current_context.as_deref()) else { return Ok(()) };
    let named = file.contexts.iter().find(|c| c.name == wanted).and_then(|c| c.context.clone());
    let Some(named) = named else { return Ok(()) };
    if let Some(cluster) = file.clusters.iter_mut().find(|c| c.name == named.cluster).and_then(|c| c.cluster.as_mut()) {
        cluster_files(cluster)?;
    }
    let user = file.auth_infos.iter_mut().find(|u| Some(&u.name) == named.user.as_ref());
    match user.and_then(|u| u.auth_info.as_mut()) {
        Some(user) => user_files(user),
        None => Ok(()),
    }
}

fn cluster_files(cluster: &mut Cluster) -> Result<(), CollectError> {
    let path = given(cluster.certificate_authority.take());
    if given(cluster.certificate_authority_data.clone()).is_none() {
        cluster.certificate_authority_data = encoded("certificate-authority", path)?;
    }
    Ok(())
}

fn user_files(user: &mut AuthInfo) -> Result<(), CollectError> {
    let path = given(user.client_certificate.take());
    if given(user.client_certificate_data.clone()).is_none() {
        user.client_certificate_data = encoded("client-certificate", path)?;
    }
    let path = given(user.client_key.take());
    if user.client_key_data.is_none() {
        user.client_key_data = encoded("client-key", path)?.map(Into::into);
    }
    Ok(())
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn encoded(what: &str, path: Option<String>) -> Result<Option<String>, CollectError> {
    let Some(path) = path else { return Ok(None) };
    let bytes = read_up_to(Path::new(&path), CONFIG_BYTES)
        .map_err(|e| refuse(format!("the kubeconfig's {what}: {}", whole_text(&e))))?;
    Ok(Some(STANDARD.encode(bytes)))
}

/// Where a pod finds its service account (Kubernetes documentation, "Accessing the Kubernetes API from a Pod").
const POD_FILES: [&str; 2] = ["ca.crt", "namespace"];
const POD_FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Whether a pod's own files end: the client's own reader has no limit.
pub(super) fn check_pod() -> Result<(), CollectError> {
    check_files(Path::new(POD_FOLDER))
}

fn check_files(folder: &Path) -> Result<(), CollectError> {
    for name in POD_FILES {
        match read_up_to(&folder.join(name), CONFIG_BYTES) {
            Ok(_) => {}
            Err(e) if is_missing(&e) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Every layer of an error, each said once and of each its first line alone.
pub(super) fn whole_text(error: &dyn std::error::Error) -> String {
    let first = |e: &dyn std::error::Error| e.to_string().lines().next().unwrap_or_default().to_owned();
    let mut text = first(error);
    let mut inner = error.source();
    while let Some(cause) = inner {
        let words = first(cause);
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        inner = cause.source();
    }
    text
}

/// The proxy that the context's cluster names, which goes before the environment's, as in kubectl.
pub(super) fn proxy_url(file: &Kubeconfig, context: Option<&str>) -> Option<String> {
    let name = cluster_name(file, context)?;
    let cluster = file.clusters.iter().find(|c| c.name == name)?.cluster.as_ref()?;
    cluster.proxy_url.clone().filter(|url| !url.is_empty())
}

/// The name of the context's cluster.
pub(super) fn cluster_name(file: &Kubeconfig, context: Option<&str>) -> Option<String> {
    let wanted = context.or(file.current_context.as_deref())?;
    let named = file.contexts.iter().find(|c| c.name == wanted)?;
    named.context.as_ref().map(|c| c.cluster.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- name: c\n  context: \
        {cluster: k, user: u}\nclusters:\n- name: k\n  cluster: {server: 'https://127.0.0.1:1', \
        certificate-authority: ca.pem}\nusers:\n- name: u\n  user: {client-certificate: cert.pem, client-key: \
        key.pem, tokenFile: t}\n";

    #[test]
    fn the_files_it_names_lie_beside_it_and_are_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        std::fs::write(&path, FILE).unwrap();
        for name in ["ca.pem", "cert.pem", "key.pem"] {
            std::fs::write(dir.path().join(name), name).unwrap();
        }
        let mut file = read(&path).unwrap();
        take_in(&mut file, None).unwrap();
        let cluster = file.clusters[0].cluster.clone().unwrap();
        assert_eq!(cluster.certificate_authority_data.as_deref(), Some(STANDARD.encode("ca.pem").as_str()));
        let user = file.auth_infos[0].auth_info.clone().unwrap();
        assert_eq!(user.client_certificate_data.as_deref(), Some(STANDARD.encode("cert.pem").as_str()));
        assert_eq!(user.token_file.as_deref(), Some(dir.path().join("t").to_str().unwrap()));
        if cfg!(unix) {
            std::fs::write(&path, FILE.replace("ca.pem", "/dev/zero")).unwrap();
            let said = take_in(&mut read(&path).unwrap(), None).unwrap_err().to_string();
            assert!(said.contains("certificate-authority") && said.contains("never end"), "{said}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pods_own_files_are_bounded() {
        let dir = tempfile::tempdir().unwrap();
        assert!(check_files(dir.path()).is_ok(), "nothing there is no pod");
        std::os::unix::fs::symlink("/dev/zero", dir.path().join("ca.crt")).unwrap();
        assert!(matches!(check_files(dir.path()), Err(CollectError::NotAFile { .. })));
    }

    #[test]
    fn what_cannot_be_read_is_not_quoted() {
        let said = parse(b"users:\n- name: u\n  user:\n    token: [hidden\n    x: hidden\n").unwrap_err();
        assert!(!said.contains("hidden"), "{said}");
        assert!(parse(b"\xff").is_err());
        assert!(parse("\u{feff}apiVersion: v1\nkind: Config\n".as_bytes()).is_ok());
    }
}
