//! A bundle that is put together identity by identity.

use std::io;

use trustwalk_core::bundle::VERSION;
use trustwalk_core::evidence::{Evidence, Packing};

use super::spool::Spool;
use super::{Bundle, TOOL};

/// What has been gathered so far.
#[derive(Debug, Default)]
pub struct Gathering {
    packing: Packing,
    spool: Spool,
}

impl Gathering {
    /// Adds what is known of one identity, which has been settled, as [`crate::collect_each`] does.
    pub fn add(&mut self, one: Evidence) -> io::Result<()> {
        self.spool.add(&self.packing.add(one)?)
    }

    /// A bundle of this build with all of it.
    pub fn bundle(self) -> io::Result<Bundle> {
        self.bundle_of(TOOL.to_owned())
    }

    /// The same as another build wrote it.
    pub(super) fn bundle_of(self, tool: String) -> io::Result<Bundle> {
        let (shared, holds) = self.packing.done();
        Ok(Bundle { version: VERSION, tool, holds, shared, identities: self.spool.done()? })
    }
}
