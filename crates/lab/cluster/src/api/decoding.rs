//! Bodies as their kinds have them: decoded, with what is unknown refused, told of or dropped as the request asks.

use serde_json::Value;

use super::{
    reply::{Reply, warn},
    request::{Call, Target},
    shared::Shared,
};
use crate::objects::{
    definition,
    errors::ApiError,
    json as j,
    problems::{Problem, refusal},
    schema::{Strictness, decode, shape_of, structural},
};

/// Takes the body of a request apart; what is told of it besides.
fn taken(shared: &Shared, target: &Target, body: Value) -> Result<(Value, Vec<String>), String> {
    if target.kind.custom {
        let Some(definition) = shared.store.definition(target.kind.group, target.kind.resource) else {
            return Ok((body, Vec::new()));
        };
        let (mut object, mut unknown) = (body, Vec::new());
        structural::prune(definition::schema(&definition, target.kind.version), &mut object, &mut unknown);
        return Ok((object, unknown));
    }
    match shape_of(target.kind) {
        Some(shape) => decode(&shape, body).map(|made| (made.object, made.unknown)),
        None => Ok((body, Vec::new())),
    }
}

/// Decodes the object that a request brings.
pub(crate) fn decoded(
    shared: &Shared,
    call: &Call,
    target: &Target,
    body: Value,
) -> Result<(Value, Vec<String>), ApiError> {
    // Protobuf knows no other members and no other types.
    if call.content_type().ends_with("protobuf") {
        return Ok((body, Vec::new()));
    }
    let strictness = Strictness::asked(call.param("fieldValidation"))?;
    let kind = target.kind.kind;
    let version = target.kind.version;
    let unfit = |why: &str| {
        ApiError::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"))
    };
    let (object, unknown) = taken(shared, target, body).map_err(|why| unfit(&why))?;
    match strictness {
        Strictness::Strict if !unknown.is_empty() => {
            Err(unfit(&format!("strict decoding error: {}", unknown.join(", "))))
        }
        Strictness::Warn => Ok((object, unknown)),
        Strictness::Strict | Strictness::Ignore => Ok((object, Vec::new())),
    }
}

/// Decodes what a patch made of an object.
pub(crate) fn patched(
    shared: &Shared,
    call: &Call,
    target: &Target,
    patch: &Value,
    new: Value,
) -> Result<(Value, Vec<String>), ApiError> {
    let strictness = Strictness::asked(call.param("fieldValidation"))?;
    let whole = new.to_string();
    let (object, unknown) = match taken(shared, target, new) {
        Ok(taken) => taken,
        // The whole object is told, as the patch left it (`apiserver`, `endpoints/handlers/patch.go`).
        Err(why) => {
            refusal("", "", "", &[Problem::invalid("patch", &whole.into(), &why)])?;
            return Err(ApiError::bad_request(why));
        }
    };
    match strictness {
        Strictness::Strict if !unknown.is_empty() => {
            let why = format!("strict decoding error: {}", unknown.join(", "));
            let told = [Problem::invalid("patch", &patch.to_string().into(), &why)];
            refusal("", "", "", &told)?;
            Ok((object, Vec::new()))
        }
        Strictness::Warn => Ok((object, unknown)),
        Strictness::Strict | Strictness::Ignore => Ok((object, Vec::new())),
    }
}

/// Checks what somebody applies: it is typed by the schema, which knows no other members.
pub(crate) fn applied(shared: &Shared, target: &Target, body: Value) -> Result<Value, ApiError> {
    let (namespace, name) = (j::namespace(&body).to_owned(), j::name(&body).to_owned());
    let named = if namespace.is_empty() { name } else { format!("{namespace}/{name}") };
    let failed = |why: String| ApiError {
        code: 500,
        reason: "",
        message: format!(
            "failed to create typed patch object ({named}; {}, Kind={}): {why}",
            target.kind.api_version(),
            target.kind.kind
        ),
        details: None,
    };
    let (object, unknown) = taken(shared, target, body).map_err(&failed)?;
    let Some(first) = unknown.first() else { return Ok(object) };
    let path = first.trim_start_matches("unknown field ").trim_matches('"');
    Err(failed(format!(".{path}: field not declared in schema")))
}

/// The reply with a warning for each thing that is told.
pub(crate) fn warned(mut reply: Reply, warnings: &[String]) -> Reply {
    for text in warnings {
        warn(&mut reply, text);
    }
    reply
}
