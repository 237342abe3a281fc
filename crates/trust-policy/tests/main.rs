//! The evaluator of trust policies, held to the documentation and to properties.

mod explaining;
mod operators;
mod properties;
mod reading;
mod reasons;
mod reference;
mod saving;
mod unknown;
mod widening;
