//! What was seen at each link, in one line, whether or not it holds.

use crate::evidence::{Evidence, Observed};
use crate::link::Link;

fn or_gap<T>(o: &Observed<T>, say: impl FnOnce(&T) -> String) -> String {
    o.known().map_or_else(|| o.gap().unwrap_or_default(), say)
}

/// The line of a link.
pub(super) fn line(link: Link, e: &Evidence) -> String {
    match link {
        Link::Workload => workload(e),
        Link::ServiceAccount => match e.role_arn.known() {
            Some(arn) => format!("told to assume {arn}"),
            None => e.role_arn.gap().map_or_else(String::new, |g| format!("names no role: {g}")),
        },
        Link::Injection => injection(e),
        Link::Token => or_gap(&e.token, |t| match &t.malformed {
            Some(why) => format!("not a token: {why}"),
            None => format!(
                "sub {}, aud {}",
                t.sub.as_deref().unwrap_or("missing"),
                if t.aud.is_empty() { "missing".to_owned() } else { t.aud.join(", ") }
            ),
        }),
        Link::Issuer => or_gap(&e.discovery, |d| match &d.malformed {
            Some(why) => format!("{}: {why}", d.fetched.url),
            None => d.issuer.clone().unwrap_or_else(|| "the document names no issuer".to_owned()),
        }),
        Link::Keys => or_gap(&e.keys, |k| match &k.malformed {
            Some(why) => format!("{}: {why}", k.fetched.url),
            None => format!("{} published at {}", count(k.keys.len(), "key"), k.fetched.url),
        }),
        Link::Tls => tls(e),
        Link::Provider => or_gap(&e.provider, |p| {
            format!(
                "{}, {}, {}",
                p.arn,
                count(p.client_ids.len(), "audience"),
                count(p.thumbprints.len(), "thumbprint")
            )
        }),
        Link::Trust => or_gap(&e.role, |r| format!("trust policy of {}", r.arn)),
        Link::Exchange => or_gap(&e.exchange, |x| match (&x.assumed, &x.code) {
            (Some(arn), _) => format!("STS gives {arn}"),
            (None, Some(code)) => format!("{code}: {}", x.message.as_deref().unwrap_or_default()),
            (None, None) => format!("HTTP {}", x.status),
        }),
        Link::Permissions => or_gap(&e.policies, |all| {
            let names: Vec<&str> = all.iter().map(|p| p.name.as_str()).collect();
            if names.is_empty() { "the role has no policies".to_owned() } else { names.join(", ") }
        }),
    }
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn workload(e: &Evidence) -> String {
    if let Some(job) = e.job.known() {
        return format!("{} {} on {}", job.platform, job.event, job.repository);
    }
    let Some(w) = e.workload.known() else {
        let pods = e.pods.known().map(|p| format!("{} with this service account", count(p.len(), "pod")));
        return pods.unwrap_or_else(|| e.workload.gap().unwrap_or_default());
    };
    let ready = e.pods.known().map_or(w.ready, |p| i64::try_from(p.iter().filter(|p| p.ready).count()).unwrap_or(0));
    format!("{}/{}: {ready} of {} pods ready, as {}", w.namespace, w.name, w.desired, w.template.service_account)
}

fn injection(e: &Evidence) -> String {
    let Some(pods) = e.pods.known() else { return e.pods.gap().unwrap_or_default() };
    let injected = pods.iter().filter(|p| p.spec.containers.iter().any(|c| c.has_env("AWS_WEB_IDENTITY_TOKEN_FILE"))).count();
    format!("{injected} of {} carry role and token", count(pods.len(), "pod"))
}

fn tls(e: &Evidence) -> String {
    let hosts: Vec<String> = e
        .chains
        .iter()
        .map(|c| or_gap(c, |h| format!("{} presents {} ({})", h.host, count(h.chain.len(), "certificate"), h.tls)))
        .collect();
    if hosts.is_empty() { "no host was asked".to_owned() } else { hosts.join("; ") }
}
