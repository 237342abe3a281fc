//! The `trustwalk` binary.
fn main() {}
