//! Accounts laid out by whoever sets up a lab: users with keys, and documents refused as IAM would refuse to save them.

use crate::account::Account;
use crate::callers::new_keys;
use crate::outcome::AwsFault;
use crate::save;
use crate::state::{Credentials, Principal};

fn said(fault: &AwsFault) -> String {
    format!("{}: {}", fault.code, fault.message)
}

impl Account {
    /// Twelve digits.
    pub fn id(&self) -> &str {
        &self.config.account_id
    }

    /// Its region.
    pub fn region(&self) -> &str {
        &self.config.region
    }

    /// Makes a user with these identity policies; its keys.
    pub fn add_user(&self, name: &str, policies: &[String]) -> Credentials {
        let keys = new_keys("AKIA", None);
        let user = Principal::User { name: name.to_owned(), policies: policies.to_vec() };
        self.state().keys.insert(keys.access_key_id.clone(), (keys.clone(), user));
        keys
    }

    /// Keys of a user, if there is one with keys.
    pub fn credentials_of(&self, user: &str) -> Option<Credentials> {
        let state = self.state();
        let own = |principal: &Principal| matches!(principal, Principal::User { name, .. } if name == user);
        state.keys.values().find(|(_, principal)| own(principal)).map(|(keys, _)| keys.clone())
    }

    /// Why IAM would refuse to save this as a role's trust policy.
    pub fn refuses_trust(&self, document: &str) -> Option<String> {
        save::trust(self, document).err().as_ref().map(said)
    }

    /// Why IAM would refuse to save this as an identity policy.
    pub fn refuses_identity(document: &str) -> Option<String> {
        save::identity(document).err().as_ref().map(said)
    }
}
