//! Wordings and what they mean.

mod clients;
mod facts;
mod forms;
mod mentions;
mod passed_on;
mod services;
mod setup;
mod wordings;
