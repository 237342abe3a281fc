//! Whether the issuer's documents and keys can be read by STS and agree with the token.

use crate::cause::Cause;
use std::net::Ipv4Addr;

use trustwalk_foreign::visible;
use trustwalk_symptoms::Symptom;

use super::facts::{bare, eks_issuer, in_cluster, issuer, lacking};
use super::refusals::Refusals;
use super::sts::Refusal;
use super::symptoms::find;
use super::{Draft, Judged, keyset, names};
use crate::evidence::{
    DEFAULT_AUDIENCE, Discovery, Fetched, Keys, LogFailure, Observed, TokenClaims, TokenSource, View,
};
use crate::finding::Confidence;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[
    Cause::IssuerKeysFetchTransientFailure,
    Cause::IssuerDocumentsNotPublic,
    Cause::ApiserverIssuerOrKeysReplacedBreaksCluster,
    Cause::IssuerHostMismatchWithDocuments,
    Cause::IssuerIsClusterLocalUrl,
    Cause::IssuerTrailingSlashMismatch,
    Cause::PublishedKeyWithoutKidOrAlg,
];

/// STS gives an identity provider five seconds (AWS Knowledge Center, iam-sts-invalididentitytoken).
const STS_PATIENCE_MS: u64 = 5000;

/// Judges discovery and keys.
pub(crate) fn causes(view: &View<'_>) -> Judged {
    let e = view;
    if super::sts::succeeded(view) {
        let mut judged = Judged::default();
        if let Some(draft) = e.keys().known().and_then(keyset::waiting) {
            judged.push(Cause::PublishedKeyWithoutKidOrAlg, draft);
        }
        // What the API server refuses is no token that STS was shown.
        judged.join(refused_by_the_cluster(view).unwrap_or_default());
        return judged;
    }
    if let Some(found) = told(view) {
        return found;
    }
    let Some(iss) = issuer(e) else { return Judged::open("the issuer: neither token nor cluster tells it") };
    if let Some(draft) = local(iss) {
        return Judged::one(Cause::IssuerIsClusterLocalUrl, draft);
    }
    let said = &super::refusals::refusals(view);
    if said.first().is_some_and(|s| s > Refusal::Keys && s != Refusal::Audience) || e.provider().is_absent() {
        return Judged::default();
    }
    if let Some(found) = replaced(e, iss) {
        return found;
    }
    match e.discovery() {
        Observed::Known { value, .. } => documents(e, value, iss, said, view),
        Observed::Unreachable { error, source } => {
            let draft = Draft::new(format!("the discovery document of {iss} cannot be fetched: {error}"))
                .unsure(Confidence::Likely, "fetch it from the public internet: what STS can reach counts")
                .show("URL", source.what.clone(), "issuer");
            if said.hold(Refusal::Keys) {
                Judged::one(Cause::IssuerDocumentsNotPublic, public(e, draft))
            } else {
                Judged::open(lacking("the discovery document", e.discovery()))
            }
        }
        Observed::Absent { .. } | Observed::Denied { .. } | Observed::NotCollected { .. } | Observed::Spared { .. } => {
            Judged::open(lacking("the discovery document", e.discovery()))
        }
    }
}

/// What a log says outright: documents refused, tokens refused by the cluster itself, an issuer nobody can fetch.
fn told(view: &View<'_>) -> Option<Judged> {
    let seen = |draft: Draft, line: &LogFailure| draft.hear(line);
    if let Some(line) = find(view, &[Symptom::DocumentsDenied]) {
        let draft = Draft::new(
            "the issuer's documents are not readable without credentials: STS needs them without credentials",
        );
        return Some(Judged::one(Cause::IssuerDocumentsNotPublic, seen(public(view, draft), line)));
    }
    if let Some(found) = refused_by_the_cluster(view) {
        return Some(found);
    }
    if let Some(line) = find(view, &[Symptom::PublishedKeyIncomplete]) {
        let lacks = line.failure.detail.as_deref().unwrap_or("kid");
        let sentence = format!("a client refuses the issuer's key set: a key in it has no {lacks}");
        let draft = Draft::new(sentence).cure("publish each key with kid, use and alg", &[]);
        return Some(Judged::one(Cause::PublishedKeyWithoutKidOrAlg, seen(draft, line)));
    }
    let line = find(view, &[Symptom::NoProvider])?;
    let draft = local(line.failure.issuer.as_deref()?)?;
    Some(Judged::one(Cause::IssuerIsClusterLocalUrl, seen(draft, line)))
}

/// The API server refuses tokens that the cluster itself issued.
fn refused_by_the_cluster(view: &View<'_>) -> Option<Judged> {
    if let Some(line) = find(view, &[Symptom::ApiTokenRefused]) {
        let draft = Draft::new(
            "the API server refuses tokens that this cluster issued: its signing key or issuer \
            was replaced while they were in use",
        )
        .unsure(
            Confidence::Likely,
            format!("whether tokens minted now are taken: `{}` mints one", names::mint(view, DEFAULT_AUDIENCE)),
        );
        let draft = draft.hear(line).cure(
            "keep the old key and issuer beside the new ones until every pod is recreated",
            &[(
                "note",
                "kube-apiserver takes --service-account-issuer and --service-account-key-file several \
                times; the first issuer signs"
                    .to_owned(),
            )],
        );
        return Some(Judged::one(Cause::ApiserverIssuerOrKeysReplacedBreaksCluster, draft));
    }
    if let Some(line) = find(view, &[Symptom::ApiTokenInvalid]).filter(|l| l.count > 1) {
        let draft = Draft::new(
            "the API server refuses tokens again and again: where they are of many nodes or of pods that run on, its \
             signing key or its issuer was replaced",
        )
        .hear(line)
        .unsure(
            Confidence::Possible,
            "whose tokens they are: the addresses and the user agents in the audit log; a token is refused, too, once \
             its pod or its service account is deleted",
        )
        .cure(
            "keep the old key and issuer beside the new ones until every pod is recreated",
            &[("note", "kube-apiserver takes --service-account-key-file several times".to_owned())],
        );
        return Some(Judged::one(Cause::ApiserverIssuerOrKeysReplacedBreaksCluster, draft));
    }
    None
}

/// The cure of documents that cannot be read: where they are whose, as the issuer's host tells.
fn public(e: &View<'_>, draft: Draft) -> Draft {
    let title = "make the discovery document and the key set readable by everyone";
    let own = issuer(e).map(str::to_owned);
    let own = own.or_else(|| find(e, &[Symptom::DocumentsDenied])?.failure.issuer.clone());
    let iss = own.as_deref().map(|iss| bare(iss).trim_end_matches('/'));
    let both = "both URLs must answer 200 without credentials from the internet";
    if let Some(bucket) = iss.and_then(bucket) {
        let template = "aws s3api get-public-access-block --bucket {}; aws s3api get-bucket-policy --bucket {}";
        let look = trustwalk_foreign::shell::line(template, &[bucket, bucket]);
        return draft.cure(title, &[("aws", look), ("note", both.to_owned())]);
    }
    let whose = match iss {
        Some(iss) if eks_issuer(iss).is_some() => "EKS serves them: whether the cluster still exists tells most",
        Some(_) => "whoever runs the issuer's host serves them",
        None => "they lie below the issuer that the token names: in a bucket, a site, or at a vendor",
    };
    draft.cure(title, &[("note", format!("{whose}; {both}"))])
}

/// The bucket in the host or the path of an issuer whose documents S3 serves (S3 User Guide, "Virtual hosting of
/// buckets").
fn bucket(path: &str) -> Option<&str> {
    let (host, rest) = path.split_once('/').unwrap_or((path, ""));
    let host = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let of_path = host == "s3" || host.starts_with("s3.") || host.starts_with("s3-");
    if of_path {
        return rest.split('/').next().filter(|name| !name.is_empty());
    }
    let at = host.rfind(".s3.").or_else(|| host.rfind(".s3-")).or_else(|| host.strip_suffix(".s3").map(str::len))?;
    host.get(..at).filter(|name| !name.is_empty())
}

fn local(iss: &str) -> Option<Draft> {
    let host = bare(iss).split(['/', ':']).next().unwrap_or_default();
    let private = host == "localhost"
        || !host.contains('.')
        || [".svc", ".local", ".internal", ".cluster"].iter().any(|s| host.ends_with(s))
        || host.starts_with("kubernetes.default.svc.")
        || host.parse::<Ipv4Addr>().is_ok_and(|a| a.is_private() || a.is_loopback() || a.is_link_local())
        || iss.starts_with("http://");
    private.then(|| {
        Draft::new(format!("the issuer {iss} is an address inside the cluster, which STS cannot fetch"))
            .show("token iss", iss, "token")
            .cure(
                "give the API server a public issuer",
                &[(
                    "note",
                    "kube-apiserver --service-account-issuer=https://PUBLIC-HOST and publish discovery and keys there"
                        .to_owned(),
                )],
            )
    })
}

/// The cluster says another issuer than its tokens.
fn replaced(e: &View<'_>, iss: &str) -> Option<Judged> {
    let told = e.cluster().known()?.issuer.as_deref()?;
    let token = e.token().known()?;
    // A token that was handed in says nothing of this cluster.
    let from_cluster = token.source == TokenSource::Cluster
        && token.sub.as_deref().is_some_and(|s| s.starts_with("system:serviceaccount:"));
    (in_cluster(e) && from_cluster && told != iss && token.iss.as_deref() == Some(iss)).then(|| {
        Judged::one(
            Cause::ApiserverIssuerOrKeysReplacedBreaksCluster,
            Draft::new(format!(
                "tokens of this cluster say the issuer {iss}, and the cluster's registered issuer is {told}"
            ))
            .show("token iss", iss, token.origin.clone())
            .show("cluster issuer", told, "eks:DescribeCluster identity.oidc.issuer")
            .cure(
                "restore the API server's --service-account-issuer, keeping the new one as an additional issuer",
                &[("note", "the first --service-account-issuer signs, further ones are accepted".to_owned())],
            ),
        )
    })
}

fn bad_fetch(fetched: &Fetched, malformed: Option<&String>) -> Option<String> {
    if fetched.status != 0 && fetched.status != 200 {
        return Some(format!("{} answers HTTP {}", fetched.url, fetched.status));
    }
    malformed.map(|why| format!("{} is not what it should be: {why}", fetched.url))
}

/// The discovery document tells no place for the keys, or one that is not served by https (`OpenID` Connect Discovery
/// 1.0, section 3: `jwks_uri` is required and uses https).
fn keys_nowhere(discovery: &Discovery) -> Option<Draft> {
    let url = &discovery.fetched.url;
    let (sentence, shown) = match discovery.jwks_uri.as_deref() {
        None => (format!("STS cannot read the issuer's keys: {url} names no jwks_uri"), "none"),
        Some(uri) if !uri.starts_with("https://") => {
            (format!("STS cannot read the issuer's keys: {url} names a jwks_uri that is no https URL"), uri)
        }
        Some(_) => return None,
    };
    let draft = Draft::new(sentence).show("jwks_uri", shown, url.clone());
    let note = "the key set at an https URL that answers without credentials, and that URL as \"jwks_uri\"";
    let draft = draft.cure("publish the keys and name their place", &[("note", note.to_owned())]);
    // That STS itself refuses another scheme, nobody has written down.
    let open = discovery.jwks_uri.is_some();
    Some(if open { draft.unsure(Confidence::Likely, "a real exchange") } else { draft })
}

/// The line of the discovery document as it should be.
fn member(iss: &str) -> String {
    format!("set \"issuer\": {}", visible::json(&serde_json::Value::from(iss).to_string()))
}

fn documents(e: &View<'_>, discovery: &Discovery, iss: &str, said: &Refusals, view: &View<'_>) -> Judged {
    let show = |why: String, f: &Fetched| {
        Draft::new(format!("STS cannot read the issuer's documents: {why}")).show(
            "fetched",
            format!("{} {}", f.status, f.url),
            "issuer",
        )
    };
    if discovery.fetched.is_passing() {
        return passing(e, &discovery.fetched, iss, said);
    }
    if let Some(why) = bad_fetch(&discovery.fetched, discovery.malformed.as_ref()) {
        return Judged::one(Cause::IssuerDocumentsNotPublic, public(e, show(why, &discovery.fetched)));
    }
    if let Some(own) = discovery.issuer.as_deref().filter(|own| *own != iss) {
        let rule = if own.trim_end_matches('/') == iss.trim_end_matches('/') {
            Cause::IssuerTrailingSlashMismatch
        } else {
            Cause::IssuerHostMismatchWithDocuments
        };
        return Judged::one(
            rule,
            Draft::new(format!("the discovery document of {iss} says its issuer is {own}"))
                .show("token iss", iss, "token")
                .show("discovery issuer", own, discovery.fetched.url.clone())
                .cure("publish a document whose issuer equals the token's, letter by letter", &[("note", member(iss))]),
        );
    }
    if let Some(draft) = keys_nowhere(discovery) {
        return Judged::one(Cause::IssuerDocumentsNotPublic, draft);
    }
    let keys = match e.keys() {
        Observed::Known { value, .. } => value,
        Observed::Unreachable { error, .. } if said.hold(Refusal::Keys) => {
            return Judged::one(
                Cause::IssuerDocumentsNotPublic,
                public(
                    e,
                    Draft::new(format!("the key set of {iss} cannot be fetched: {error}"))
                        .unsure(Confidence::Likely, "fetch it from the public internet")
                        .show(
                            "jwks_uri",
                            discovery.jwks_uri.clone().unwrap_or_default(),
                            discovery.fetched.url.clone(),
                        ),
                ),
            );
        }
        Observed::Absent { .. }
        | Observed::Denied { .. }
        | Observed::Unreachable { .. }
        | Observed::NotCollected { .. }
        | Observed::Spared { .. } => return Judged::open(lacking("the key set", e.keys())),
    };
    if keys.fetched.is_passing() {
        return passing(e, &keys.fetched, iss, said);
    }
    if let Some(why) = bad_fetch(&keys.fetched, keys.malformed.as_ref())
        .or_else(|| keys.keys.is_empty().then(|| format!("{} holds no key", keys.fetched.url)))
    {
        return Judged::one(Cause::IssuerDocumentsNotPublic, public(e, show(why, &keys.fetched)));
    }
    if let Some(draft) = keyset::unfound(e, keys, said) {
        return Judged::one(Cause::PublishedKeyWithoutKidOrAlg, draft);
    }
    if let Some(draft) = e.token().known().and_then(|t| unpublished(t, keys, said)) {
        return Judged::one(Cause::ApiserverIssuerOrKeysReplacedBreaksCluster, draft);
    }
    let longest = discovery.fetched.millis.max(keys.fetched.millis);
    if said.hold(Refusal::Keys) {
        Judged::one(Cause::IssuerKeysFetchTransientFailure, refused_once(view, iss, longest))
    } else {
        Judged::default()
    }
}

/// STS could not read what can be read now; the slower of the two documents took this many milliseconds.
fn refused_once(view: &View<'_>, iss: &str, longest: u64) -> Draft {
    let line = find(view, &[Symptom::KeysUnavailable])
        .map_or_else(|| "STS: verification key".to_owned(), |l| l.sample.clone());
    let why = if longest > STS_PATIENCE_MS {
        format!("the issuer took {longest} ms and STS waits {STS_PATIENCE_MS}")
    } else {
        "the documents are readable now".to_owned()
    };
    transient(iss, &why).unsure(Confidence::Likely, "ask STS again with the same token").show(
        "failure",
        line,
        "log or exchange",
    )
}

/// What an answer that is temporary by its nature leaves open: it proves nothing that lasts, be it the same for STS.
fn passing(e: &View<'_>, fetched: &Fetched, iss: &str, said: &Refusals) -> Judged {
    let ask = trustwalk_foreign::shell::line("curl -sS -o /dev/null -w '%{http_code}' {}", &[&fetched.url]);
    let why = format!("{} answers HTTP {}, which is for a time by its meaning", fetched.url, fetched.status);
    let decide = format!("whether it lasts: ask again a few times, `{ask}`, and run the exchange again");
    if !said.hold(Refusal::Keys) {
        return Judged::open(format!("whether STS can read the issuer's documents: {why}; {decide}"));
    }
    let shown = |draft: Draft| {
        let fetch = format!("{} {}", fetched.status, fetched.url);
        draft.show("fetched", fetch, "issuer").unsure(Confidence::Possible, decide.clone())
    };
    let lasting = Draft::new(format!("STS could not read the issuer's documents, and now {why}: it may stay so"));
    let mut judged =
        Judged::one(Cause::IssuerKeysFetchTransientFailure, shown(transient(iss, &format!("asked just now, {why}"))));
    judged.push(Cause::IssuerDocumentsNotPublic, shown(public(e, lasting)));
    judged
}

fn transient(iss: &str, why: &str) -> Draft {
    Draft::new(format!("STS could not fetch the keys of {iss} at times, and {why}")).cure(
        "retry the exchange a few times with growing pauses, and spread jobs that start together",
        &[("note", "the issuer may throttle STS; a re-run unchanged succeeds".to_owned())],
    )
}

/// The key that signed the token is not published.
fn unpublished(token: &TokenClaims, keys: &Keys, said: &Refusals) -> Option<Draft> {
    let kid = token.kid.as_deref()?;
    // The right key is there, whatever it is called.
    if token.verified_by.is_some() {
        return None;
    }
    let published: Vec<&str> = keys.keys.iter().map(|k| k.kid.as_deref().unwrap_or("one without kid")).collect();
    let missing = !published.contains(&kid) && (keys.keys.len() > 1 || token.signature == Some(false));
    let forged = token.signature == Some(false) && !said.hold(Refusal::Denied);
    (missing || forged).then(|| {
        let draft = Draft::new(format!(
            "the token is signed with key `{kid}`, which the issuer's key set does not publish ({})",
            published.join(", ")
        ))
        .show("token kid", kid, token.origin.clone())
        .show("published keys", published.join(", "), keys.fetched.url.clone())
        .cure(
            "publish the key the API server signs with",
            &[("kubectl", "kubectl get --raw /openid/v1/jwks".to_owned())],
        );
        match token.source {
            TokenSource::Cluster | TokenSource::Typed => draft,
            TokenSource::HandedIn => draft.unsure(
                Confidence::Likely,
                "whether the token is its issuer's at all: anybody can write one and name a key",
            ),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::bucket;

    #[test]
    fn a_bucket_is_told_by_the_hosts_of_s3_alone() {
        for (path, name) in [
            ("docs.s3.eu-west-1.amazonaws.com", Some("docs")),
            ("docs.s3.amazonaws.com/cluster", Some("docs")),
            ("docs.s3-us-west-2.amazonaws.com", Some("docs")),
            ("s3.eu-west-1.amazonaws.com/docs/cluster", Some("docs")),
            ("s3-eu-west-1.amazonaws.com/docs", Some("docs")),
            ("docs.s3.cn-north-1.amazonaws.com.cn", Some("docs")),
            ("oidc.eks.us-west-2.amazonaws.com/id/ABC", None),
            ("oidc.circleci.com/org/1", None),
            ("d111.cloudfront.net", None),
        ] {
            assert_eq!(bucket(path), name, "{path}");
        }
    }
}
