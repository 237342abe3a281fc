//! Updates: what changes are waited for by (EKS API reference, `DescribeUpdate`, `ListUpdates`).

use serde_json::{Value, json};

use super::kept::Update;
use super::{Answer, Desk, missing, time};
use crate::callers::request_id;

/// `DescribeUpdate`, `ListUpdates`.
pub(super) fn call(desk: &Desk<'_>, method: &str, cluster: &str, rest: &[&str]) -> Option<Answer> {
    match (method, rest) {
        ("GET", []) => Some(list(desk, cluster)),
        ("GET", [id]) => Some(one(desk, cluster, id)),
        _ => None,
    }
}

fn about(desk: &Desk<'_>) -> Option<String> {
    desk.asked("addonName").or_else(|| desk.asked("nodegroupName"))
}

fn list(desk: &Desk<'_>, cluster: &str) -> Answer {
    desk.may("ListUpdates", &format!("cluster/{cluster}"))?;
    desk.cluster(cluster)?;
    let about = about(desk);
    let all = desk.beside(cluster).updates;
    let wanted = all.into_iter().filter(|(_, update)| update.about == about);
    desk.page("updateIds", wanted.map(|(id, _)| json!(id)).collect())
}

fn one(desk: &Desk<'_>, cluster: &str, id: &str) -> Answer {
    desk.may("DescribeUpdate", &format!("cluster/{cluster}"))?;
    desk.cluster(cluster)?;
    let beside = desk.beside(cluster);
    let about = about(desk);
    let found = beside.updates.get(id).filter(|update| about.is_none() || update.about == about);
    let update = found.ok_or_else(|| missing(format!("No update found for ID: {id}")))?;
    Ok(json!({"update": shown(id, update, "Successful")}))
}

/// Keeps an update and answers with it, as if it went on still.
pub(super) fn begun(
    desk: &Desk<'_>,
    cluster: &str,
    kind: &str,
    about: Option<&str>,
    params: Vec<(&'static str, String)>,
) -> Value {
    /// Updates kept of a cluster; the oldest give way.
    const MOST: usize = 500;
    let params = params.into_iter().map(|(kind, value)| (kind.to_owned(), value)).collect();
    let update = Update { kind: kind.to_owned(), about: about.map(str::to_owned), params, at: desk.account.now() };
    let id = request_id();
    desk.change(cluster, |beside| {
        if beside.updates.len() >= MOST {
            let oldest = beside.updates.iter().min_by_key(|(_, update)| update.at).map(|(id, _)| id.clone());
            oldest.map(|id| beside.updates.remove(&id));
        }
        beside.updates.insert(id.clone(), update.clone());
    });
    shown(&id, &update, "InProgress")
}

fn shown(id: &str, update: &Update, status: &str) -> Value {
    let params: Vec<Value> = update.params.iter().map(|(kind, value)| json!({"type": kind, "value": value})).collect();
    json!({"id": id, "status": status, "type": update.kind, "params": params, "createdAt": time(update.at),
        "errors": []})
}
