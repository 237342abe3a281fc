//! What is foreseen for many identities: what some share stands once, with whom it concerns.

use serde::Serialize;
use trustwalk_core::evidence::Target;
use trustwalk_core::forthcoming::Forthcoming;

use crate::Forecast;

/// Something foreseen, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Of {
    /// What.
    #[serde(flatten)]
    pub what: Forthcoming,
    /// Whom it concerns, in the order in which they were looked at.
    pub whom: Vec<Target>,
}

/// What is foreseen for all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Merged {
    /// In the order in which it comes.
    pub forthcoming: Vec<Of>,
    /// What could not be foreseen, each once.
    pub unknown: Vec<String>,
}

impl Merged {
    /// Adds one identity's.
    pub fn add(&mut self, target: &Target, forecast: Forecast) {
        for what in forecast.forthcoming {
            match self.forthcoming.iter_mut().find(|of| of.what == what) {
                Some(of) => of.whom.push(target.clone()),
                None => self.forthcoming.push(Of { what, whom: vec![target.clone()] }),
            }
        }
        for gap in forecast.unknown {
            if !self.unknown.contains(&gap) {
                self.unknown.push(gap);
            }
        }
        self.forthcoming.sort_by_key(|of| of.what.when.rank());
    }

    /// What fails until a moment, or may any day, the next first.
    pub fn failing(&self, until: i64) -> impl Iterator<Item = &Of> {
        let dated = move |of: &&Of| match of.what.when.ahead() {
            Some(at) => at <= until,
            None => of.what.when.rank().0 == 0,
        };
        self.forthcoming.iter().filter(|of| of.what.fails).filter(dated)
    }
}
