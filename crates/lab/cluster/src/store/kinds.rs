//! The kinds that are served: Kubernetes' own, and those of the definitions in the store.

use std::sync::Arc;

use serde_json::Value;

use super::Store;
use crate::objects::{
    address::{Gvr, Key, is_built_in},
    definition, json as j,
    kinds::{KINDS, Kind, MEASURED, find_kind},
};

/// Label of a slice that names its service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Where definitions are.
pub(crate) fn definitions() -> Gvr {
    Gvr::new("apiextensions.k8s.io", "v1", "customresourcedefinitions")
}

impl Store {
    /// The kind of a group, version and plural resource.
    pub(crate) fn kind(&self, group: &str, version: &str, resource: &str) -> Option<&'static Kind> {
        let measured = || {
            let found = MEASURED.iter().find(|k| (k.group, k.version, k.resource) == (group, version, resource));
            found.filter(|_| self.measurer().is_some())
        };
        find_kind(group, version, resource).or_else(measured).or_else(|| {
            let definition = self.definition(group, resource)?;
            let versions = definition::versions(&definition);
            versions
                .iter()
                .filter_map(|version| definition::kind_of(&definition, version))
                .find(|kind| kind.version == version)
        })
    }

    /// The service that is named for measures.
    fn measurer(&self) -> Option<Value> {
        let named = Gvr::new("apiregistration.k8s.io", "v1", "apiservices");
        let named = self.get(&Key::new(named, None, "v1beta1.metrics.k8s.io"))?;
        named.pointer("/spec/service").filter(|service| service.is_object()).cloned()
    }

    /// Whether somebody serves measures now.
    pub(crate) fn measures(&self) -> bool {
        let service = self.measurer();
        service.is_some_and(|of| self.has_endpoints(j::text(&of, "/namespace"), j::text(&of, "/name")))
    }

    /// Whether a pod that is ready stands behind a service (Kubernetes documentation, "`EndpointSlices`").
    pub(crate) fn has_endpoints(&self, namespace: &str, name: &str) -> bool {
        let slices = Gvr::new("discovery.k8s.io", "v1", "endpointslices");
        let own = |slice: &Value| j::at(slice, "/metadata/labels").get(SERVICE_NAME).is_some_and(|of| of == name);
        let ready =
            |point: &Value| j::at(point, "/conditions/ready") != false && !j::items(point, "/addresses").is_empty();
        let all = self.list(&slices, Some(namespace)).1;
        all.iter().filter(|slice| own(slice)).flat_map(|slice| j::items(slice, "/endpoints")).any(ready)
    }

    /// The definition behind a custom resource.
    pub(crate) fn definition(&self, group: &str, resource: &str) -> Option<Arc<Value>> {
        self.get(&Key::new(definitions(), None, &format!("{resource}.{group}")))
    }

    /// The columns that a custom kind's definition names.
    pub(crate) fn printed(&self, kind: &Kind) -> Vec<Value> {
        let definition = self.definition(kind.group, kind.resource).filter(|_| kind.custom);
        let own = definition.as_deref().and_then(|definition| {
            definition::versions(definition).iter().find(|version| j::text(version, "/name") == kind.version)
        });
        own.map(|version| j::items(version, "/additionalPrinterColumns").to_vec()).unwrap_or_default()
    }

    /// Every kind, custom ones last, each in all its versions.
    pub(crate) fn kinds(&self) -> Vec<&'static Kind> {
        let mut all: Vec<&'static Kind> = KINDS.iter().collect();
        if self.measurer().is_some() {
            all.extend(MEASURED);
        }
        for definition in self.list(&definitions(), None).1 {
            all.extend(definition::versions(&definition).iter().filter_map(|v| definition::kind_of(&definition, v)));
        }
        all
    }

    /// The address of the object that an owner reference names, if its kind is served.
    pub(crate) fn owner(&self, reference: &Value, namespace: &str) -> Option<Key> {
        let (group, version) = match j::text(reference, "/apiVersion") {
            text if text.contains('/') => text.split_once('/')?,
            text => ("", text),
        };
        let named = j::text(reference, "/kind");
        let kind = if is_built_in(group) {
            KINDS.iter().find(|k| k.group == group && k.kind == named)?
        } else {
            self.kinds().into_iter().find(|k| k.group == group && k.version == version && k.kind == named)?
        };
        Some(Key::new(kind.gvr(), kind.namespaced.then_some(namespace), j::text(reference, "/name")))
    }
}
