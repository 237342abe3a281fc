//! What the files of a repository declare about identities on AWS, each thing with its place.
//!
//! Readers (manifests, templates, Terraform, CI files) make [`Node`] trees and, of what they know, [`Declared`]:
//! both keep for every value where it stands, and an unknown value as a [`Symbol`], which equals itself and nothing
//! else. Deliberately absent: files, network, clock, judgement.

mod addons;
mod cloudformation;
mod controllers;
mod declared;
mod eksctl;
mod embedded;
mod file;
mod helm;
mod kubernetes;
mod kustomize;
pub mod limits;
mod node;
mod place;
mod placeholder;
mod plain;
mod releases;
mod text;
mod yaml;

pub use addons::account_of_addon;
pub use declared::{
    Account, Addon, Association, Cluster, Declared, Format, Identity, Policy, Provider, Role, Unread, Workload,
};
pub use embedded::embedded;
pub use file::{InFile, Source, combined, is_chart_template, may_declare, may_hold_pods, read_file};
pub use node::{Node, Value};
pub use place::{Place, Said};
pub use placeholder::with_placeholders;
pub use text::{Piece, Symbol, Text};
pub use yaml::{Documents, read_yaml};
