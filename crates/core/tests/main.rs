//! The pure core: scenarios, generated properties and documents.

mod certainty;
mod containers;
mod cures;
mod exact_names;
mod further;
mod generated;
mod habitat;
mod log_identities;
mod near;
mod not_passed_over;
mod objects_by_hand;
mod observations;
mod owners;
mod pages;
mod passing;
mod plan_document;
mod plan_rules;
mod receipts;
mod repairs;
mod rotation;
mod scenarios;
mod strangers;
mod trust_by_hand;
mod two_refusals;
mod webhooks;
mod whose;
