//! The way from the container to STS: names, routes, policies, proxies, endpoints.

use trustwalk_foreign::shell;
use trustwalk_symptoms::{Region, Scheme, Symptom as S};

use super::egress::{Way, restricted};
use super::facts::{Has, has_web_identity, in_cluster, lacking, variable, writers, writers_have};
use super::renewal::renewal;
use super::symptoms::{find, recent};
use super::way_out::{self, in_vpc, let_out, port};
use super::{Draft, Judged, chain_end, names};
use crate::cause::Cause;
use crate::evidence::{EnvVar, LogFailure, REGIONAL_ANNOTATION, Variable, View};
use crate::finding::Confidence;
use crate::plan::{Action, Which, ways};

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[
    Cause::StsGlobalEndpointInPrivateNetwork,
    Cause::DnsOrNetworkToStsBroken,
    Cause::NetworkPolicyBlocksSts,
    Cause::AppOverridesEndpointOrTlsSettings,
    Cause::CaBundleMissingInContainer,
    Cause::ProxyBlocksSts,
    Cause::StsVpcEndpointBlackholed,
    Cause::StsGlobalEndpointSingleRegionDependency,
    Cause::TransientStsFailureFallsBackToNodeRole,
    Cause::StsCallSentToWrongPartitionRegion,
];

const UNREACHED: &[S] = &[
    S::StsTimeout,
    S::StsUnreachable,
    S::StsRefused,
    S::StsDns,
    S::StsGlobalEndpoint,
    S::StsProxyRefused,
    S::StsTlsUntrusted,
];

/// The endpoint that is not of a region (AWS General Reference, STS endpoints).
const GLOBAL: &str = "sts.amazonaws.com";

/// The variables that lead a client through a proxy.
const PROXIES: [&str; 3] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// The variables with which a container names STS's endpoint or authorities itself.
const OWN_SETTINGS: [Variable; 3] = [Variable::AwsEndpointUrlSts, Variable::AwsEndpointUrl, Variable::AwsCaBundle];

/// Judges whether STS is reached.
pub(super) fn causes(view: &View<'_>) -> Judged {
    let mut judged = Judged::default();
    if let Some(draft) = fell_back(view) {
        judged.push(Cause::TransientStsFailureFallsBackToNodeRole, draft);
        return judged;
    }
    if let Some(line) = find(view, UNREACHED) {
        if without_tls(line) {
            judged.exclude(Cause::DnsOrNetworkToStsBroken, "STS was asked without TLS, on which it does not answer");
        } else {
            let (cause, draft) = unreached(view, line);
            judged.push(cause, draft.hear(line));
            contradicted(view, line, &mut judged);
        }
    }
    for line in recent(view).into_iter().filter(|l| l.failure.symptom == S::StsServerError) {
        let cause = Cause::StsGlobalEndpointSingleRegionDependency;
        match line.failure.host.as_deref() {
            Some(GLOBAL) if judged.found.is_empty() => judged.push(cause, one_region(view).hear(line)),
            None if judged.found.is_empty() => judged.push(cause, of_sts(view).hear(line)),
            Some(host) if host != GLOBAL => judged.exclude(cause, format!("{host} was asked, which is of one region")),
            Some(_) | None => {}
        }
        if find(view, &[S::NodeRoleUsed]).is_none() {
            judged.exclude(Cause::TransientStsFailureFallsBackToNodeRole, "no call as the node's role was seen");
        }
    }
    chain_end::contradict(view, CAUSES, &mut judged);
    if judged.found.is_empty() && view.logs().is_open() {
        judged.missing.push(lacking("the logs", view.logs()));
    }
    judged
}

/// Whether STS was asked in plain HTTP: its endpoints speak HTTPS only (AWS General Reference, STS endpoints).
fn without_tls(line: &LogFailure) -> bool {
    let proxied = line.failure.symptom == S::StsProxyRefused;
    !proxied && (line.failure.scheme == Some(Scheme::Http) || line.failure.port == Some(80))
}

/// What the line itself, or what was read, says against the other causes that could show it.
fn contradicted(e: &View<'_>, line: &LogFailure, judged: &mut Judged) {
    if line.failure.symptom != S::StsDns
        && let Some(address) = line.failure.address
    {
        let by = format!("the name was resolved: {address} was dialled");
        judged.exclude(Cause::DnsOrNetworkToStsBroken, by);
        if !in_vpc(address) {
            let by = format!("{address}, which was dialled, is no address of a VPC");
            judged.exclude(Cause::StsVpcEndpointBlackholed, by);
        }
    }
    if let Way::Open(by) = way(e, line) {
        judged.exclude(Cause::NetworkPolicyBlocksSts, by);
    }
    let Some(host) = line.failure.host.as_deref() else { return };
    if host != GLOBAL && host.starts_with("sts.") {
        let by = format!("the regional endpoint {host} was asked");
        judged.exclude(Cause::StsGlobalEndpointInPrivateNetwork, by.clone());
        judged.exclude(Cause::StsGlobalEndpointSingleRegionDependency, by);
    }
    let aws = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn") || host.ends_with(".api.aws");
    let mixed = another_suffix(line).is_some();
    let named = no_region(line).is_none() && !mixed;
    if !mixed {
        let by = format!("{host} is a name that the partition of its region has");
        judged.exclude(Cause::StsCallSentToWrongPartitionRegion, by);
    }
    if !named {
        judged.exclude(Cause::DnsOrNetworkToStsBroken, format!("{host} is no name of AWS: none can resolve it"));
        judged.exclude(Cause::NetworkPolicyBlocksSts, format!("{host} is no name of AWS: none can resolve it"));
    }
    if aws && named && variable(e, line, &OWN_SETTINGS).is_none() && line.failure.symptom != S::StsTlsUntrusted {
        judged.exclude(Cause::AppOverridesEndpointOrTlsSettings, format!("AWS's own name {host} was asked"));
    }
    let proxy = |name: &str| PROXIES.iter().any(|p| p.eq_ignore_ascii_case(name));
    let told = writers(e, line).into_iter().flat_map(|(_, c)| &c.env).any(|v| proxy(v.name()));
    if line.failure.symptom != S::StsProxyRefused && !told && e.pods().known().is_some() {
        judged.exclude(Cause::ProxyBlocksSts, "no container is told a proxy");
    }
}

/// What the network policies say of the way that failed: to the name server, or to the address of STS.
fn way(e: &View<'_>, line: &LogFailure) -> Way {
    let policies = e.network_policies().known().map_or(&[][..], Vec::as_slice);
    if line.failure.symptom == S::StsDns {
        return restricted(policies, line.failure.resolver, 53, true);
    }
    restricted(policies, line.failure.address, port(line), false)
}

fn unreached(e: &View<'_>, line: &LogFailure) -> (Cause, Draft) {
    let symptom = line.failure.symptom;
    let host = line.failure.host.clone().unwrap_or_else(|| "STS".to_owned());
    if let Some((name, value)) = variable(e, line, &OWN_SETTINGS) {
        let draft = Draft::new(format!("the container sets {name}={value}, and STS cannot be reached with it"))
            .show("container env", format!("{name}={value}"), "pod")
            .cure("remove the variable or correct it", &[("kubectl", names::unset(e, &[&name]))]);
        return (Cause::AppOverridesEndpointOrTlsSettings, draft);
    }
    if let Some(right) = another_suffix(line) {
        return (Cause::StsCallSentToWrongPartitionRegion, mixed(e, line, &host, right));
    }
    if let Some(region) = no_region(line) {
        return (Cause::AppOverridesEndpointOrTlsSettings, odd_region(e, region, &host));
    }
    if symptom == S::StsProxyRefused {
        return (Cause::ProxyBlocksSts, proxied(e, line, &host));
    }
    if symptom == S::StsTlsUntrusted {
        return (Cause::CaBundleMissingInContainer, untrusted(&host));
    }
    if let Some(draft) = blocked(e, line, &host) {
        return (Cause::NetworkPolicyBlocksSts, draft);
    }
    // An endpoint in the VPC answers for its own region's name; a zone of the VPC may lead the global name there, too.
    let into_vpc = line.failure.address.is_some_and(in_vpc);
    if (symptom == S::StsGlobalEndpoint || host == GLOBAL) && symptom != S::StsDns && !into_vpc {
        let draft =
            Draft::new(format!("the client calls the global endpoint {GLOBAL}, which this network does not reach"));
        return (Cause::StsGlobalEndpointInPrivateNetwork, regional(e, draft));
    }
    let endpoint = match line.failure.address {
        Some(address) => in_vpc(address),
        // Without an address only a workload of a cluster can be taken to stand in a VPC.
        None => in_cluster(e),
    };
    let own_region = host.starts_with("sts.") && host != GLOBAL && symptom == S::StsTimeout;
    let silent = own_region || (into_vpc && symptom == S::StsGlobalEndpoint);
    if find(e, &[S::ExpiredToken]).is_none() && silent && endpoint {
        return (Cause::StsVpcEndpointBlackholed, blackholed(e, line, &host));
    }
    (Cause::DnsOrNetworkToStsBroken, broken(e, line, &host))
}

/// What stands for a region in the host's name, where it is none: a typing error, or the word that another store of
/// objects takes for one.
fn no_region(line: &LogFailure) -> Option<&str> {
    let host = line.failure.host.as_deref().filter(|_| line.failure.symptom == S::StsDns)?;
    let word = host.strip_prefix("sts.")?.strip_suffix(".amazonaws.com")?;
    (line.failure.region.is_none() && !word.contains('.')).then_some(word)
}

/// The ends that the hosts of each partition's regions have (AWS SDKs, `partitions.json`, `dnsSuffix` and
/// `dualStackDnsSuffix`), by how the regions begin.
const SUFFIXES: [(&str, [&str; 2]); 8] = [
    ("cn-", [".amazonaws.com.cn", ".api.amazonwebservices.com.cn"]),
    ("us-iso-", [".c2s.ic.gov", ".api.aws.ic.gov"]),
    ("us-isob-", [".sc2s.sgov.gov", ".api.aws.scloud"]),
    ("us-isof-", [".csp.hci.ic.gov", ".api.aws.hci.ic.gov"]),
    ("eu-isoe-", [".cloud.adc-e.uk", ".api.cloud-aws.adc-e.uk"]),
    ("eusc-", [".amazonaws.eu", ".api.amazonwebservices.eu"]),
    ("us-gov-", [".amazonaws.com", ".api.aws"]),
    ("", [".amazonaws.com", ".api.aws"]),
];

/// The end that the host should have, where the region in its name is of another partition than its end: AWS has no
/// host of that name.
fn another_suffix(line: &LogFailure) -> Option<&'static str> {
    let host = line.failure.host.as_deref()?;
    let region = line.failure.region.as_ref().map(Region::as_str)?;
    let rest = host.strip_prefix("sts.").or_else(|| host.strip_prefix("sts-fips."))?.strip_prefix(region)?;
    let (_, ends) = SUFFIXES.iter().find(|(family, _)| region.starts_with(family))?;
    if ends.contains(&rest) { None } else { ends.first().copied() }
}

/// The client made the host's name of one partition's region and of another's suffix.
fn mixed(e: &View<'_>, line: &LogFailure, host: &str, suffix: &str) -> Draft {
    let region = line.failure.region.as_ref().map(Region::as_str).unwrap_or_default();
    let right = format!("sts.{region}{suffix}");
    Draft::new(format!(
        "the client calls {host}, which is no host of AWS: STS of {region}, a region of another partition than that \
         suffix, is {right}"
    ))
    .show("host asked", host, line.origin.clone())
    .show("STS of the region", right.clone(), "AWS's partitions")
    .cure(
        "use a client that knows the partition, or name its endpoint of STS",
        &[(
            "kubectl",
            names::on_workload(e, "set env", " AWS_ENDPOINT_URL_STS={}", &[&["https://", right.as_str()].concat()]),
        )],
    )
}

fn odd_region(e: &View<'_>, region: &str, host: &str) -> Draft {
    Draft::new(format!(
        "the client was given `{region}` as its region, which is none of AWS's: no host is named {host}"
    ))
    .cure(
        "give the client of STS a region of AWS; what needs another word, such as a store that speaks like S3, gets a \
             configuration of its own",
        &[("kubectl", names::on_workload(e, "set env", " AWS_REGION={}", &[names::region(e)]))],
    )
}

/// Without a name there is nothing to dial; with an address the name was found, and the route is what fails.
fn broken(e: &View<'_>, line: &LogFailure, host: &str) -> Draft {
    let named = line.failure.symptom.name();
    match line.failure.address.filter(|_| line.failure.symptom != S::StsDns) {
        Some(address) => Draft::new(format!(
            "{host} resolves to {address}, and port {} of it cannot be reached from the workload ({named})",
            port(line)
        ))
        .cure(
            "repair the route to STS: NAT gateway, route table, network ACL, firewall",
            &[("kubectl", names::probe(e, "busybox", "nc -zv {} 443", &[host]))],
        ),
        None => Draft::new(format!("{host} cannot be reached from the workload ({named})"))
            .cure("repair DNS or the route to STS", &[("kubectl", names::probe(e, "busybox", "nslookup {}", &[host]))]),
    }
}

fn proxied(e: &View<'_>, line: &LogFailure, host: &str) -> Draft {
    // SDKs ask the endpoint of their own region unless they are told otherwise (AWS SDKs and Tools Reference Guide,
    // "AWS STS Regional endpoints").
    let regional = || format!("sts.{}.amazonaws.com", names::region(e));
    let exempt = line.failure.host.clone().unwrap_or_else(regional);
    Draft::new(format!("the HTTP proxy refuses to connect to {host}"))
        .cure("allow the STS host in the proxy, or name it in NO_PROXY", &[exempted(e, line, &exempt)])
}

/// How a host is added to what no proxy serves: behind what stands there, whatever the letters of the variable.
fn exempted(e: &View<'_>, line: &LogFailure, host: &str) -> (&'static str, String) {
    let names = [Variable::NoProxy, Variable::NoProxyLower].map(Variable::name);
    let is = |v: &&EnvVar| names.contains(&v.name()) && v.value() != Some("");
    let all: Vec<&EnvVar> = writers(e, line).into_iter().flat_map(|(_, c)| &c.env).filter(is).collect();
    let Some(first) = all.first() else {
        return ("kubectl", names::on_workload(e, "set env", " NO_PROXY={}", &[host]));
    };
    let name = first.name();
    match first.value().filter(|_| all.iter().all(|v| v == first)) {
        Some(there) if there.split(',').any(|part| part.trim() == host) => {
            ("note", format!("{name} names {host} already: it is for the proxy to allow, or for the client to heed"))
        }
        Some(there) => {
            let whole = [there.trim_end_matches(','), ",", host].concat();
            ("kubectl", names::on_workload(e, "set env", " {}={}", &[name, &whole]))
        }
        None => ("note", format!("add {host} to {name}, which is set otherwise than by one value of all containers")),
    }
}

fn untrusted(host: &str) -> Draft {
    Draft::new(format!(
        "the container does not trust the certificate of {host}: it holds no CA certificates, or something intercepts \
         TLS"
    ))
    .cure(
        "install ca-certificates in the image",
        &[("note", "or name the intercepting authority with AWS_CA_BUNDLE".to_owned())],
    )
}

fn blackholed(e: &View<'_>, line: &LogFailure, host: &str) -> Draft {
    let dialled = line.failure.address.map(|a| format!(" to {a}")).unwrap_or_default();
    let region = line.failure.region.as_ref().map_or_else(|| names::region(e), |r| r.as_str());
    let service = format!("com.amazonaws.{region}.sts");
    let at_node = shell::line("from the node: `curl -v https://{}`", &[host]);
    Draft::new(format!(
        "{host} resolves{dialled} and does not answer: a VPC endpoint without a matching security group, or no route"
    ))
    .unsure(Confidence::Likely, [&at_node, " and the endpoint's security groups"].concat())
    .cure(
        "let the endpoint's security group admit port 443 from the pods",
        &[("aws", shell::line("aws ec2 describe-vpc-endpoints --filters Name=service-name,Values={}", &[&service]))],
    )
}

const REGIONAL_TITLE: &str = "use the regional endpoint";
const REGIONAL_NOTE: &str = "for SDKs that know the setting; newer ones ask their own region by themselves, and an \
                             application that names the endpoint itself has to leave it out";

fn regional_by_hand(e: &View<'_>) -> String {
    let annotate = names::on_account(e, "annotate", " eks.amazonaws.com/sts-regional-endpoints=true");
    [annotate, names::on_workload(e, "rollout restart", "", &[])].join(" && ")
}

/// The cure for who calls the global endpoint. SDKs whose major version is of after July 2022 never ask it, the others
/// no more by default since July 2025, but for the AWS CLI 1, Java 1, Go 1 and JavaScript 2 (AWS SDKs and Tools
/// Reference Guide, "AWS STS Regional endpoints").
fn regional(e: &View<'_>, draft: Draft) -> Draft {
    let kubectl = regional_by_hand(e);
    // The webhook sets the variable beside the role; what the template sets by hand it leaves.
    let by_hand = e
        .workload()
        .known()
        .is_some_and(|w| w.template.containers.iter().any(|c| c.has_env(Variable::AwsStsRegionalEndpoints)));
    match e.service_account().known().filter(|sa| sa.role_arn().is_some() && !by_hand) {
        Some(sa) => {
            let action = Action::Annotate {
                namespace: sa.namespace.clone(),
                service_account: sa.name.clone(),
                key: REGIONAL_ANNOTATION.to_owned(),
                value: Some("true".to_owned()),
            };
            let restart = renewal(e, Which::All);
            let mut ways = ways(e, &action);
            ways.retain(|(tool, _)| *tool != "kubectl");
            ways.extend([("kubectl", kubectl), ("note", REGIONAL_NOTE.to_owned())]);
            draft.act(REGIONAL_TITLE, [Some(action), restart].into_iter().flatten().collect(), &ways)
        }
        None => draft.cure(REGIONAL_TITLE, &[("kubectl", kubectl), ("note", REGIONAL_NOTE.to_owned())]),
    }
}

/// STS failed by itself, and nothing tells at which endpoint.
fn of_sts(e: &View<'_>) -> Draft {
    let draft = Draft::new(format!(
        "STS failed by itself; if {GLOBAL} was asked, which region failed is not for the client to choose"
    ));
    let decide = format!("which host was asked: the log at debug level names it; {GLOBAL} is the global endpoint");
    // As below: what still works is not restarted for it.
    draft
        .unsure(Confidence::Possible, decide)
        .cure(REGIONAL_TITLE, &[("kubectl", regional_by_hand(e)), ("note", REGIONAL_NOTE.to_owned())])
}

/// Since 2025 the global name is answered in the caller's region where that is enabled by default and its name was
/// resolved by Amazon's DNS, else in `us-east-1` (IAM User Guide, "AWS STS global endpoint changes").
fn one_region(e: &View<'_>) -> Draft {
    let draft = Draft::new(format!(
        "the global endpoint {GLOBAL} failed, and the client asks no other: one region answers for it, its own or \
         us-east-1, which is not for the client to choose"
    ));
    let region = names::region(e);
    let template = "the regional endpoint answers meanwhile: `aws sts get-caller-identity --region {} --endpoint-url \
                    https://sts.{}.amazonaws.com`";
    let decide = shell::line(template, &[region, region]);
    // What still works is not restarted for it: a good session would be lost.
    draft
        .unsure(Confidence::Likely, decide)
        .cure(REGIONAL_TITLE, &[("kubectl", regional_by_hand(e)), ("note", REGIONAL_NOTE.to_owned())])
}

/// Policies that do not let the pods reach what was asked.
fn blocked(e: &View<'_>, line: &LogFailure, host: &str) -> Option<Draft> {
    let (policies, allowed, sure) = match way(e, line) {
        Way::Shut { policies, allowed } => (policies, allowed, true),
        Way::Unsure { policies, allowed } => (policies, allowed, false),
        Way::Free | Way::Open(_) => return None,
    };
    let named = policies.join(", ");
    let asked = match (line.failure.symptom, line.failure.address, line.failure.resolver) {
        (S::StsDns, _, Some(server)) => format!("the name server {server} was asked on port 53"),
        (S::StsDns, _, None) => format!("the name {host} was asked for, on port 53"),
        (_, Some(address), _) => format!("{host} was dialled at {address}, port {}", port(line)),
        (_, None, _) => format!("{host} does not answer on port {}", port(line)),
    };
    let lets = format!("the NetworkPolicy {named} lets these pods reach {allowed} only, and {asked}");
    let draft = if sure {
        Draft::new(lets).unsure(Confidence::Likely, "a pod without the policy reaches STS")
    } else {
        let decide = format!("the address: `{}`", names::probe(e, "busybox", "nslookup {}", &[host]));
        Draft::new(lets).unsure(Confidence::Possible, decide)
    };
    let title = if line.failure.symptom == S::StsDns {
        "allow egress to the cluster's name servers on port 53, UDP and TCP".to_owned()
    } else {
        format!("allow egress to STS on port {}", port(line))
    };
    let command = let_out(e, policies.first()?, line);
    let note = way_out::risk(e, line);
    let shown = draft.show("egress allowed", allowed, format!("NetworkPolicy {named}"));
    Some(shown.cure(title, &[("kubectl", command), ("note", note.to_owned())]))
}

/// Symptoms that pass by themselves, so that the next start finds the identity again.
const PASSING: &[S] = &[S::Throttled, S::StsServerError];
/// The same, where an exchange has succeeded since.
const PASSED: &[S] =
    &[S::Throttled, S::StsServerError, S::StsTimeout, S::StsUnreachable, S::StsGlobalEndpoint, S::StsDns];

/// The node's role was used because STS failed for a while: SDKs go on to the next source of credentials.
fn fell_back(e: &View<'_>) -> Option<Draft> {
    let node = find(e, &[S::NodeRoleUsed])?;
    let works = e.exchange().known().is_some_and(|x| x.assumed.is_some());
    let failed = find(e, if works { PASSED } else { PASSING })?;
    if in_cluster(e) && writers_have(e, node, has_web_identity) == Has::No {
        return None;
    }
    let decide = format!(
        "a restarted container uses its own role again: `{}`",
        names::in_pod(e, None, "aws sts get-caller-identity", &[])
    );
    let hops = "aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 1 --instance-id INSTANCE";
    Some(
        Draft::new("STS failed for a moment, and the client went on with the node's role, which it then kept")
            .unsure(Confidence::Likely, decide)
            .show("STS", failed.sample.clone(), failed.origin.clone())
            .show("afterwards", node.sample.clone(), node.origin.clone())
            .cure(
                "restart the pods, and take the node's role away from pods so that a failure stays visible",
                &[("kubectl", names::on_workload(e, "rollout restart", "", &[])), ("aws", hops.to_owned())],
            ),
    )
}
