//! Clusters, add-ons, associations.

use trustwalk_checkout::{Addon, Association, Cluster, Said, Text, account_of_addon};

use crate::value::Val;

use super::{Declare, Seen};

impl Declare<'_, '_> {
    pub(super) fn cluster(&mut self, seen: &Seen) {
        let Some(name) = self.given(seen, "name") else { return };
        let issuer = self.eval.issuer(seen.which, seen.at);
        let built_in_agent = self.given(seen, "compute_config").is_some();
        let (name, issuer) = (self.said(&name), self.text(&issuer));
        let cluster = Cluster { from: seen.from.clone(), name, issuer, built_in_agent };
        self.out.clusters.push(cluster);
    }

    pub(super) fn addon(&mut self, seen: &Seen) {
        let (Some(cluster), Some(name)) = (self.given(seen, "cluster_name"), self.given(seen, "addon_name")) else {
            return;
        };
        let role = self.given(seen, "service_account_role_arn").filter(Val::is_some_text).map(|arn| self.said(&arn));
        let (cluster, name) = (self.text(&cluster), self.said(&name));
        let account = name.value.known().and_then(account_of_addon);
        let account = account.map(|(namespace, account)| (namespace.into(), account.into()));
        self.addon_associations(seen, &cluster, account.as_ref());
        self.out.addons.push(Addon { from: seen.from.clone(), cluster, name, role, account });
    }

    /// An add-on can bring associations for its service accounts, which are in its namespace.
    fn addon_associations(&mut self, seen: &Seen, cluster: &Text, own: Option<&(Text, Text)>) {
        let blocks = self.given(seen, "pod_identity_association");
        for block in blocks.as_ref().and_then(Val::as_list).unwrap_or_default() {
            let (Some(account), Some(role)) = (block.get("service_account"), block.get("role_arn")) else { continue };
            let symbol = format!("namespace of {}", seen.from.address);
            let namespace = own.map_or_else(|| Text::unknown(symbol), |(namespace, _)| namespace.clone());
            let association = Association {
                from: trustwalk_checkout::Identity { at: self.place(block.at), ..seen.from.clone() },
                cluster: cluster.clone(),
                namespace: Said::new(namespace, self.place(block.at)),
                account: self.said(account),
                role: self.said(role),
            };
            self.out.associations.push(association);
        }
    }

    pub(super) fn association(&mut self, seen: &Seen) {
        let names = ["cluster_name", "namespace", "service_account", "role_arn"];
        let [Some(cluster), Some(namespace), Some(account), Some(role)] = names.map(|name| self.given(seen, name))
        else {
            return;
        };
        let association = Association {
            from: seen.from.clone(),
            cluster: self.text(&cluster),
            namespace: self.said(&namespace),
            account: self.said(&account),
            role: self.said(&role),
        };
        self.out.associations.push(association);
    }
}
