//! An audit of web identity trust: who can assume which role, whom nobody meant to let in, which trust admits nobody,
//! and which identity providers stand unused.
//!
//! Every finding rests on the evaluator of `trustwalk-trust-policy`: trust is too wide where a token of somebody else's
//! was made up and admitted, and dead where no token can be admitted, whatever is unknown of it.
//!
//! ```
//! use trustwalk_audit::{Audit, Basis, Reader, Zone};
//!
//! let mut reader = Reader::new();
//! reader.read("policy.json", r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
//!   "Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},
//!   "Action":"sts:AssumeRoleWithWebIdentity",
//!   "Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme*/api:*"}}}]}"#);
//! let zone = Zone::untold();
//! let audit = Audit::of(&reader.finish(), &Basis { zone: &zone, seen: None, now: 1_790_000_000 });
//! assert_eq!(audit.findings[0].rule.code(), "TA002");
//! assert_eq!(audit.findings[0].witness.as_ref().unwrap().claims["repository"], "acmetrustwalk-stranger/api");
//! ```
//!
//! Pure: texts in, findings and documents out. Deliberately absent: files, network, clock.

mod answers;
mod audit;
mod broad;
mod caller;
mod dead;
mod finding;
mod grants;
mod inventory;
pub mod limits;
mod providers;
mod registry;
mod rule;
pub mod sarif;
mod seen;
mod span;
mod tighten;
mod tokens;
mod wanted;
mod written;
mod zone;

pub use answers::{Assumable, Matrix, assumable};
pub use audit::{Audit, Basis, Standing, Trust, Untightened};
pub use finding::{About, Finding, Witness};
pub use inventory::{Inventory, LastUsed, Named, Place, Provider, Reader, Role, Unread};
pub use providers::{CLIENT_IDS_OF_PROVIDER, PROVIDERS_OF_ACCOUNT, THUMBPRINTS_OF_PROVIDER, UNUSED_SECONDS};
pub use rule::{Own, Rule};
pub use seen::{Identified, Seen};
pub use written::{csv, dot, html, sarif_of};
pub use zone::{Zone, ZoneError};
