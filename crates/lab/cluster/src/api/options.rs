//! Options of writes, which stand in the query (Kubernetes source, `apimachinery/pkg/apis/meta/v1/validation`, whose
//! words these are).

use http::Method;
use serde_json::json;

use super::request::Call;
use crate::objects::{
    errors::ApiError,
    problems::{Problem, refusal},
};

/// Longest name of a field manager, in bytes.
const LONGEST_MANAGER: usize = 128;

/// Refuses options that no write has.
pub(crate) fn check(call: &Call) -> Result<(), ApiError> {
    let (kind, patches) = match call.method {
        Method::POST => ("CreateOptions", false),
        Method::PUT => ("UpdateOptions", false),
        Method::PATCH => ("PatchOptions", true),
        Method::DELETE => ("DeleteOptions", false),
        _ => return Ok(()),
    };
    let mut problems = Vec::new();
    let manager = call.param("fieldManager");
    if patches && call.content_type() == "application/apply-patch+yaml" {
        if manager.is_empty() {
            problems.push(Problem::required("fieldManager", "is required for apply patch"));
        }
    } else if patches && !call.param("force").is_empty() {
        problems.push(Problem::forbidden("force", "may not be specified for non-apply patch"));
    }
    if call.method != Method::DELETE {
        if manager.len() > LONGEST_MANAGER {
            problems.push(Problem::too_long("fieldManager", LONGEST_MANAGER));
        }
        for (at, unseen) in manager.char_indices().filter(|(_, c)| c.is_control()) {
            let why = format!("invalid character U+{:04X} (at position {at})", u32::from(unseen));
            problems.push(Problem::invalid("fieldManager", &manager.into(), &why));
        }
    }
    let dry: Vec<&str> = call.query.iter().filter(|(name, _)| name == "dryRun").map(|(_, v)| v.as_str()).collect();
    if dry.iter().any(|run| *run != "All") {
        problems.push(Problem::unsupported("dryRun", &json!(dry), &["All"]));
    }
    refusal(kind, "meta.k8s.io", "", &problems)
}
