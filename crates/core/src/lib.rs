//! The doctor's mind: evidence in, diagnosis and plan out.
//!
//! Deliberately absent: IO, a clock, async. Time is a field of the evidence; everything read
//! from the world arrives as [`evidence::Evidence`].

pub mod diagnosis;
pub mod docs;
pub mod evidence;
pub mod finding;
mod judge;
pub mod link;
pub mod plan;
pub mod rule;
pub mod rules;
