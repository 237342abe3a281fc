//! What clients of the lab need to know: an environment, a kubeconfig, CA files.

use std::{collections::BTreeMap, fmt::Write, path::Path};

use trustwalk_lab_issuer::pki::{LeafKey, Presentation, days_after, to_pem};

use crate::{
    Lab, LabError,
    clock::LEAF_AGE_DAYS,
    files::{self, BUNDLE, ENV, INCOMING, KUBECONFIG, LIBRARY},
    world::names::{CI_ISSUER_HOST, EKS_ISSUER_HOST, REGION},
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
        connect.extend(self.outside_rules());
        let (id, secret) = self.inner.account.admin_keys();
        let pairs = [
            ("TRUSTWALK_LAB_DIR", dir.display().to_string()),
            ("KUBECONFIG", path(KUBECONFIG)),
            ("AWS_ENDPOINT_URL", format!("http://{}", addresses.aws)),
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_CA_BUNDLE", path(BUNDLE)),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("TRUSTWALK_CONNECT_TO", connect.join(",")),
            ("TRUSTWALK_CA_BUNDLE", path(BUNDLE)),
            ("TRUSTWALK_CA_LIBRARY", path(LIBRARY)),
            ("TRUSTWALK_TRUST_MODEL", self.trust_model().name().to_owned()),
        ];
        let told = |name: &str| name != "KUBECONFIG" || self.has_cluster();
        pairs.into_iter().filter(|(name, _)| told(name)).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Writes `kubeconfig`, `env` (to be sourced), `ca-bundle.pem`, `ca-library.pem` and
    /// `incoming.pem` into `dir`, readable by their owner only.
    pub fn write_files(&self, dir: &Path) -> Result<(), LabError> {
        files::private_dir(dir)?;
        if self.has_cluster() {
            files::write_private(&dir.join(KUBECONFIG), self.inner.kubeconfig.as_bytes())?;
        }
        let pem = self.roots_pem();
        files::write_private(&dir.join(BUNDLE), pem.as_bytes())?;
        files::write_private(&dir.join(LIBRARY), pem.as_bytes())?;
        files::write_private(&dir.join(INCOMING), self.incoming_pem()?.as_bytes())?;
        let mut text = String::new();
        for (name, value) in self.env_in(dir) {
            // Single quotes keep every character but themselves.
            let _ = writeln!(text, "export {name}='{}'", value.replace('\'', "'\\''"));
        }
        files::write_private(&dir.join(ENV), text.as_bytes())
    }

    /// A chain of the hierarchy that is to come, for the EKS issuer.
    fn incoming_pem(&self) -> Result<String, LabError> {
        let from = days_after(self.inner.clock.now(), -LEAF_AGE_DAYS);
        let chain = self.inner.new_hierarchy.present(&[EKS_ISSUER_HOST], from, Presentation::Full, LeafKey::P256)?;
        Ok(to_pem(&chain.certificates))
    }

    /// The roots the lab's public trusts: both hierarchies, and what was brought from outside.
    fn roots_pem(&self) -> String {
        let mut roots = self.inner.old_hierarchy.roots();
        roots.extend(self.inner.new_hierarchy.roots());
        roots.extend(self.inner.config.outside.roots.iter().cloned());
        to_pem(&roots)
    }
}
