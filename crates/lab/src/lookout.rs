//! Whether the issuers outside the lab answer, and where they keep their keys.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    Lab,
    outside::{Standing, place_of},
};

/// How often an issuer that does not answer is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// Looks at each issuer once, and goes on looking at those that do not answer.
pub(crate) async fn watch(lab: &Lab) {
    for issuer in &lab.inner.config.outside.issuers {
        if look(lab, issuer).await {
            continue;
        }
        let (lab, issuer) = (lab.clone(), issuer.clone());
        tokio::spawn(async move {
            let answers = async {
                while !look(&lab, &issuer).await {
                    tokio::time::sleep(AGAIN).await;
                }
            };
            tokio::select! {
                () = answers => {}
                () = lab.down_asked() => {}
            }
        });
    }
}

/// Whether an issuer answers. Where it keeps its keys is reachable from then on.
async fn look(lab: &Lab, issuer: &str) -> bool {
    let answer = async {
        let look = lab.inner.story.account.look_at(issuer).await?;
        let (host, port) = place_of(&look.keys_url).ok_or_else(|| "its keys have no https URL".to_owned())?;
        if lab.inner.hosts.find(&host, port).is_none() {
            let address = (lab.inner.config.outside.find)(host.clone(), port).await?;
            lab.inner.hosts.put(&host, port, address);
        }
        Ok(look.trusted)
    };
    let answer = answer.await;
    let answers = answer.is_ok();
    lab.inner.standings.put(issuer, answer);
    answers
}

impl Lab {
    /// How the issuers outside the lab stand.
    pub fn outside(&self) -> Vec<Standing> {
        self.inner.standings.all()
    }

    /// The same for programs.
    pub(crate) fn outside_shown(&self) -> Value {
        let shown = |standing: Standing| match standing.answer {
            Ok(trusted) => json!({"issuer": standing.issuer, "answers": true, "trusted": trusted}),
            Err(why) => json!({"issuer": standing.issuer, "answers": false, "why": why}),
        };
        self.outside().into_iter().map(shown).collect()
    }

    /// `--connect-to` rules for the issuers outside.
    pub(crate) fn outside_rules(&self) -> Vec<String> {
        let places = self.inner.config.outside.issuers.iter().filter_map(|issuer| place_of(issuer));
        let rule = |(host, port): (String, u16)| Some(format!("{host}:{port}:{}", self.inner.hosts.find(&host, port)?));
        places.filter_map(rule).collect()
    }
}
