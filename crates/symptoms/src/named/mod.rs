//! What a text names: roles, accounts, clusters, namespaces, workloads. A message that somebody sent holds most of what
//! a diagnosis asks for, in no order and in any words.
//!
//! A word is taken for a name by its form, or by the word beside it; nothing is looked up, and nothing is certain.

mod form;

use serde::Serialize;

use self::form::{is_name, is_pod, is_region, is_uuid, issuer, kind_of};

/// Words of a text that are read; a message has some hundred.
const MOST_WORDS: usize = 20_000;
/// Things of one kind that are kept.
const MOST: usize = 8;

/// An object of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Object {
    /// Its kind, in small letters and in the singular.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its namespace, where the text says it beside it.
    pub namespace: Option<String>,
}

/// All that a text names, each once, in the order of the text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Named {
    /// ARNs of roles; of a session, its role's.
    pub roles: Vec<String>,
    /// ARNs of identity providers.
    pub providers: Vec<String>,
    /// Numbers of accounts.
    pub accounts: Vec<String>,
    /// Regions.
    pub regions: Vec<String>,
    /// Clusters.
    pub clusters: Vec<String>,
    /// Issuers' URLs.
    pub issuers: Vec<String>,
    /// Namespaces.
    pub namespaces: Vec<String>,
    /// Workloads, pods and service accounts.
    pub objects: Vec<Object>,
    /// Subjects of tokens.
    pub subjects: Vec<String>,
    /// Ids of requests.
    pub request_ids: Vec<String>,
}

impl Named {
    /// Whether it names nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Words that stand beside a kind and are no name.
const NO_NAMES: &str = " a account accounts after all an and another any are as at aws because been before being both \
    broken but by can cannot could current default did does down each eks every existing failed failing fails first \
    for \
    from gets github had has have here how i if in into is issue it its job just k8s kubernetes last latest my name \
    named namespace namespaces new no not now of old on one only or other our out own pod pods prod's role running \
    same second service since so some started still target test that the their them then there these they this those \
    to token two under up was we were what when where which while whole why will with without workload wrong you your \
    cluster clusters deployment deployments restarted crashes crash crashlooping looping error errors oidc ";

/// Reads a text.
pub fn named(text: &str) -> Named {
    let words = words(text);
    let mut out = Named::default();
    for word in &words {
        by_form(&mut out, &word.text);
    }
    for at in 0..words.len() {
        by_neighbours(&mut out, &words, at);
    }
    out.accounts.truncate(MOST);
    // Of a role that is named without its ARN the account alone is missing.
    if let [account] = out.accounts.as_slice() {
        let account = account.clone();
        for name in roles_by_name(&words) {
            let known = out.roles.iter().any(|arn| arn.rsplit('/').next() == Some(name));
            if !known {
                push(&mut out.roles, format!("arn:aws:iam::{account}:role/{name}"));
            }
        }
    }
    out
}

struct Word {
    text: String,
    /// Whether somebody marked it as a name, by quotes or the ticks of a chat.
    quoted: bool,
    /// Whether `:` or `=` stands after it.
    leads: bool,
}

/// The words of a text, without what surrounds them.
fn words(text: &str) -> Vec<Word> {
    let separates =
        |c: char| c.is_whitespace() || matches!(c, '|' | '<' | '>' | ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}');
    let mut out = Vec::new();
    for raw in text.split(separates).filter(|w| !w.is_empty()).take(MOST_WORDS) {
        let marks = |c: char| matches!(c, '"' | '\'' | '`' | '*' | '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}');
        let ends = |c: char| matches!(c, '.' | ':' | '!' | '?' | '=');
        let outer = raw.trim_end_matches(ends);
        let bare = outer.trim_matches(marks);
        let inner = bare.trim_end_matches(ends).trim_start_matches([':', '@', '#']);
        if inner.is_empty() {
            continue;
        }
        let leads = raw.ends_with([':', '=']) || bare.ends_with([':', '=']);
        // `namespace=payments`, `--namespace=payments`, and of JSON `"pod_name":"ledger-0"`
        if let Some((name, value)) = inner.split_once('=').or_else(|| inner.split_once("\":\""))
            && name.trim_start_matches('-').bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        {
            out.push(Word { text: label(name).to_owned(), quoted: false, leads: true });
            out.push(Word { text: value.trim_matches(marks).to_owned(), quoted: true, leads: false });
            continue;
        }
        let text = if leads { label(inner) } else { inner };
        out.push(Word { text: text.to_owned(), quoted: outer != bare, leads });
    }
    out
}

/// What a member of a log's record names: `pod` for `k8s.pod.name`, `kubernetes.pod_name` and `podName`; anything else
/// stays as it is.
fn label(key: &str) -> &str {
    let bare = ["_name", ".name", "-name", "Name"].iter().find_map(|end| key.strip_suffix(end)).unwrap_or(key);
    let short = bare.rsplit(['.', '_']).next().unwrap_or(bare);
    let known = matches!(short, "namespace" | "ns" | "cluster") || kind_of(short).is_some();
    if known { short } else { key }
}

/// What a word is by its form alone.
fn by_form(out: &mut Named, word: &str) {
    if word.starts_with("arn:") {
        arn(out, word);
    } else if let Some(rest) = word.strip_prefix("system:serviceaccount:") {
        if let Some((namespace, name)) = rest.split_once(':')
            && is_name(namespace)
            && is_name(name)
        {
            push(&mut out.subjects, word.to_owned());
            push(&mut out.namespaces, namespace.to_owned());
            object(out, "serviceaccount", name, Some(namespace));
        }
    } else if word.strip_prefix("repo:").is_some_and(|rest| rest.contains('/') && rest.contains(':')) {
        push(&mut out.subjects, word.to_owned());
    } else if let Some(url) = issuer(word) {
        if let Some(region) = url.split('.').find(|part| is_region(part)) {
            push(&mut out.regions, region.to_owned());
        }
        push(&mut out.issuers, url);
    } else if word.len() == 12 && word.bytes().all(|b| b.is_ascii_digit()) {
        push(&mut out.accounts, word.to_owned());
    } else if is_region(word) {
        push(&mut out.regions, word.to_owned());
    } else if is_uuid(word) {
        push(&mut out.request_ids, word.to_owned());
    } else if let Some((kind, name)) = word.split_once('/')
        && let Some(kind) = kind_of(kind)
    {
        let (namespace, name) = name.split_once('/').map_or((None, name), |(ns, name)| (Some(ns), name));
        if is_name(name) && namespace.is_none_or(is_name) {
            object(out, kind, name, namespace);
        }
    } else if let Some((namespace, name)) = word.split_once('/')
        && is_name(namespace)
        && is_pod(name)
    {
        push(&mut out.namespaces, namespace.to_owned());
        object(out, "pod", name, Some(namespace));
    }
}

fn arn(out: &mut Named, arn: &str) {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, partition, service, region, account, resource] = parts.as_slice() else { return };
    if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) {
        push(&mut out.accounts, (*account).to_owned());
    }
    if is_region(region) {
        push(&mut out.regions, (*region).to_owned());
    }
    match (*service, resource.split_once('/')) {
        ("iam", Some(("role", name))) if !name.is_empty() => push(&mut out.roles, arn.to_owned()),
        ("iam", Some(("oidc-provider", url))) if !url.is_empty() => {
            push(&mut out.providers, arn.to_owned());
            push(&mut out.issuers, format!("https://{url}"));
        }
        ("sts", Some(("assumed-role", rest))) => {
            let name = rest.split('/').next().unwrap_or_default();
            push(&mut out.roles, format!("arn:{partition}:iam::{account}:role/{name}"));
        }
        ("eks", Some(("cluster", name))) if is_name(&name.to_lowercase()) => push(&mut out.clusters, name.to_owned()),
        _ => {}
    }
}

/// What a word is by the words beside it.
fn by_neighbours(out: &mut Named, words: &[Word], at: usize) {
    let Some(word) = words.get(at) else { return };
    let (before, after) = (at.checked_sub(1).and_then(|n| words.get(n)), words.get(at + 1));
    let lower = word.text.to_lowercase();
    // `deployment/ledger in payments`
    if let Some((kind, name)) = word.text.split_once('/')
        && let Some(kind) = kind_of(kind)
        && let Some(place) = after.filter(|w| w.text == "in").and_then(|_| words.get(at + 2))
        && is_plain_name(place)
        && !is_region(&place.text)
    {
        push(&mut out.namespaces, place.text.clone());
        object(out, kind, name, Some(&place.text));
        return;
    }
    if matches!(lower.as_str(), "-n" | "--namespace") {
        if let Some(after) = after.filter(|w| is_name(&w.text)) {
            push(&mut out.namespaces, after.text.clone());
        }
        return;
    }
    if matches!(lower.as_str(), "namespace" | "namespaces" | "ns") {
        let short = lower == "ns";
        let short = after.filter(|w| short && is_plain_name(w)).map(|w| w.text.clone());
        let name = short.or_else(|| beside(word, before, after)).or_else(|| inside(before, after));
        out.namespaces.extend(name.filter(|n| !out.namespaces.contains(n)));
        return;
    }
    if matches!(lower.as_str(), "cluster" | "--cluster" | "--cluster-name") {
        let set = lower.starts_with('-');
        let beside = || beside(word, before, after).or_else(|| inside(before, after));
        let name = if set { after.map(|w| w.text.clone()) } else { beside() };
        out.clusters.extend(name.filter(|n| is_name(&n.to_lowercase()) && !out.clusters.contains(n)));
        return;
    }
    // `service account reader`
    let account = lower == "account" && before.is_some_and(|w| w.text.eq_ignore_ascii_case("service"));
    let kind = if account { Some("serviceaccount") } else { kind_of(&lower) };
    let Some(kind) = kind else { return };
    // `sts` is a service of AWS's as well, and `the ledger pods` are none of that name: as a kind such words stand
    // after a verb of kubectl's.
    let doubtful = lower.len() <= 3 && kind != lower || kind == "pod" && lower != "pod";
    if doubtful && before.is_none_or(|w| !VERBS.contains(&w.text.as_str())) {
        return;
    }
    let before = if account { at.checked_sub(2).and_then(|n| words.get(n)) } else { before };
    let named = beside(word, before, after).or_else(|| {
        // `deployment ledger in namespace payments`
        let place = words.get(at + 2).is_some_and(|w| PLACES.contains(&w.text.as_str()));
        after.filter(|w| place && is_plain_name(w)).map(|w| w.text.clone())
    });
    if let Some(name) = named {
        object(out, kind, &name, None);
    }
}

/// Verbs of kubectl after which a kind stands.
const VERBS: [&str; 12] =
    ["get", "describe", "logs", "exec", "delete", "edit", "annotate", "patch", "status", "restart", "history", "undo"];

/// Words before a place's name, or before the word for its kind.
const PLACES: [&str; 6] = ["in", "namespace", "ns", "-n", "of", "on"];

/// The name of a place as it stands in `in namespace payments`.
fn inside(before: Option<&Word>, after: Option<&Word>) -> Option<String> {
    before.filter(|w| PLACES.contains(&w.text.as_str()))?;
    after.filter(|w| is_plain_name(w)).map(|w| w.text.clone())
}

/// Whether a word that nothing marks as a name can be one: no common word, and none that tells what happened.
fn is_plain_name(word: &Word) -> bool {
    let happened = ["ed", "ing"].iter().any(|end| word.text.ends_with(end));
    is_name(&word.text) && !happened && !is_no_name(word)
}

fn is_no_name(word: &Word) -> bool {
    NO_NAMES.contains(&format!(" {} ", word.text.to_lowercase())) || kind_of(&word.text).is_some()
}

/// The name beside the word for its kind: after it where that is marked as a name or looks like one, else before it.
fn beside(kind: &Word, before: Option<&Word>, after: Option<&Word>) -> Option<String> {
    let fits = |w: &&Word| is_name(&w.text) && !is_no_name(w);
    let looks =
        |w: &&Word| kind.leads || w.quoted || w.text.contains(['-', '.']) || w.text.bytes().any(|b| b.is_ascii_digit());
    let after = after.filter(fits).filter(looks);
    let before = before.filter(fits).filter(|w| !w.leads);
    after.or(before).map(|w| w.text.clone())
}

/// Names of roles that stand after the word, in the form in which people name roles.
fn roles_by_name(words: &[Word]) -> impl Iterator<Item = &str> {
    let pairs = words.iter().zip(words.iter().skip(1));
    let of = |(word, next): (&Word, &'_ Word)| {
        let after_role = word.text.eq_ignore_ascii_case("role") || word.text == "--role-name";
        let fits = next.text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b));
        let mixed = next.text.chars().skip(1).any(|c| c.is_ascii_uppercase() || c == '-' || c.is_ascii_digit());
        after_role && fits && (mixed || next.quoted)
    };
    pairs.filter(move |(word, next)| of((word, next))).map(|(_, next)| next.text.as_str())
}

fn object(out: &mut Named, kind: &'static str, name: &str, namespace: Option<&str>) {
    if let Some(known) = out.objects.iter_mut().find(|o| o.kind == kind && o.name == name) {
        known.namespace = known.namespace.take().or(namespace.map(str::to_owned));
    } else if out.objects.len() < MOST {
        out.objects.push(Object { kind, name: name.to_owned(), namespace: namespace.map(str::to_owned) });
    }
}

fn push(list: &mut Vec<String>, value: String) {
    if list.len() < MOST && !list.contains(&value) {
        list.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::{Named, named};

    fn objects(named: &Named) -> Vec<String> {
        named.objects.iter().map(|o| format!("{}/{}", o.kind, o.name)).collect()
    }

    #[test]
    fn a_place_is_named_after_its_kind_without_any_mark() {
        for (text, namespaces, object) in [
            ("the ledger deployment in namespace payments started failing", "payments", "deployment/ledger"),
            ("deployment ledger in namespace payments is down", "payments", "deployment/ledger"),
            ("pods in namespace payments of deployment ledger in prod", "payments", "deployment/ledger"),
            ("all crash again (ns payments)", "payments", ""),
            ("pods created in namespace payments fail", "payments", ""),
            ("nothing in the namespace works", "", ""),
        ] {
            let found = named(text);
            assert_eq!(found.namespaces.join(","), namespaces, "{text}");
            assert_eq!(objects(&found).join(","), object, "{text}");
        }
        assert_eq!(named("on cluster harbour all pods fail").clusters, ["harbour"]);
    }

    #[test]
    fn a_record_names_the_pod_that_wrote_it() {
        for (text, object) in [
            (r#"{"kubernetes":{"pod_name":"ledger-0","namespace_name":"payments"},"log":"it failed"}"#, "pod/ledger-0"),
            (r#"{"k8s.pod.name":"ledger-0","k8s.namespace.name":"payments"}"#, "pod/ledger-0"),
            ("level=error podName=ledger-0 namespace=payments", "pod/ledger-0"),
            ("[payments/ledger-5c5c454cb6-9h5lf] it failed", "pod/ledger-5c5c454cb6-9h5lf"),
            ("deployment/ledger in payments fails", "deployment/ledger"),
            ("deployment/ledger in the payments namespace fails", "deployment/ledger"),
        ] {
            let found = named(text);
            let names = (found.namespaces.join(","), objects(&found).join(","));
            assert_eq!(names, ("payments".into(), object.into()), "{text}");
        }
        for text in ["cmd/aws-sdk-go", "src/main-package-names", "deployment/ledger in us-east-1", "w/5c5c454cb6-9h5lf"]
        {
            assert!(named(text).namespaces.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_service_of_aws_is_no_statefulset_and_pods_of_a_workload_are_no_pod() {
        for (text, object) in [
            ("aws sts get-caller-identity says nothing", ""),
            ("the ledger pods fail: pod ledger-555b784b9d-8d26l", "pod/ledger-555b784b9d-8d26l"),
            ("kubectl get sts ledger-0", "statefulset/ledger-0"),
            ("kubectl describe pods ledger-7", "pod/ledger-7"),
            ("sts/ledger and po/ledger-0", "statefulset/ledger,pod/ledger-0"),
        ] {
            assert_eq!(objects(&named(text)).join(","), object, "{text}");
        }
        assert!(named("arn:aws:eks:us-west-2:111122223333:cluster/*").clusters.is_empty());
    }

    #[test]
    fn a_message_of_a_chat_names_what_a_diagnosis_asks_for() {
        let text = "hey @channel, since the deploy this morning our ledger deployment in the payments namespace can't \
            reach S3 :fire: - it should get `arn:aws:iam::111122223333:role/HarbourLedgerRole` (cluster *harbour*, \
            us-west-2). Request ID: 0a1b2c3d-1111-2222-3333-444455556666, issuer \
            <https://oidc.eks.us-west-2.amazonaws.com/id/BFDB01|oidc.eks>. Any ideas?";
        let found = named(text);
        assert_eq!(found.roles, ["arn:aws:iam::111122223333:role/HarbourLedgerRole"]);
        assert_eq!(found.accounts, ["111122223333"]);
        assert_eq!(
            (found.namespaces.as_slice(), objects(&found)),
            (&["payments".to_owned()][..], vec!["deployment/ledger".to_owned()])
        );
        assert_eq!(found.clusters, ["harbour"]);
        assert_eq!(found.regions, ["us-west-2"]);
        assert_eq!(found.issuers, ["https://oidc.eks.us-west-2.amazonaws.com/id/BFDB01"]);
        assert_eq!(found.request_ids, ["0a1b2c3d-1111-2222-3333-444455556666"]);
    }

    #[test]
    fn commands_and_errors_name_things_by_their_form() {
        let found = named(
            "$ kubectl logs ds/aws-node -n kube-system\nAccessDenied: User: \
             arn:aws:sts::444455556666:assumed-role/NodeRole/i-0abc is not authorized; sub \
             system:serviceaccount:kube-system:aws-node\nkubectl get po ledger-7d9f-x2 --namespace=payments",
        );
        assert_eq!(found.roles, ["arn:aws:iam::444455556666:role/NodeRole"]);
        assert_eq!(found.subjects, ["system:serviceaccount:kube-system:aws-node"]);
        assert_eq!(objects(&found), ["daemonset/aws-node", "serviceaccount/aws-node", "pod/ledger-7d9f-x2"]);
        assert_eq!(found.objects[1].namespace.as_deref(), Some("kube-system"));
        assert_eq!(found.namespaces, ["kube-system", "payments"]);
        let job = named("role-to-assume: arn:aws:iam::111122223333:role/deploy\nsub repo:acme/api:ref:refs/heads/main");
        assert_eq!(
            (job.roles.len(), job.subjects.as_slice()),
            (1, &["repo:acme/api:ref:refs/heads/main".to_owned()][..])
        );
    }

    #[test]
    fn a_role_by_its_name_is_told_where_one_account_is() {
        let found = named("who can fix role HarbourVpcCniRole in account 111122223333?");
        assert_eq!(found.roles, ["arn:aws:iam::111122223333:role/HarbourVpcCniRole"]);
        assert!(named("who can fix role HarbourVpcCniRole?").roles.is_empty());
    }

    #[test]
    fn sentences_about_deployments_name_none() {
        for text in [
            "",
            "the deployment failed after the last deployment of our service",
            "every pod in the cluster is in a crash loop since the job started",
            "which namespace is it in? the default one",
            "https://example.com/id/1 https://jira.example/browse/X-1",
            "::: ``` --- ===",
        ] {
            assert_eq!(named(text), Named::default(), "{text}");
        }
    }

    #[test]
    fn a_text_without_an_end_is_read_to_its_bound() {
        let long = "deployment/a-b 111122223333 ".repeat(100_000);
        assert_eq!(named(&long).objects.len(), 1);
    }
}
