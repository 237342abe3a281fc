//! `ControllerRevision`s: the history `kubectl rollout history` and `undo` read.

use serde_json::{Value, json};

use super::common::{Context, owned, owner_reference, template_hash};
use crate::objects::{
    address::{Gvr, Key},
    json as j,
};

/// Label that ties pods and revisions together.
pub(crate) const HASH_LABEL: &str = "controller-revision-hash";

/// Makes sure the current template has a revision, the newest; returns its hash.
pub(crate) async fn current(ctx: &Context, owner: &Value, controller: &str) -> String {
    let gvr = Gvr::apps("controllerrevisions");
    let template = j::at(owner, "/spec/template");
    let hash = template_hash(template);
    let known = owned(&ctx.store, &gvr, owner);
    let newest = known.iter().filter_map(|r| j::int(r, "/revision")).max().unwrap_or(0);
    let same = known.iter().find(|r| j::text(r, &format!("/metadata/labels/{HASH_LABEL}")) == hash);
    if let Some(revision) = same {
        if j::int(revision, "/revision") != Some(newest) {
            // Rolling back makes an old template the newest revision again.
            let _ = ctx.store.update(&Key::of(&gvr, revision), |revision| {
                j::put(revision, "/revision", (newest + 1).into());
            });
        }
        return hash;
    }
    let mut labels = j::at(template, "/metadata/labels").clone();
    j::object(&mut labels).insert(HASH_LABEL.into(), hash.as_str().into());
    let mut data = template.clone();
    j::put(&mut data, "/$patch", "replace".into());
    let mut revision = json!({
        "metadata": {
            "name": format!("{}-{hash}", j::name(owner)), "namespace": j::namespace(owner),
            "labels": labels, "ownerReferences": [owner_reference(owner)],
        },
        "data": {"spec": {"template": data}},
        "revision": newest + 1,
    });
    let cause = j::at(owner, "/metadata/annotations/kubernetes.io~1change-cause");
    if !cause.is_null() {
        j::put(&mut revision, "/metadata/annotations/kubernetes.io~1change-cause", cause.clone());
    }
    // Failing here means the namespace is going away; pods will say so too.
    let _ = ctx.create(&gvr, revision, controller).await;
    prune(ctx, owner, &gvr);
    hash
}

fn prune(ctx: &Context, owner: &Value, gvr: &Gvr) {
    let limit = j::at(owner, "/spec/revisionHistoryLimit").as_u64();
    let limit = limit.and_then(|l| usize::try_from(l).ok()).unwrap_or(10);
    let mut all = owned(&ctx.store, gvr, owner);
    all.sort_by_key(|r| j::int(r, "/revision"));
    let pods = owned(&ctx.store, &Gvr::core("pods"), owner);
    let hash = |object: &Value| j::text(object, &format!("/metadata/labels/{HASH_LABEL}")).to_owned();
    // The limit counts old revisions; the current one comes on top.
    let surplus = all.len().saturating_sub(limit + 1);
    for revision in all.into_iter().take(surplus) {
        if !pods.iter().any(|pod| hash(pod) == hash(&revision)) {
            let _ = ctx.store.delete(&Key::of(gvr, &revision));
        }
    }
}
