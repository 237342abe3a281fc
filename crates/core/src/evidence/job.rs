//! A CI job: what its files and its run tell of the token it will show.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Whose machine runs the job, and so who issues its token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Platform {
    /// GitHub Actions.
    GithubActions,
    /// GitLab CI/CD.
    Gitlab,
    /// `CircleCI`.
    Circleci,
    /// Bitbucket Pipelines.
    Bitbucket,
    /// Buildkite.
    Buildkite,
    /// HCP Terraform, formerly Terraform Cloud.
    TerraformCloud,
    /// Another, by the name that was given.
    Other(String),
}

impl Platform {
    /// Its name in documents.
    pub fn name(&self) -> &str {
        match self {
            Self::GithubActions => "github-actions",
            Self::Gitlab => "gitlab",
            Self::Circleci => "circleci",
            Self::Bitbucket => "bitbucket",
            Self::Buildkite => "buildkite",
            Self::TerraformCloud => "terraform-cloud",
            Self::Other(name) => name,
        }
    }
}

impl Default for Platform {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl From<String> for Platform {
    fn from(name: String) -> Self {
        match name.to_lowercase().as_str() {
            "github-actions" | "github" => Self::GithubActions,
            "gitlab" | "gitlab-ci" => Self::Gitlab,
            "circleci" => Self::Circleci,
            "bitbucket" | "bitbucket-pipelines" => Self::Bitbucket,
            "buildkite" => Self::Buildkite,
            "terraform-cloud" | "hcp-terraform" => Self::TerraformCloud,
            _ => Self::Other(name),
        }
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.name().to_owned()
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// On which refs a trigger starts a job. Patterns are as the platform writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "on")]
pub enum Refs {
    /// Branches that are like one of `only`, or any where there is none, but for those like one of `except`.
    Branches {
        /// Patterns.
        #[serde(default)]
        only: Vec<String>,
        /// Patterns.
        #[serde(default)]
        except: Vec<String>,
    },
    /// Tags, likewise.
    Tags {
        /// Patterns.
        #[serde(default)]
        only: Vec<String>,
        /// Patterns.
        #[serde(default)]
        except: Vec<String>,
    },
    /// The repository's default branch.
    DefaultBranch,
    /// A pull request, whose subject names no ref.
    PullRequest,
    /// A pull request, in the context of the branch it is for (GitHub's `pull_request_target`).
    PullRequestTarget,
    /// A branch that the platform makes to try a merge.
    MergeQueue,
    /// Whatever starts the workflow that calls this one.
    Caller,
    /// Nobody knows from the files.
    Unknown,
}

/// What starts a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// In the platform's word: `push`, `schedule`.
    pub event: String,
    /// On which refs.
    #[serde(flatten)]
    pub refs: Refs,
    /// Whether a condition that the files do not decide may keep the job, or its step, from running then.
    #[serde(default)]
    pub conditional: bool,
}

/// How a job asks for its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// GitHub's `configure-aws-credentials` (README of aws-actions/configure-aws-credentials, "OIDC").
    Action,
    /// Another action that is told a role, or a script of GitHub's.
    OtherStep,
    /// GitLab's `id_tokens` (GitLab Docs, "CI/CD YAML syntax reference").
    IdTokens,
    /// GitLab's `CI_JOB_TOKEN`, which is for its own API and no ID token (GitLab Docs, "CI/CD job token").
    CiJobToken,
    /// GitLab's `CI_JOB_JWT`, which was removed in 17.0 and never held an `aud` (GitLab Docs, "Deprecations").
    CiJobJwt,
    /// GitLab's `CI_JOB_JWT_V2`, removed in 17.0; its `aud` was the instance's address (the same).
    CiJobJwtV2,
    /// `CircleCI`'s orb `circleci/aws-cli`. REPORTED: older versions show `CIRCLE_OIDC_TOKEN`, newer ones
    /// `CIRCLE_OIDC_TOKEN_V2`.
    CircleOrb,
    /// `CIRCLE_OIDC_TOKEN` (`CircleCI` Docs, "Using `OpenID` Connect tokens in jobs").
    CircleToken,
    /// `CIRCLE_OIDC_TOKEN_V2`, whose subject goes on with origin and ref (the same).
    CircleTokenV2,
    /// `circleci run oidc get`, with an audience of its own (`CircleCI` Docs, "OIDC tokens with custom claims").
    CircleCli,
    /// Bitbucket's `oidc` of a step (Bitbucket Support, "Integrate Pipelines with resource servers using OIDC").
    BitbucketOidc,
    /// Buildkite's plugin `aws-assume-role-with-web-identity` (its README).
    BuildkitePlugin,
    /// `buildkite-agent oidc request-token` (Buildkite Docs, "buildkite-agent oidc").
    BuildkiteAgent,
    /// `TFC_AWS_PROVIDER_AUTH` (HCP Terraform Docs, "Dynamic credentials with the AWS provider").
    TerraformVariables,
}

/// A request for a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRequest {
    /// With what.
    pub by: Means,
    /// The audiences asked for; none where the platform's own is taken.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// How long the token is to be valid, seconds.
    #[serde(default)]
    pub lifetime: Option<i64>,
    /// The claim whose value is to be the subject (Buildkite's `--subject-claim`).
    #[serde(default)]
    pub subject_claim: Option<String>,
}

/// Whose setting of the subject it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingOf {
    /// `GET /repos/OWNER/REPO/actions/oidc/customization/sub`.
    Repository,
    /// `GET /orgs/ORG/actions/oidc/customization/sub`.
    Organization,
}

/// How GitHub is told to write the subject: the answer of the calls that [`SettingOf`] names (GitHub REST API,
/// "Actions OIDC").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectSetting {
    /// Whose it is.
    pub of: SettingOf,
    /// Whether the default template is used, whatever `include_claim_keys` says. An organization's has no such member.
    #[serde(default)]
    pub use_default: Option<bool>,
    /// The claims of the subject, in their order.
    #[serde(default)]
    pub include_claim_keys: Vec<String>,
    /// What the subject of the default template begins with. REPORTED: it is right where `use_immutable_subject`
    /// says otherwise.
    #[serde(default)]
    pub sub_claim_prefix: Option<String>,
    /// Whether the subject holds numeric ids. REPORTED: `false` does not mean that it does not.
    #[serde(default)]
    pub use_immutable_subject: Option<bool>,
}

/// A CI job, from its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct CiJob {
    /// Whose machine runs it.
    pub platform: Platform,
    /// `owner/name`; on GitLab the project's path.
    pub repository: String,
    /// `refs/heads/main`, …
    pub git_ref: String,
    /// Event name, such as `pull_request`.
    pub event: String,
    /// The job's `environment:`.
    pub environment: Option<String>,
    /// Whether the run comes from a fork.
    pub fork: bool,
    /// Effective `permissions:` of the job, if any block is there.
    pub permissions: Option<BTreeMap<String, String>>,
    /// Effective permissions of the calling workflow, for a called one.
    pub caller_permissions: Option<BTreeMap<String, String>>,
    /// Whether nobody who calls says a word of permissions: what the called workflow may then have is a setting of the
    /// repository, which no file tells.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub caller_silent: bool,
    /// Whether the job calls a step that assumes a role.
    pub assumes_role: bool,
    /// `role-to-assume`, `audience`, `role-duration-seconds`, `role-session-name`, … of the step.
    pub inputs: BTreeMap<String, String>,
    /// Environment of the runner before the step, names and harmless values.
    pub env: BTreeMap<String, String>,
    /// Repository created, Unix seconds.
    pub repository_created: Option<i64>,
    /// Old names of repository or owner.
    pub former_names: Vec<String>,
    /// Ids and names that a subject may hold: `owner_id`, `repository_id`, `organization`, `workspace`, …
    pub ids: BTreeMap<String, String>,
    /// Claim keys of a customised subject.
    pub customised_subject: Option<Vec<String>>,
    /// How long the job runs or ran, seconds.
    pub duration: Option<i64>,
    /// What starts it, as far as its files tell.
    pub triggers: Vec<Trigger>,
    /// How it asks for tokens.
    pub requests: Vec<TokenRequest>,
    /// How GitHub is told to write the subject, when somebody asked.
    pub subject_settings: Vec<SubjectSetting>,
    /// Settings of the subject that somebody asked for and got no answer about.
    pub settings_unread: Vec<SettingOf>,
    /// The repository's default branch.
    pub default_branch: Option<String>,
    /// Files and other things that its files refer to and that were not read, each with why.
    pub unread: Vec<String>,
}
