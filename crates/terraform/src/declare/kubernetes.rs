//! Service accounts and workloads that Terraform makes in a cluster.

use hcl_edit::structure::Body;
use trustwalk_checkout::{Account, Said, Text, Unread, Workload};

use crate::eval::{Ctx, Instance};
use crate::value::{Kind, Val};

use super::{Declare, Seen};

impl Declare<'_, '_> {
    pub(super) fn account(&mut self, seen: &Seen) {
        let metadata = self.given(seen, "metadata");
        let Some(metadata) = metadata.as_ref().and_then(Val::as_list).and_then(<[_]>::first) else { return };
        let namespace = metadata.get("namespace").cloned();
        let name = match metadata.get("name") {
            Some(name) => self.said(name),
            None => Said::new(Text::unknown(format!("{}.metadata[0].name", seen.from.address)), self.place(seen.at)),
        };
        let annotations = metadata.get("annotations").cloned();
        self.push_account(seen, namespace, name, annotations.as_ref());
    }

    /// The namespace of the provider is `default` where none is given, as kubectl's is.
    fn push_account(&mut self, seen: &Seen, namespace: Option<Val>, name: Said<Text>, annotations: Option<&Val>) {
        let namespace = match namespace {
            Some(namespace) => self.said(&namespace),
            None => Said::new("default".into(), self.place(seen.at)),
        };
        let account = Account {
            from: seen.from.clone(),
            cluster: self.cluster_name(seen),
            namespace: Some(namespace),
            name,
            annotations: self.pairs(annotations),
        };
        self.out.accounts.push(account);
    }

    /// A map as pairs of texts.
    pub(super) fn pairs(&mut self, map: Option<&Val>) -> Vec<(Said<Text>, Said<Text>)> {
        let members = map.and_then(Val::as_map).unwrap_or_default().to_vec();
        members
            .into_iter()
            .map(|(key, value)| {
                let name = Said::new(key.name.to_text(), self.place(key.at));
                (name, self.said(&value))
            })
            .collect()
    }

    /// `kubernetes_annotations` gives annotations to what something else makes.
    pub(super) fn annotations(&mut self, seen: &Seen) {
        let kind = self.given(seen, "kind").and_then(|kind| kind.known_text());
        if kind.as_deref() != Some("ServiceAccount") {
            return;
        }
        let metadata = self.given(seen, "metadata");
        let Some(metadata) = metadata.as_ref().and_then(Val::as_list).and_then(<[_]>::first) else { return };
        let Some(name) = metadata.get("name") else { return };
        let (name, namespace) = (self.said(name), metadata.get("namespace").cloned());
        let annotations = self.given(seen, "annotations");
        self.push_account(seen, namespace, name, annotations.as_ref());
    }

    /// An object of Kubernetes as an attribute holds it.
    pub(super) fn manifest(&mut self, seen: &Seen, attribute: &str) {
        let Some(object) = self.given(seen, attribute) else { return };
        self.object(seen, &object);
    }

    /// Objects of Kubernetes as a text holds them.
    pub(super) fn manifest_text(&mut self, seen: &Seen) {
        let Some(body) = self.given(seen, "yaml_body") else { return };
        for object in self.documents_of(&body) {
            self.object(seen, &object);
        }
    }

    /// The documents of a YAML text; one that is not is told.
    pub(super) fn documents_of(&mut self, text: &Val) -> Vec<Val> {
        match &text.kind {
            Kind::Json(value) => vec![(**value).clone()],
            Kind::Text(rope) => crate::json::read(rope)
                .ok()
                .map(|value| vec![value])
                .or_else(|| crate::yaml::read(rope))
                .unwrap_or_else(|| {
                    let why = "the text is not YAML that can be read".to_owned();
                    self.out.unread.push(Unread { at: self.place(text.at), why });
                    Vec::new()
                }),
            _ => {
                self.notice(text);
                Vec::new()
            }
        }
    }

    fn object(&mut self, seen: &Seen, object: &Val) {
        let text = |name: &str| object.get(name).and_then(Val::known_text);
        let (Some(kind), Some(metadata)) = (text("kind"), object.get("metadata")) else { return };
        let Some(name) = metadata.get("name") else { return };
        let (name, namespace) = (self.said(name), metadata.get("namespace").cloned());
        if kind == "ServiceAccount" {
            self.push_account(seen, namespace, name, metadata.get("annotations"));
            return;
        }
        let Some(template) = template_of(&kind, object) else { return };
        let named = template.get("spec").and_then(|spec| spec.get("serviceAccountName")).cloned();
        let account = match named {
            Some(account) => self.said(&account),
            None => Said::new("default".into(), self.place(template.at)),
        };
        let workload = Workload {
            from: seen.from.clone(),
            kind,
            namespace: namespace.map(|namespace| self.said(&namespace)),
            name,
            account,
            template: self.node(&template),
        };
        self.out.workloads.push(workload);
    }

    /// The cluster that the provider of a resource talks to, where its block tells: `aws eks get-token` or an endpoint.
    pub(super) fn cluster_name(&mut self, seen: &Seen) -> Option<Text> {
        let block = self.eval.folders.blocks.get(seen.which.1)?;
        let kind = block.label(0).split('_').next()?.to_owned();
        let given = block.hcl.body.get_attribute("provider").map(|found| found.value.to_string());
        let alias = given.and_then(|given| given.trim().split_once('.').map(|(_, alias)| alias.to_owned()));
        let mut scope = seen.which.0;
        loop {
            let here = self.eval.scopes.get(scope)?;
            let found = here.folder.providers.iter().copied().find(|block| {
                let own = block.hcl.body.get_attribute("alias").and_then(|found| found.value.as_str());
                block.label(0) == kind && own == alias.as_deref()
            });
            if let Some(block) = found {
                let ctx = Ctx { scope, unit: block.unit, instance: Some(&Instance::ONLY), frame: None };
                return self.told_by_provider(&ctx, &block.hcl.body);
            }
            scope = here.call.map(|(caller, _)| caller)?;
        }
    }

    fn told_by_provider(&mut self, ctx: &Ctx<'_>, body: &Body) -> Option<Text> {
        // Helm's provider has the same inside `kubernetes`.
        let inner = body.blocks().find(|block| block.ident.value().as_str() == "kubernetes");
        let body = inner.map_or(body, |block| &block.body);
        for exec in self.eval.nested(ctx, body, "exec") {
            let args = exec.get("args").and_then(Val::as_list).unwrap_or_default().to_vec();
            let named = args.iter().position(|arg| arg.known_text().as_deref() == Some("--cluster-name"));
            if let Some(name) = named.and_then(|at| args.get(at + 1)) {
                return Some(self.text(name));
            }
        }
        let host = body.get_attribute("host").map(|found| self.eval.eval(ctx, &found.value))?;
        let Kind::Unknown(sym) = &host.kind else { return None };
        self.eval.facts.endpoints.iter().find(|(endpoint, _)| *endpoint == *sym.name).map(|(_, name)| name.clone())
    }
}

/// The template of a workload's pods.
fn template_of(kind: &str, object: &Val) -> Option<Val> {
    let spec = object.get("spec")?;
    match kind {
        "Pod" => Some(object.clone()),
        "CronJob" => spec.get("jobTemplate")?.get("spec")?.get("template").cloned(),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" | "ReplicationController" => {
            spec.get("template").cloned()
        }
        _ => None,
    }
}
