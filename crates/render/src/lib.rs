//! Prose, tables and documents from findings and plans, for a screen. Nothing here decides or writes anything.
//!
//! What is printed comes from a [`Page`], and what a page holds went through the gate: no value of somebody
//! else's can break its line, move the cursor or hide. [`Shown`] is what came through; those who write to a
//! terminal take nothing else.

mod brief;
mod closing;
mod diagnosis;
mod finding;
mod forthcoming;
mod json_list;
mod many;
mod measure;
mod next;
mod page;
mod parts;
mod plan;
mod plan_steps;
mod shown;
mod target;
pub mod time;
mod wrap;
mod yaml;

pub use brief::head;
pub use closing::{closing, closing_of_all, ending};
pub use diagnosis::{Detail, body, human, short};
pub use finding::by_hand_words;
pub use forthcoming::{days, foreseen};
pub use json_list::JsonList;
pub use many::{many, overview, repeated, same_cause, sound_since};
pub use measure::{columns, pad};
pub use next::{Next, PLACE, TARGET, Typed, next};
pub use page::{Ink, Inked, Move, Page, Pen};
pub use parts::json_in_parts;
pub use plan::outlook;
pub use plan_steps::plan;
pub use shown::Shown;
pub use target::target_words;
