//! How much is read: each bound is far beyond what people write, and going past one is a line in `unread`.

/// The longest file that is read, in bytes.
pub(crate) const MAX_FILE: usize = 8 << 20;
/// The longest plan that is read, in bytes.
pub(crate) const MAX_PLAN: usize = 128 << 20;
/// How many syntax errors of a file are told.
pub(crate) const MAX_SYNTAX_ERRORS: usize = 20;
/// How deep evaluation goes: expressions, and the locals, variables and attributes that they refer to.
pub(crate) const MAX_DEPTH: usize = 120;
/// How many expressions are evaluated in one checkout.
pub(crate) const MAX_STEPS: usize = 4_000_000;
/// How many instances one `count` or `for_each` may have.
pub(crate) const MAX_INSTANCES: usize = 2_000;
/// How many module calls are followed.
pub(crate) const MAX_MODULES: usize = 2_000;
/// How deep module calls are followed.
pub(crate) const MAX_MODULE_DEPTH: usize = 12;
/// The longest text that is built, in bytes.
pub(crate) const MAX_TEXT: usize = 1 << 20;
/// How deep a document inside a text (JSON) is read.
pub(crate) const MAX_DOCUMENT_DEPTH: usize = 64;
/// How deep lists and maps are kept in a value.
pub(crate) const MAX_VALUE_DEPTH: usize = 80;
/// How many parts a text is made of.
pub(crate) const MAX_PARTS: usize = 65_536;
/// The longest YAML text inside a file of Terraform, and its longest line, in bytes.
pub(crate) const MAX_YAML: (usize, usize) = (256 << 10, 8 << 10);
/// How many values are handed out in one document.
pub(crate) const MAX_NODES: usize = 200_000;
/// The longest expression that stands for an unknown value, in bytes; a longer one is cut and told apart by a number.
pub(crate) const MAX_SYMBOL: usize = 400;

/// Keys that stand a second time in an object and are followed, in one block: for each the block is parsed again.
pub(crate) const MAX_RENAMED: usize = 64;
