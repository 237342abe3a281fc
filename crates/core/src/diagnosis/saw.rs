//! One line for each link: what was seen there.

use crate::evidence::{Evidence, Observed, Target, TokenSource, Variable, View};
use crate::link::Link;
use crate::moment::date;
use crate::question::{self, acting_role, acts_by_association, standing};

/// Whether a link has a bearing on the target.
pub(super) fn applies(evidence: &Evidence, link: Link) -> bool {
    let e = &View::new(evidence);
    let cluster = matches!(e.target(), Target::Workload { .. } | Target::ServiceAccount { .. });
    // EKS assumes the role for such a pod: no web identity is asked for anything.
    let web = matches!(
        link,
        Link::Token | Link::Issuer | Link::Keys | Link::Tls | Link::Provider | Link::Trust | Link::Exchange
    );
    if web && acts_by_association(e) {
        return link == Link::Trust;
    }
    match (e.target(), link) {
        (Target::Log { .. }, l) => l == Link::Workload,
        (Target::Issuer { .. }, l) => matches!(l, Link::Issuer | Link::Keys | Link::Tls | Link::Provider),
        (_, Link::ServiceAccount | Link::Injection) => cluster,
        (_, Link::Permissions) => !e.role().is_absent(),
        (_, Link::Workload) => cluster || e.job().known().is_some(),
        _ => true,
    }
}

pub(super) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn say<T>(observed: &Observed<T>, words: impl FnOnce(&T) -> String) -> (String, Option<String>) {
    match observed {
        Observed::Known { value, .. } => (words(value), None),
        Observed::Spared { .. } => (observed.gap().unwrap_or_default(), None),
        // What is not there was not seen to work; a rule that knows why speaks for itself.
        Observed::Absent { .. }
        | Observed::Denied { .. }
        | Observed::Unreachable { .. }
        | Observed::NotCollected { .. } => {
            let gap = observed.gap().unwrap_or_default();
            (gap.clone(), Some(gap))
        }
    }
}

/// The line, and what is missing when nothing was seen.
pub(super) fn saw(evidence: &Evidence, link: Link) -> (String, Option<String>) {
    let e = &View::new(evidence);
    if link == Link::Permissions && e.role().is_absent() && !acts_by_association(e) {
        return ("there is no role to have any".to_owned(), None);
    }
    if !applies(evidence, link) {
        return ("not part of this target".to_owned(), None);
    }
    let by_association = acts_by_association(e);
    let policies = if by_association { e.association_policies() } else { e.policies() };
    match link {
        Link::Workload => workload(e),
        Link::ServiceAccount => say(e.service_account(), |s| {
            let role = s.role_arn().or_else(|| acting_role(e).filter(|_| by_association));
            let by = if s.role_arn().is_none() && role.is_some() { "is associated with" } else { "names" };
            format!("{}/{} {by} {}", s.namespace, s.name, role.unwrap_or("no role"))
        }),
        Link::Injection if e.pods().known().is_some_and(Vec::is_empty) => {
            say(e.injection_probe(), |p| match &p.role_arn {
                Some(role) => format!("no pods; a new one would be given {role}"),
                None => "no pods; a new one would be given no role".to_owned(),
            })
        }
        Link::Injection => say(e.pods(), |pods| {
            let with =
                pods.iter()
                    .filter(|p| {
                        p.spec.containers.iter().any(|c| {
                            c.has_env(Variable::AwsRoleArn) || c.has_env(Variable::AwsContainerCredentialsFullUri)
                        })
                    })
                    .count();
            let verb = if with == 1 { "carries" } else { "carry" };
            format!("{with} of {} {verb} the identity", count(pods.len(), "pod"))
        }),
        Link::Token => say(e.token(), |t| {
            format!("sub {}, aud {}, from {}", t.sub.as_deref().unwrap_or("none"), t.aud.join(", "), t.origin)
        }),
        Link::Issuer => say(e.discovery(), |d| {
            let took = format!("HTTP {}, {} ms", d.fetched.status, d.fetched.millis);
            let Some(said) = d.issuer.as_deref() else {
                return format!("{} is no discovery document: it names no issuer ({took})", d.fetched.url);
            };
            // The document's usual place needs no mention.
            match d.fetched.url.strip_suffix("/.well-known/openid-configuration") {
                Some(base) if base == said => format!("{said} says so itself ({took})"),
                _ => format!("{} says {said} ({took})", d.fetched.url),
            }
        }),
        Link::Keys => say(e.keys(), |k| format!("{} at {}", count(k.keys.len(), "key"), k.fetched.url)),
        Link::Tls => tls(e),
        Link::Provider => say(e.provider(), |p| {
            let standing = standing(e, p).map(|s| format!(" ({s})")).unwrap_or_default();
            format!(
                "{}, {}, {}{standing}, created {}",
                p.arn,
                count(p.client_ids.len(), "audience"),
                count(p.thumbprints.len(), "thumbprint"),
                date(p.created)
            )
        }),
        Link::Trust => say(if by_association { e.association_role() } else { e.role() }, |r| {
            format!("{} created {}", r.arn, date(r.created))
        }),
        Link::Exchange => made_by_pods(e).map_or_else(|| asked(e), |by| (by, None)),
        Link::Permissions if policies.known().is_some_and(Vec::is_empty) => {
            ("no policy: its sessions may do what resources themselves grant, and nothing else".to_owned(), None)
        }
        Link::Permissions => say(policies, |p| {
            format!(
                "{}: {}",
                count(p.len(), "policy").replace("policys", "policies"),
                p.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ")
            )
        }),
    }
}

/// What STS answered to an exchange of ours.
fn asked(e: &View<'_>) -> (String, Option<String>) {
    say(e.exchange(), |x| match &x.assumed {
        Some(arn) => format!("{} gave {arn}", x.endpoint),
        None => question::refused_us_alone(e)
            .unwrap_or_else(|| format!("{} answered {}", x.endpoint, x.code.as_deref().unwrap_or("an error"))),
    })
}

/// The exchange that the pods made themselves, where nobody is allowed to make a token to show.
fn made_by_pods(e: &View<'_>) -> Option<String> {
    let own = e.token().known().is_some_and(|t| t.source != TokenSource::Typed);
    if own || !matches!(e.exchange(), Observed::NotCollected { .. }) {
        return None;
    }
    question::succeeds_now(e).map(|by| format!("none of trustwalk's own, as it has no token to show; {by}"))
}

fn workload(e: &View<'_>) -> (String, Option<String>) {
    if let Some(job) = e.job().known() {
        let known = |word: &str, value: &str| if value.is_empty() { String::new() } else { format!(" {word} {value}") };
        return (format!("{} job{}{}", job.platform, known("of", &job.repository), known("on", &job.git_ref)), None);
    }
    if matches!(e.target(), Target::Log { .. }) {
        let kinds = |n: usize| if n == 1 { "1 kind of failure".to_owned() } else { format!("{n} kinds of failure") };
        return say(e.logs(), |l| format!("{} of web identity", kinds(l.len())));
    }
    if matches!(e.target(), Target::ServiceAccount { .. }) && e.service_account().known().is_some() {
        return say(e.pods(), |p| count(p.len(), "pod"));
    }
    let done = e.pods().known().into_iter().flatten().filter(|p| p.succeeded()).count();
    say(e.workload(), |w| {
        let state = match (w.desired, done) {
            (0, 0) => "no pod wanted now".to_owned(),
            (0, done) => format!("{} done", count(done, "pod")),
            (1, _) => format!("{} of 1 pod ready", w.ready),
            (desired, _) => format!("{} of {desired} pods ready", w.ready),
        };
        format!("{} {}/{} as {}, {state}", w.kind, w.namespace, w.name, w.template.service_account)
    })
}

fn tls(e: &View<'_>) -> (String, Option<String>) {
    let hosts: Vec<String> = e
        .chains()
        .iter()
        .filter_map(Observed::known)
        .map(|c| format!("{}:{} presents {} over {}", c.host, c.port, count(c.chain.len(), "certificate"), c.tls))
        .collect();
    if hosts.is_empty() {
        let gap = e.chains().iter().find_map(Observed::gap).unwrap_or_else(|| "no host was asked".to_owned());
        return (gap.clone(), Some(gap));
    }
    (hosts.join("; "), None)
}
