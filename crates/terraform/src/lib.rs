//! What Terraform's files and plans declare, as [`trustwalk_checkout::Declared`].
//!
//! Deliberately absent: files, network, running Terraform, judgement.
