//! What the files of a repository declare about identities on AWS, each thing with its place.
//!
//! Readers (manifests, templates, Terraform, CI files) make [`Node`] trees and, of what they know, [`Declared`]:
//! both keep for every value where it stands, and an unknown value as a [`Symbol`], which equals itself and nothing
//! else. Deliberately absent: files, network, clock, judgement.

mod declared;
mod node;
mod place;
mod text;

pub use declared::{
    Account, Addon, Association, Cluster, Declared, Format, Identity, Policy, Provider, Role, Unread, Workload,
};
pub use node::{Node, Value};
pub use place::{Place, Said};
pub use text::{Piece, Symbol, Text};
