//! The kinds of secrets that tell themselves by their beginning, each with who says so.

/// A secret with a beginning of its own.
pub(super) struct Kind {
    /// How it begins.
    pub(super) prefix: &'static str,
    /// Characters that follow at least.
    pub(super) least: usize,
    /// Whether it may stand right behind a letter or digit: only what is unmistakable may.
    pub(super) glued: bool,
}

const fn kind(prefix: &'static str, least: usize) -> Kind {
    Kind { prefix, least, glued: false }
}

const fn glued(prefix: &'static str, least: usize) -> Kind {
    Kind { prefix, least, glued: true }
}

/// All of them. Lengths are below what issuers give, so that a token with its end cut off is known too.
pub(super) const KINDS: &[Kind] = &[
    // JSON in base64: JWT and JWE (RFC 7519, 3.1), whatever blanks follow the brace.
    glued("eyJ", 17),
    kind("eyAi", 24),
    kind("ewog", 24),
    kind("ew0K", 24),
    // AWS: key ids (IAM User Guide, "Unique identifiers") and session tokens as STS gives them.
    glued("AKIA", 16),
    glued("ASIA", 16),
    glued("ABIA", 16),
    glued("ACCA", 16),
    kind("IQoJ", 40),
    kind("FwoG", 40),
    kind("FQoG", 40),
    kind("ABSK", 60),
    // GitHub Docs, "About authentication to GitHub", token formats.
    kind("ghp_", 10),
    kind("gho_", 10),
    kind("ghu_", 10),
    kind("ghs_", 10),
    kind("ghr_", 10),
    kind("github_pat_", 10),
    // GitLab Docs, "Token overview", token prefixes.
    kind("glpat-", 8),
    kind("gloas-", 8),
    kind("gldt-", 8),
    kind("glrt-", 8),
    kind("glrtr-", 8),
    kind("glcbt-", 6),
    kind("glptt-", 8),
    kind("glft-", 8),
    kind("glimt-", 8),
    kind("glagent-", 8),
    kind("glsoat-", 8),
    kind("glffct-", 8),
    kind("glwt-", 8),
    kind("GR1348941", 8),
    // Slack API, "Tokens".
    kind("xoxa-", 8),
    kind("xoxb-", 8),
    kind("xoxc-", 8),
    kind("xoxd-", 8),
    kind("xoxe-", 8),
    kind("xoxe.", 8),
    kind("xoxo-", 8),
    kind("xoxp-", 8),
    kind("xoxr-", 8),
    kind("xoxs-", 8),
    kind("xapp-", 8),
    kind("hooks.slack.com/services/", 8),
    kind("hooks.slack.com/workflows/", 8),
    kind("discord.com/api/webhooks/", 8),
    // Stripe Docs, "API keys".
    kind("sk_live_", 8),
    kind("sk_test_", 8),
    kind("rk_live_", 8),
    kind("rk_test_", 8),
    kind("whsec_", 8),
    // Google Cloud documentation, "Authentication": API keys, access and refresh tokens, client secrets.
    kind("AIza", 20),
    kind("ya29.", 8),
    kind("GOCSPX-", 8),
    kind("1//0", 20),
    // Registries: npm, PyPI (PEP 541's token format), Docker Hub, RubyGems, crates.io, NuGet.
    kind("npm_", 16),
    kind("pypi-", 16),
    kind("dckr_pat_", 8),
    kind("dckr_oat_", 8),
    kind("rubygems_", 16),
    kind("cio", 32),
    kind("oy2", 40),
    // HashiCorp Developer, "Tokens": service, batch and recovery tokens of Vault, and Terraform Cloud's.
    kind("hvs.", 8),
    kind("hvb.", 8),
    kind("hvr.", 8),
    kind("s.", 24),
    kind("b.", 60),
    glued("atlasv1.", 20),
    // Model and hosting services, each in its own documentation of API keys.
    kind("sk-", 20),
    kind("hf_", 16),
    kind("dop_v1_", 16),
    kind("doo_v1_", 16),
    kind("dor_v1_", 16),
    kind("dp.pt.", 16),
    kind("dp.st.", 16),
    kind("shpat_", 16),
    kind("shpca_", 16),
    kind("shppa_", 16),
    kind("shpss_", 16),
    kind("SG.", 20),
    kind("sntrys_", 16),
    kind("sntryu_", 16),
    kind("glsa_", 16),
    kind("glc_", 24),
    kind("lin_api_", 16),
    kind("ATATT3", 16),
    kind("ATCTT3", 16),
    kind("NRAK-", 16),
    kind("PMAK-", 16),
    kind("sq0atp-", 16),
    kind("sq0csp-", 16),
    kind("dapi", 32),
    kind("pul-", 32),
    kind("figd_", 16),
    kind("AGE-SECRET-KEY-1", 16),
    // Hashes of passwords (crypt(5), htpasswd(1), RFC 2307).
    kind("$apr1$", 8),
    kind("$1$", 8),
    kind("$2a$", 8),
    kind("$2b$", 8),
    kind("$2y$", 8),
    kind("$5$", 8),
    kind("$6$", 8),
    kind("$y$", 8),
    kind("$argon2", 8),
    kind("{SHA}", 8),
    kind("{SSHA}", 8),
];

/// Words that open something secret, whatever their case.
pub(super) const OPENERS: &[&str] = &[
    "://",
    "%3a%2f%2f",
    "-----begin ",
    "---- begin ssh2 encrypted private key",
    "private-lines:",
    "bearer ",
    "bearer%20",
    "bearer+",
    "basic ",
    "basic%20",
    "negotiate ",
    "digest username",
    "@tcp(",
    "@unix(",
    "thin:",
    "' at '",
    ":assertion",
    " -u",
    " --user ",
    " --proxy-user ",
    " -p",
    " -a ",
    "pass:",
    "token file content",
    " identified by ",
];
