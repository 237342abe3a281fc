//! `--rehearse`: what the files declare, set up in a lab's account and walked with the tokens that the platforms would
//! mint. All of it on loopback, in this process.

use std::time::Duration;

use trustwalk_lab::rehearsal::{self as lab, Stage};
use trustwalk_preflight::{Answer, Asked, Note, Report, Scene, Way, Whom};

/// Exchanges that are made: each takes some milliseconds.
const EXCHANGES: usize = 1000;
/// How long all of them may take together. What is left then is not rehearsed, and the report says so.
const PATIENCE: Duration = Duration::from_mins(1);

/// Makes every exchange that can be made, and has the report take the answers in.
pub(super) async fn rehearse(report: &mut Report) {
    let ways = report.ways.clone();
    let end = tokio::time::Instant::now() + PATIENCE;
    let stage = match Stage::start().await {
        Ok(stage) => Some(stage),
        Err(error) => {
            let text = format!("nothing was rehearsed: the lab did not start: {error}");
            report.undetermined.push(Note { text, identity: None, at: None, when: None });
            None
        }
    };
    let mut answers = Vec::with_capacity(ways.len());
    for (number, way) in ways.iter().enumerate() {
        let answer = match &stage {
            Some(_) if number >= EXCHANGES => Answer::None(format!("only the first {EXCHANGES} exchanges are made")),
            Some(stage) => match tokio::time::timeout_at(end, one(stage, way)).await {
                Ok(answer) => answer,
                Err(_) => Answer::None(format!("the time for all of them, {} s, was over", PATIENCE.as_secs())),
            },
            None => Answer::None("the lab did not start".to_owned()),
        };
        answers.push(answer);
    }
    report.take_rehearsal(&answers);
}

async fn one(stage: &Stage, way: &Way) -> Answer {
    let scene = match &way.scene {
        Ok(scene) => told(scene),
        Err(why) => return Answer::None(why.clone()),
    };
    match Box::pin(stage.rehearse(&scene)).await {
        Ok(lab::Outcome::Admitted) => Answer::Admitted,
        Ok(lab::Outcome::Refused(code, message)) => Answer::Refused(code, message),
        Ok(lab::Outcome::NotSaved(what, code, message)) => Answer::NotSaved(what.to_owned(), code, message),
        Err(error) => Answer::None(format!("the lab could not: {error}")),
    }
}

/// The same for the lab, which has no word in common with the judgement.
fn told(scene: &Scene) -> lab::Scene {
    let Scene { account, partition, region, issuer, provider, role, arn, whom, asked, .. } = scene.clone();
    lab::Scene {
        account,
        partition,
        region,
        issuer,
        provider: provider.map(|p| lab::NewProvider {
            url: p.url,
            client_ids: p.client_ids,
            thumbprints: p.thumbprints,
        }),
        role: lab::NewRole {
            path: role.path,
            name: role.name,
            trust: role.trust,
            max_session: role.max_session,
            policies: role.policies,
            others: role.others,
        },
        arn,
        whom: match whom {
            Whom::ServiceAccount(namespace, name) => lab::Whom::ServiceAccount(namespace, name),
            Whom::Claims(claims) => lab::Whom::Claims(claims),
        },
        asked: match asked {
            Asked::Token(audience, seconds, session) => lab::Asked::Token { audience, seconds, session },
            Asked::Association(cluster) => lab::Asked::Association(cluster),
        },
    }
}
