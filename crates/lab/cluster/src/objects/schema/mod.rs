//! What objects are made of: the schemas of Kubernetes' own kinds, and those that custom resources bring along.

mod built_in;
pub(crate) mod conditions;
mod decode;
mod junctors;
mod library;
mod rules;
mod scalars;
pub(crate) mod structural;

pub(crate) use built_in::{document, schema_name, shape_of};
pub(crate) use decode::{Strictness, decode};
pub(crate) use rules::{check as check_rules, compiled as compiled_rules};
