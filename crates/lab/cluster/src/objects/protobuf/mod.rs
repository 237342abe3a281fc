//! Reading Kubernetes objects in protobuf: what kubectl sends for its typed
//! requests (Kubernetes docs, "Kubernetes API Concepts", protobuf encoding).

mod decode;
mod schema;
mod wire;

pub(crate) use decode::decode;
