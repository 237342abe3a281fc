//! Everything that was seen to happen, with what became of it.

use trustwalk_symptoms::Symptom;

use super::facts::{last, moment};
use super::sts::{Sent, by_account};
use super::symptoms::{cured_by_own, fate, repaired, sorted};
use super::whose;
use crate::evidence::{Evidence, LogSuccess, Pod, Target, TrailEvent, View, at_work};
use crate::observation::{Fate, Observation, Seen, TRAIL, Witness};

/// Everything that was seen to happen, with what is over or set aside told apart from what speaks.
pub(crate) fn observed(e: &Evidence) -> Vec<Observation> {
    let view = View::new(e);
    let logs = sorted(&view).into_iter().map(|line| Observation {
        witness: line.witness,
        seen: Seen::Failure,
        origin: line.origin.clone(),
        places: line.places.clone(),
        count: line.count,
        at: last(line),
        symptom: Some(line.failure.symptom),
        text: if line.witness == Witness::Trail { line.sample.clone() } else { line.failure.message.clone() },
        fate: fate(&view, line),
    });
    let trail = e.trail.known().into_iter().flatten().filter_map(|event| refused(&view, event));
    own(e).into_iter().chain(logs).chain(trail).chain(besides(e)).collect()
}

/// Lines that were not understood, and successes.
fn besides(e: &Evidence) -> Vec<Observation> {
    let one = |witness, seen, origin: &str, count, last: Option<&str>, text: &str, fate| Observation {
        witness,
        seen,
        origin: origin.to_owned(),
        places: Vec::new(),
        count,
        at: last.and_then(moment),
        symptom: None,
        text: text.to_owned(),
        fate,
    };
    let unclear =
        e.besides.unclear.iter().map(|u| {
            one(Witness::Log, Seen::Unclear, &u.origin, u.count, u.last.as_deref(), &u.sample, Fate::Unexplained)
        });
    let worked = e.besides.successes.iter().map(|s| {
        let text = &s.success.message;
        let told = one(Witness::Log, Seen::Success, &s.origin, s.count, s.last.as_deref(), text, Fate::Succeeded);
        Observation { places: s.place.iter().cloned().collect(), ..told }
    });
    let records = e.besides.records.iter().filter(|r| r.record.event.is_exchange()).map(|r| {
        let text = format!(
            "CloudTrail: {} succeeded (role {}, subject {})",
            r.record.name,
            r.record.role_arn.as_deref().unwrap_or("not told"),
            r.record.subject.as_ref().map_or("not told", trustwalk_symptoms::Subject::as_str)
        );
        one(Witness::Trail, Seen::Success, &r.origin, 1, r.record.at.as_deref(), &text, Fate::Succeeded)
    });
    let mentioned = e.besides.mentioned.iter().map(|m| Observation {
        symptom: Some(m.mention.symptom),
        ..one(Witness::Log, Seen::Mentioned, &m.origin, m.count, None, &m.mention.message, Fate::Unexplained)
    });
    unclear.chain(mentioned).chain(worked).chain(records).collect()
}

/// The answer of STS to trustwalk's own exchange, read as a log's line is.
fn own(e: &Evidence) -> Option<Observation> {
    let exchange = e.exchange.known().filter(|x| x.assumed.is_none())?;
    let text = format!("{}: {}", exchange.code.as_deref()?, exchange.message.as_deref().unwrap_or_default());
    let symptom = trustwalk_symptoms::classify(&text)?.symptom;
    Some(Observation {
        witness: Witness::OwnExchange,
        seen: Seen::Failure,
        origin: "sts:AssumeRoleWithWebIdentity".to_owned(),
        places: Vec::new(),
        count: 1,
        at: e.exchange.source().map(|s| s.at),
        symptom: Some(symptom),
        text,
        fate: super::trust::refused_us_alone(&View::new(e)).map_or(Fate::Unexplained, |by| Fate::Over { by }),
    })
}

/// Seconds after which a container that fails has been started again: the kubelet's longest pause between restarts is
/// five minutes (Kubernetes documentation, "Pod Lifecycle", "Container restarts").
const LONGEST_PAUSE: i64 = 300;

/// A refused exchange of this identity that the account's trail remembers; where a role alone is asked about, of
/// whoever asked for it. Those of other identities are theirs, and our own is told by its answer.
fn refused(view: &View<'_>, event: &TrailEvent) -> Option<Observation> {
    let code = event.error.as_deref().filter(|_| event.name == "AssumeRoleWithWebIdentity")?;
    let ours = view.exchange().known().and_then(|x| x.request_id.as_deref());
    let role = view.role_arn().known().map(String::as_str);
    let of_it = match (view.target(), view.token().known().and_then(|t| t.sub.as_deref())) {
        (Target::Role { subject: None, .. }, _) => event.role.is_some() && event.role.as_deref() == role,
        (_, Some(subject)) => event.subject.as_deref() == Some(subject),
        (_, None) => false,
    };
    if !of_it || event.is_our_own() || (ours.is_some() && ours == event.request_id.as_deref()) {
        return None;
    }
    let words = event.message.as_deref().unwrap_or_default();
    let said = format!("An error occurred ({code}) when calling the AssumeRoleWithWebIdentity operation: {words}");
    let symptom = trustwalk_symptoms::classify(&said).map_or(Symptom::WebIdentityOther, |f| f.symptom);
    Some(Observation {
        witness: Witness::Trail,
        seen: Seen::Failure,
        origin: TRAIL.to_owned(),
        places: Vec::new(),
        count: 1,
        at: Some(event.at),
        symptom: Some(symptom),
        text: format!(
            "{code}: {words} (role {}, subject {}, audience {})",
            event.role.as_deref().unwrap_or("not told"),
            event.subject.as_deref().unwrap_or("not told"),
            event.audience.as_deref().unwrap_or("not told")
        ),
        fate: fate_of_event(view, event, symptom),
    })
}

/// What shows that refusals for an audience came from pods that are gone: every pod that is left has its token for
/// another one, the last such refusal is not younger than the end of those before, and the identity is admitted since.
fn of_former_pods(view: &View<'_>, event: &TrailEvent, alike: &[&TrailEvent]) -> Option<String> {
    let refused = event.audience.as_deref()?;
    let pods: Vec<&Pod> = at_work(view.pods().known()?).collect();
    let newest = pods.iter().map(|p| p.created).max()?;
    let asks = |p: &Pod| p.spec.token_volumes.iter().map(|v| v.audience.clone()).collect::<Vec<_>>();
    let other = |p: &&Pod| !asks(p).is_empty() && asks(p).iter().all(|aud| aud != refused);
    let last = alike.iter().filter(|t| t.error.is_some()).map(|t| t.at).max().unwrap_or(event.at);
    if !pods.iter().all(other) || last > newest + whose::HANDED_OVER {
        return None;
    }
    let admitted = super::sts::succeeded(view)
        || all_of(view, event).any(|t| t.error.is_none() && t.at > last && t.audience.as_deref() != Some(refused));
    admitted.then(|| {
        let newest = super::told(newest);
        format!(
            "no pod that is left asks for the audience `{refused}`, the newest was made at {newest}, and its \
                 exchange succeeds since"
        )
    })
}

/// What shows that the pods that are there now work, by whatever they ask for: all are ready, their logs tell of a
/// session that is in use since the last refusal, and this is long past and of before the newest of them was up.
fn works_otherwise(view: &View<'_>, last: i64) -> Option<String> {
    let pods: Vec<&Pod> = at_work(view.pods().known().filter(|_| view.pods_up() && !view.logs_given())?).collect();
    let newest = pods.iter().map(|p| p.created).max()?;
    if last > newest + whose::HANDED_OVER || view.now() - last < whose::HANDED_OVER {
        return None;
    }
    let own = |s: &&LogSuccess| s.place.as_ref().is_some_and(|place| pods.iter().any(|p| p.name == place.pod));
    // As another role, such as the node's, they work without what was refused.
    let all = view.besides().successes.iter().filter(own).filter(|s| whose::acts_as_meant(view, s));
    let since = all
        .filter(|s| s.last.as_deref().and_then(moment).is_some_and(|m| m > last))
        .find_map(|s| Some((s.last.as_deref()?, s.success.principal_arn.as_deref()?)))?;
    Some(format!("no such refusal since, and the pods, which are ready, work as {} at {}", since.1, since.0))
}

/// Exchanges of the same subject for the same role, trustwalk's own among them.
fn for_the_same<'v: 'e, 'e>(
    view: &View<'v>,
    event: &'e TrailEvent,
) -> impl Iterator<Item = &'e TrailEvent> + use<'v, 'e> {
    let all = view.trail().known().into_iter().flatten();
    all.filter(|t| t.name == event.name && t.subject == event.subject && t.role == event.role)
}

/// The same without trustwalk's own.
fn all_of<'v: 'e, 'e>(view: &View<'v>, event: &'e TrailEvent) -> impl Iterator<Item = &'e TrailEvent> + use<'v, 'e> {
    for_the_same(view, event).filter(|t| !t.is_our_own())
}

/// An exchange of trustwalk's own, of an earlier run, that sent the same after the last such refusal and succeeded.
fn later_own<'v: 'e, 'e>(view: &View<'v>, event: &'e TrailEvent) -> Option<&'e TrailEvent> {
    let same = |t: &&TrailEvent| t.audience == event.audience && t.region == event.region;
    let refused = for_the_same(view, event).filter(same).filter(|t| t.error.is_some()).map(|t| t.at).max();
    let last = refused.unwrap_or(event.at);
    for_the_same(view, event).filter(same).find(|t| t.is_our_own() && t.error.is_none() && t.at > last)
}

/// What became of a refusal that the trail remembers.
fn fate_of_event(view: &View<'_>, event: &TrailEvent, symptom: Symptom) -> Fate {
    let asked = view.role_arn().known().map(String::as_str);
    let place = Sent { audience: event.audience.as_deref(), region: event.region.as_deref() };
    if (event.role.is_none() || event.role.as_deref() == asked) && cured_by_own(view, symptom, place) {
        return Fate::Over { by: "an exchange of the same subject for the same role succeeds now".to_owned() };
    }
    if let Some(by) = repaired(view, symptom, event.at) {
        return if super::sts::succeeded(view) { Fate::Over { by } } else { Fate::SetAside { by } };
    }
    if let Some(own) = later_own(view, event).filter(|_| by_account(symptom, place)) {
        let at = super::told(own.at);
        return Fate::Over { by: format!("an exchange that trustwalk made for the same succeeded at {at}") };
    }
    let all = || all_of(view, event);
    let same = |t: &&TrailEvent| t.audience == event.audience && t.region == event.region;
    let when = |t: &TrailEvent| super::told(t.at);
    // The trail tells no more than the second; where the pods are up, a success of the same second came after it.
    let after = |t: &TrailEvent| t.at > event.at || t.at == event.at && view.pods_up();
    if let Some(later) = all().filter(same).find(|t| t.error.is_none() && after(t)) {
        return Fate::Over {
            by: format!("CloudTrail has a success of the same subject for the same role at {}", when(later)),
        };
    }
    // What was sent otherwise is not sent any more: the last such refusal is long over, or nobody is left who sent it.
    if let Some(by) = of_former_pods(view, event, &all().filter(same).collect::<Vec<_>>()) {
        return Fate::Over { by };
    }
    let last = all().filter(same).filter(|t| t.error.is_some()).map(|t| t.at).max().unwrap_or(event.at);
    if let Some(by) = works_otherwise(view, last) {
        return Fate::Over { by };
    }
    let pods = view.pods().known().filter(|_| view.pods_up());
    let older = pods.is_some_and(|all| at_work(all).map(|p| p.created).min().is_some_and(|born| last < born));
    let since = all().filter(|t| t.error.is_none() && t.at > last).max_by_key(|t| t.at);
    match since {
        Some(since) if older || since.at - last > LONGEST_PAUSE => Fate::Over {
            by: format!(
                "CloudTrail has a success of the same subject for the same role at {}, and no such refusal since",
                when(since)
            ),
        },
        None if older && super::sts::succeeded(view) => {
            Fate::Over { by: "it is older than every pod, every pod is ready, and an exchange succeeds now".to_owned() }
        }
        Some(_) | None => Fate::Unexplained,
    }
}
