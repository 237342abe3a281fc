//! The story: a VPC CNI on the instances' role, the change to a role of its own, and
//! six pods that fail because the issuer's authorities were replaced long before.

mod steps;

pub use steps::{before, broken, change, healthy, let_it_break};
