//! Wordings and what they mean.

mod clients;
mod facts;
mod forms;
mod passed_on;
mod services;
mod setup;
mod wordings;
