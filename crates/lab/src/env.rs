//! What clients of the lab need to know: an environment, a kubeconfig, CA files.

use std::{collections::BTreeMap, fmt::Write, path::Path};

use serde_json::{Value, json};
use trustwalk_lab_cluster::json as j;
use trustwalk_lab_issuer::pki::{LeafKey, Presentation, days_after, to_pem};

use crate::{
    Lab, LabError,
    clock::LEAF_AGE_DAYS,
    files::{self, BUNDLE, ENV, INCOMING, KUBECONFIG, LIBRARY, PROFILES},
    world::names::{CI_ISSUER_HOST, EKS_ISSUER_HOST},
};

impl Lab {
    /// The environment of a client, with the paths [`Lab::write_files`] uses in the
    /// lab's own folder. It holds the lab's credentials.
    pub fn env(&self) -> BTreeMap<String, String> {
        self.env_in(self.dir())
    }

    fn env_in(&self, dir: &Path) -> BTreeMap<String, String> {
        let path = |name: &str| dir.join(name).display().to_string();
        let addresses = self.addresses();
        let issuer = addresses.issuer;
        let mut connect: Vec<String> =
            [EKS_ISSUER_HOST, CI_ISSUER_HOST].iter().map(|host| format!("{host}:443:{issuer}")).collect();
        let hosts = self.inner.scene.get().into_iter().flat_map(|scene| scene.chains.keys());
        let more = hosts.filter(|host| ![EKS_ISSUER_HOST, CI_ISSUER_HOST].contains(&host.as_str()));
        connect.extend(more.map(|host| format!("{host}:443:{issuer}")));
        connect.extend(self.outside_rules());
        let (id, secret) = self.inner.story.account.admin_keys();
        let region = self.inner.story.account.account().region().to_owned();
        let pairs = [
            ("TRUSTWALK_LAB_DIR", dir.display().to_string()),
            ("KUBECONFIG", path(KUBECONFIG)),
            ("AWS_ENDPOINT_URL", format!("http://{}", addresses.aws)),
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_REGION", region.clone()),
            ("AWS_DEFAULT_REGION", region),
            ("AWS_CA_BUNDLE", path(BUNDLE)),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("TRUSTWALK_CONNECT_TO", connect.join(",")),
            ("TRUSTWALK_CA_BUNDLE", path(BUNDLE)),
            ("TRUSTWALK_CA_LIBRARY", path(LIBRARY)),
            ("TRUSTWALK_TRUST_MODEL", self.trust_model().name().to_owned()),
        ];
        let profiles = self
            .inner
            .scene
            .get()
            .and_then(|scene| scene.members.first())
            .map(|first| [("AWS_CONFIG_FILE", path(PROFILES)), ("AWS_PROFILE", first.alias.clone())]);
        // Keys of the environment would go before a profile's.
        let own = |name: &str| !name.ends_with("_KEY") && !name.ends_with("_KEY_ID");
        let told = |name: &str| match name {
            "KUBECONFIG" => self.kubeconfig().is_some(),
            name => profiles.is_none() || own(name),
        };
        let all = pairs.into_iter().filter(|(name, _)| told(name));
        all.chain(profiles.clone().into_iter().flatten()).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// A configuration of Kubernetes clients, with a context for each cluster that has an API server.
    fn kubeconfig(&self) -> Option<String> {
        if self.has_cluster() {
            return Some(self.inner.story.kubeconfig.clone());
        }
        let sites = self.inner.scene.get().map(|scene| scene.sites.as_slice()).unwrap_or_default();
        let first = sites.first()?;
        let mut merged = json!({"apiVersion": "v1", "kind": "Config", "current-context": first.place.cluster});
        for site in sites {
            let own: Value = serde_json::from_str(&site.kubeconfig).ok()?;
            let (name, user) = (&site.place.cluster, format!("{}-admin", site.place.cluster));
            let cluster = j::at(&own, "/clusters/0").clone();
            let context = json!({"name": name, "context": {"cluster": j::at(&cluster, "/name"), "user": user}});
            let user = json!({"name": user, "user": j::at(&own, "/users/0/user")});
            for (list, entry) in [("clusters", cluster), ("contexts", context), ("users", user)] {
                j::object(&mut merged).entry(list).or_insert_with(|| json!([])).as_array_mut()?.push(entry);
            }
        }
        Some(format!("{merged:#}\n"))
    }

    /// A profile for each account's administrator, and for each of its users, as AWS's clients read them.
    fn profiles(&self, dir: &Path) -> String {
        let mut text = String::new();
        let endpoint = format!("http://{}", self.addresses().aws);
        let bundle = dir.join(BUNDLE).display().to_string();
        for member in self.inner.scene.get().into_iter().flat_map(|scene| &scene.members) {
            let admin = (member.alias.clone(), member.account.admin_credentials());
            let users = member.users.iter().map(|(name, keys)| (format!("{}-{name}", member.alias), keys.clone()));
            for (name, keys) in std::iter::once(admin).chain(users) {
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "[profile {name}]\naws_access_key_id = {}\naws_secret_access_key = {}\nregion = {}\nendpoint_url = \
                     {endpoint}\nca_bundle = {bundle}\n",
                    keys.access_key_id,
                    keys.secret_access_key,
                    member.account.region()
                );
            }
        }
        text
    }

    /// Writes `kubeconfig`, `env` (to be sourced), `ca-bundle.pem`, `ca-library.pem` and
    /// `incoming.pem` into `dir`, readable by their owner only.
    pub fn write_files(&self, dir: &Path) -> Result<(), LabError> {
        files::private_dir(dir)?;
        if let Some(kubeconfig) = self.kubeconfig() {
            files::write_private(&dir.join(KUBECONFIG), kubeconfig.as_bytes())?;
        }
        let pem = self.roots_pem();
        files::write_private(&dir.join(BUNDLE), pem.as_bytes())?;
        files::write_private(&dir.join(LIBRARY), pem.as_bytes())?;
        files::write_private(&dir.join(INCOMING), self.incoming_pem()?.as_bytes())?;
        let mut text = String::new();
        if self.inner.scene.get().is_some() {
            files::write_private(&dir.join(PROFILES), self.profiles(dir).as_bytes())?;
            text.push_str("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN\n");
        }
        for (name, value) in self.env_in(dir) {
            // Single quotes keep every character but themselves.
            let _ = writeln!(text, "export {name}='{}'", value.replace('\'', "'\\''"));
        }
        files::write_private(&dir.join(ENV), text.as_bytes())
    }

    /// A chain of the hierarchy that is to come, for the EKS issuer.
    fn incoming_pem(&self) -> Result<String, LabError> {
        let from = days_after(self.inner.clock.now(), -LEAF_AGE_DAYS);
        let chain =
            self.inner.story.authorities.new.present(&[EKS_ISSUER_HOST], from, Presentation::Full, LeafKey::P256)?;
        Ok(to_pem(&chain.certificates))
    }

    /// The roots the lab's public trusts: both hierarchies, and what was brought from outside.
    fn roots_pem(&self) -> String {
        let mut roots = self.inner.story.authorities.old.roots();
        roots.extend(self.inner.story.authorities.new.roots());
        roots.extend(self.inner.config.outside.roots.iter().cloned());
        to_pem(&roots)
    }
}
