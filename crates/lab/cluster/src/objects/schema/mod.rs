//! What objects are made of: the schemas of Kubernetes' own kinds, and those that custom resources bring along.

mod built_in;
mod decode;
pub(crate) mod structural;

pub(crate) use built_in::{document, schema_name, shape_of};
pub(crate) use decode::{Strictness, decode};
