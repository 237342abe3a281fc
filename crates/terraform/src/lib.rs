//! What Terraform's files and plans declare, as [`trustwalk_checkout::Declared`].
//!
//! [`read`] evaluates Terraform's language as far as the files of a checkout tell it: locals, variables with defaults,
//! templates, `for`, `count` and `for_each` over known values, functions, policy documents, local modules. What they do
//! not tell is a symbol, named by the expression that stands for it, so that the same unknown thing stays the same.
//! ARNs, URLs and accounts that only AWS fills in are put together where their form is documented.
//!
//! Deliberately absent: files, network, running Terraform, judgement.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a function takes one or two of the ten kinds of values, and of any other kind it is not known what comes"
)]

mod bounds;
mod declare;
mod eval;
mod folder;
mod functions;
mod json;
mod known;
mod parse;
mod plan;
mod policy_document;
mod print;
mod read;
mod registry;
mod rope;
mod source;
mod value;
mod yaml;

pub use plan::{is_plan, read as read_plan};
pub use read::{read, read_with_templates};
pub use source::File;
