//! Chains: built, assessed and broken.

mod arbitrary;
mod assessing;
mod built;
mod chains;
mod pkits;
