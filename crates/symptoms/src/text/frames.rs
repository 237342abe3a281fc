//! Which parts of a client spoke: names in stacks, in chains of providers and in wrappers.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::facts::Frame;

/// Names and words, as the sources of the SDKs have them, and the part each stands for. In lower case.
const NAMES: &[(&str, Frame)] = &[
    // botocore's RefreshableCredentials, Go 2's CredentialsCache, Java 2's CachedSupplier, JS 3's memoize, Ruby's
    // RefreshingCredentials: each speaks where credentials in use are renewed.
    ("_protected_refresh", Frame::Refresh),
    ("refreshable credential", Frame::Refresh),
    ("refreshablecredentials", Frame::Refresh),
    ("refreshing temporary credentials failed", Frame::Refresh),
    ("refreshing_credentials.rb", Frame::Refresh),
    ("refreshablesessioncredentials", Frame::Refresh),
    ("refreshsession", Frame::Refresh),
    ("refreshcache", Frame::Refresh),
    ("cachedsupplier.prefetchcache", Frame::Refresh),
    ("refreshingawscredentials", Frame::Refresh),
    ("blockingrefresh", Frame::Refresh),
    ("asyncrefresh", Frame::Refresh),
    ("failed to refresh", Frame::Refresh),
    ("credentials refresh failed", Frame::Refresh),
    ("webidentityroleprovider", Frame::WebIdentity),
    ("webidentityerr", Frame::WebIdentity),
    ("assumerolewithwebidentityprovider", Frame::WebIdentity),
    ("assumerolewithwebidentityfetcher", Frame::WebIdentity),
    ("webidentitytokencredentialsprovider", Frame::WebIdentity),
    ("webidentitytokenfilecredentialsprovider", Frame::WebIdentity),
    ("webidentitycredentialsutils", Frame::WebIdentity),
    ("stsassumerolewithwebidentitycredentialsprovider", Frame::WebIdentity),
    ("stswebidentity", Frame::WebIdentity),
    ("assumerolewithwebidentitycredentials", Frame::WebIdentity),
    ("fromtokenfile", Frame::WebIdentity),
    ("fromwebtoken", Frame::WebIdentity),
    ("tokenfilewebidentitycredentials", Frame::WebIdentity),
    ("assume_role_web_identity_credentials.rb", Frame::WebIdentity),
    ("assumerolewithwebidentitycredentialprovider", Frame::WebIdentity),
    ("web_identity_token_credentials_provider", Frame::WebIdentity),
    ("aws_auth_credentials_provider_sts_web_identity", Frame::WebIdentity),
    ("assumeroleprovider", Frame::AssumeRole),
    ("assumerolecredentialfetcher", Frame::AssumeRole),
    ("stsassumerolecredentialsprovider", Frame::AssumeRole),
    ("stsassumerolesessioncredentialsprovider", Frame::AssumeRole),
    ("assumedrolecredentialprovider", Frame::AssumeRole),
    ("containercredentialsprovider", Frame::Container),
    ("containermetadatafetcher", Frame::Container),
    ("endpointcredentialsprovider", Frame::Container),
    ("from container metadata", Frame::Container),
    ("fromcontainermetadata", Frame::Container),
    ("ecscredentials", Frame::Container),
    ("instanceprofilecredentialsprovider", Frame::InstanceMetadata),
    ("iaminstancecredentialsprovider", Frame::InstanceMetadata),
    ("ec2roleprovider", Frame::InstanceMetadata),
    ("ec2rolerequesterror", Frame::InstanceMetadata),
    ("ec2imds", Frame::InstanceMetadata),
    ("instancemetadatafetcher", Frame::InstanceMetadata),
    ("frominstancemetadata", Frame::InstanceMetadata),
    ("profilecredentialsprovider", Frame::Profile),
    ("sharedcredsload", Frame::Profile),
    ("sharedcredentialserror", Frame::Profile),
    ("fromini", Frame::Profile),
    ("environmentvariablecredentialsprovider", Frame::Environment),
    ("envaccesskeynotfound", Frame::Environment),
    ("envprovider", Frame::Environment),
    ("fromenv", Frame::Environment),
    ("simpleawscredentialsprovider", Frame::Configured),
    ("temporaryawscredentialsprovider", Frame::Configured),
    ("staticcredentialsprovider", Frame::Configured),
    ("nocredentialproviders", Frame::Chain),
    ("awscredentialsproviderchain", Frame::Chain),
    ("awscredentialproviderlist", Frame::Chain),
    ("any of the providers in the chain", Frame::Chain),
    ("any providers in the chain", Frame::Chain),
    ("no providers in chain", Frame::Chain),
    ("credentialchain", Frame::Chain),
];

/// The parts that a record in lower case names, each once, in the order of [`Frame`].
pub(crate) fn frames(lower: &str) -> Vec<Frame> {
    let mut out: Vec<Frame> = named(lower).collect();
    // Go 2's wrapper stands around the first call, too: it is a renewal only where another word says so.
    out.sort_unstable();
    out.dedup();
    if out.contains(&Frame::Refresh) && only_wrapped(lower) {
        out.retain(|f| *f != Frame::Refresh);
    }
    out
}

/// `failed to refresh cached credentials` is what Go 2 says of the first exchange as well (`aws.CredentialsCache`).
fn only_wrapped(lower: &str) -> bool {
    let bare = lower.replace("failed to refresh cached credentials", "");
    !named(&bare).any(|frame| frame == Frame::Refresh)
}

static FINDER: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(NAMES.iter().map(|(name, _)| name)).ok());

/// The parts named, in the order of the text, names within names included.
fn named(lower: &str) -> impl Iterator<Item = Frame> {
    let hits = FINDER.as_ref().map(|all| all.find_overlapping_iter(lower));
    hits.into_iter().flatten().filter_map(|hit| NAMES.get(hit.pattern().as_usize()).map(|(_, frame)| *frame))
}
