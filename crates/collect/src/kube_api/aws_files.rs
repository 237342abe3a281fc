//! Files of containers in which SDKs look for profiles and keys: where they are mounted from, and what a `ConfigMap`
//! says in them. Secrets are never read, and of keys in a `ConfigMap` nothing is kept but that they are there.

use std::collections::BTreeMap;

use serde_json::Value;
use trustwalk_core::evidence::{AwsFile, AwsProfile, FileOrigin, Observed, PodSpec, Variable};
use trustwalk_foreign::shell;

use super::client::KubeApi;
use super::values::{array, opt, text};
use crate::limits::CONFIG_MAPS;
use crate::percent::segment;

/// Variables that name such a file.
const VARIABLES: [Variable; 2] = [Variable::AwsConfigFile, Variable::AwsSharedCredentialsFile];
/// Where SDKs look by default, below the home folder.
const FOLDER: &str = ".aws";
/// Entries of a `ConfigMap` that is mounted as that folder.
const ENTRIES: [&str; 2] = ["config", "credentials"];

/// The volumes of a pod by name.
pub(super) struct Mounts<'a>(BTreeMap<&'a str, &'a Value>);

impl<'a> Mounts<'a> {
    /// Of a pod or a template.
    pub(super) fn of(pod: &'a Value) -> Self {
        Self(array(pod, "/spec/volumes").filter_map(|v| Some((v.get("name")?.as_str()?, v))).collect())
    }

    /// Where a file comes from.
    fn origin(&self, container: &Value, path: &str) -> FileOrigin {
        let below = |mount: &Value| {
            let place = text(mount, "/mountPath");
            let rest = path.strip_prefix(place.trim_end_matches('/'))?;
            (rest.is_empty() || rest.starts_with('/')).then(|| (place.len(), rest.trim_matches('/').to_owned()))
        };
        let found = array(container, "/volumeMounts").filter_map(|m| Some((below(m)?, m))).max_by_key(|((n, _), _)| *n);
        let Some(((_, rest), mount)) = found else { return FileOrigin::Image };
        let name = text(mount, "/name");
        let inside = [text(mount, "/subPath"), rest].join("/");
        self.0.get(name.as_str()).map_or(FileOrigin::Image, |volume| of_volume(volume, name, inside.trim_matches('/')))
    }
}

fn of_volume(volume: &Value, name: String, path: &str) -> FileOrigin {
    if let Some(map) = volume.get("configMap") {
        return FileOrigin::ConfigMap { name: text(map, "/name"), key: key(map, path) };
    }
    if let Some(secret) = volume.get("secret") {
        return FileOrigin::Secret { name: text(secret, "/secretName"), key: key(secret, path) };
    }
    // Of several sources the one counts that says that it has the file, or else the only one there is.
    let sources: Vec<&Value> = array(volume, "/projected/sources").collect();
    let named = sources.iter().find(|s| s.as_object().into_iter().flatten().any(|(_, v)| item(v, path).is_some()));
    match named.or(sources.first().filter(|_| sources.len() == 1)) {
        Some(source) if source.get("configMap").is_some() || source.get("secret").is_some() => {
            let (member, secret) = source.get("secret").map_or(("/configMap/name", false), |_| ("/secret/name", true));
            let key = source.as_object().into_iter().flatten().find_map(|(_, v)| key(v, path));
            let name = text(source, member);
            if secret { FileOrigin::Secret { name, key } } else { FileOrigin::ConfigMap { name, key } }
        }
        _ => {
            let kind = volume.as_object().into_iter().flatten().map(|(k, _)| k).find(|k| *k != "name");
            FileOrigin::Volume { name, volume_kind: kind.cloned().unwrap_or_default() }
        }
    }
}

/// The entry that an `items` list puts at a path.
fn item(source: &Value, path: &str) -> Option<String> {
    array(source, "/items").find(|i| text(i, "/path") == path).map(|i| text(i, "/key"))
}

/// The entry that is at a path: an item's, or else the one called so.
fn key(source: &Value, path: &str) -> Option<String> {
    let listed = source.get("items").is_some();
    item(source, path).or_else(|| (!listed && !path.is_empty() && !path.contains('/')).then(|| path.to_owned()))
}

/// The files that a container is told of, and those that are mounted where SDKs look by default.
pub(super) fn named(container: &Value, mounts: &Mounts<'_>) -> Vec<AwsFile> {
    let told = array(container, "/env").filter_map(|e| {
        let variable = VARIABLES.into_iter().find(|v| e.get("name").and_then(Value::as_str) == Some(v.name()))?;
        Some((Some(variable), opt(e, "/value")?))
    });
    let by_default = array(container, "/volumeMounts").map(|m| text(m, "/mountPath")).filter(|path| {
        let mut parts = path.trim_end_matches('/').rsplit('/');
        let (last, before) = (parts.next().unwrap_or_default(), parts.next());
        last == FOLDER || (before == Some(FOLDER) && ENTRIES.contains(&last))
    });
    let all = told.chain(by_default.map(|path| (None, path)));
    let file = |(variable, path): (Option<Variable>, String)| AwsFile {
        from: mounts.origin(container, &path),
        variable: variable.map(|v| v.name().to_owned()),
        path,
        profiles: Observed::NotCollected { reason: "it does not come from a ConfigMap".to_owned() },
    };
    all.map(file).collect()
}

/// What the files of these pods say that come from `ConfigMap`s, each of which is read once.
pub(crate) async fn read_profiles(kube: &KubeApi, namespace: &str, specs: &mut [&mut PodSpec]) {
    let mut read: BTreeMap<String, Observed<Value>> = BTreeMap::new();
    let files = specs.iter_mut().flat_map(|spec| &mut spec.containers).flat_map(|c| &mut c.aws_files);
    for file in files {
        let FileOrigin::ConfigMap { name, key } = &file.from else { continue };
        if !read.contains_key(name) {
            let map = if read.len() < CONFIG_MAPS {
                config_map(kube, namespace, name).await
            } else {
                Observed::NotCollected { reason: format!("no more than {CONFIG_MAPS} ConfigMaps are read") }
            };
            read.insert(name.clone(), map);
        }
        let map = read.get(name).cloned().unwrap_or_default();
        let names = key.as_ref().map_or_else(|| ENTRIES.to_vec(), |key| vec![key.as_str()]);
        file.profiles = map.map(|map| {
            let texts = names.iter().filter_map(|n| map.get("data")?.get(n)?.as_str());
            texts.flat_map(profiles).collect()
        });
    }
}

async fn config_map(kube: &KubeApi, namespace: &str, name: &str) -> Observed<Value> {
    kube.get(
        &format!("/api/v1/namespaces/{}/configmaps/{}", segment(namespace), segment(name)),
        &format!("ConfigMap {namespace}/{name}"),
        "get configmaps",
        &shell::line("kubectl get configmap {} -n {} -o yaml", &[name, namespace]),
    )
    .await
}

/// The profiles of a configuration file (AWS SDKs and Tools Reference Guide, "Format of the config file").
pub(crate) fn profiles(text: &str) -> Vec<AwsProfile> {
    let mut all: Vec<AwsProfile> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(section) = trimmed.strip_prefix('[') {
            let section = section.split(']').next().unwrap_or_default().trim();
            let name =
                section.strip_prefix("profile").filter(|n| n.starts_with(char::is_whitespace)).unwrap_or(section);
            all.push(AwsProfile { name: name.trim().to_owned(), ..AwsProfile::default() });
            continue;
        }
        // An indented line belongs to the setting above it, and a comment begins a line.
        if line.starts_with(char::is_whitespace) || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let (Some(profile), Some((name, value))) = (all.last_mut(), trimmed.split_once('=')) {
            set(profile, name.trim(), value.trim());
        }
    }
    all
}

fn set(profile: &mut AwsProfile, name: &str, value: &str) {
    let some = || Some(value.to_owned()).filter(|v| !v.is_empty());
    match name.to_ascii_lowercase().as_str() {
        "role_arn" => profile.role_arn = some(),
        "web_identity_token_file" => profile.web_identity_token_file = some(),
        "source_profile" => profile.source_profile = some(),
        "credential_source" => profile.credential_source = some(),
        "role_session_name" => profile.role_session_name = some(),
        "region" => profile.region = some(),
        "sts_regional_endpoints" => profile.sts_regional_endpoints = some(),
        "aws_access_key_id" => profile.has_keys = true,
        "credential_process" => profile.has_process = true,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn files(env: &Value, mounts: &Value, volumes: &Value) -> Vec<AwsFile> {
        let pod = json!({"spec": {"volumes": volumes}});
        named(&json!({"env": env, "volumeMounts": mounts}), &Mounts::of(&pod))
    }

    #[test]
    fn a_file_is_followed_to_what_it_is_mounted_from() {
        let env = json!([{"name": "AWS_CONFIG_FILE", "value": "/etc/aws/cfg"},
            {"name": "AWS_SHARED_CREDENTIALS_FILE", "value": "/secrets/keys"}]);
        let mounts = json!([{"name": "c", "mountPath": "/etc/aws/"}, {"name": "s", "mountPath": "/secrets"},
            {"name": "h", "mountPath": "/home/app/.aws"},
                {"name": "p", "mountPath": "/app/.aws/config", "subPath": "x"}]);
        let volumes = json!([
            {"name": "c", "configMap": {"name": "aws", "items": [{"key": "main", "path": "cfg"}]}},
            {"name": "s", "secret": {"secretName": "keys"}}, {"name": "h", "hostPath": {"path": "/x"}},
            {"name": "p", "projected": {"sources": [{"configMap": {"name": "more"}}]}},
        ]);
        let found = files(&env, &mounts, &volumes);
        let origins: Vec<&FileOrigin> = found.iter().map(|f| &f.from).collect();
        let text = |t: &str| t.to_owned();
        assert_eq!(
            origins,
            [
                &FileOrigin::ConfigMap { name: text("aws"), key: Some(text("main")) },
                &FileOrigin::Secret { name: text("keys"), key: Some(text("keys")) },
                &FileOrigin::Volume { name: text("h"), volume_kind: text("hostPath") },
                &FileOrigin::ConfigMap { name: text("more"), key: Some(text("x")) },
            ]
        );
        assert_eq!(found[0].variable(), Some(Variable::AwsConfigFile));
        assert_eq!(found[2].variable, None);
        let alone = files(&json!([{"name": "AWS_CONFIG_FILE", "value": "/etc/awsome/c"}]), &mounts, &volumes);
        assert_eq!(alone[0].from, FileOrigin::Image);
    }

    #[test]
    fn of_profiles_only_what_leads_to_a_role_is_kept() {
        let hidden = ["can", "ary"].concat();
        let text = format!(
            "[default]\nregion = eu-west-1\n# role_arn = x\n[profile app]\nrole_arn=arn:aws:iam::1:role/r\n\
             web_identity_token_file = /t\ns3 =\n  role_arn = nested\n[keys]\naws_access_key_id = {hidden}\n\
             aws_secret_access_key = {hidden}\npassword = {hidden}\n"
        );
        let read = profiles(&text);
        assert_eq!(read.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["default", "app", "keys"]);
        assert_eq!((read[0].region.as_deref(), read[0].role_arn.as_deref()), (Some("eu-west-1"), None));
        assert_eq!(read[1].role_arn.as_deref(), Some("arn:aws:iam::1:role/r"));
        assert!(read[2].has_keys && !format!("{read:?}").contains(&hidden));
        assert_eq!(profiles("role_arn = x\n"), []);
    }
}
