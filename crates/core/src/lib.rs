//! The doctor's mind: evidence in, diagnosis and plan out.
//!
//! Deliberately absent: IO, a clock, async. Time is a field of the evidence; everything read
//! from the world arrives as [`evidence::Evidence`].

pub mod bundle;
pub mod cause;
pub mod diagnosis;
pub mod evidence;
pub mod finding;
pub mod forthcoming;
pub mod habitat;
pub mod link;
pub mod moment;
pub mod observation;
pub mod plan;
mod question;
pub mod severity;
