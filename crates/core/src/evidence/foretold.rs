//! Which subjects a job's tokens will have, from what its files tell: for each trigger one, of which parts may be
//! unknown.

use super::job::{CiJob, Means, Platform, Refs, SettingOf, Trigger};
use super::template::{Fit, Letters, Template};

mod elsewhere;
mod github;

/// A subject that a token may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// The subject.
    pub subject: Template,
    /// What must be so for it to be this one, where there are others.
    pub only_if: Option<String>,
}

/// The subject of the tokens of one trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foretold {
    /// What starts the job, for people: `push to main`.
    pub trigger: String,
    /// The subjects it may have, one of which it has.
    pub alternatives: Vec<Alternative>,
    /// Whether a condition that the files do not decide may keep the job from running then.
    pub conditional: bool,
}

impl Foretold {
    fn new(trigger: impl Into<String>, subject: Template) -> Self {
        let alternatives = vec![Alternative { subject, only_if: None }];
        Self { trigger: trigger.into(), alternatives, conditional: false }
    }

    /// The subject, when there is one and all of it is known.
    pub fn known(&self) -> Option<&str> {
        match self.alternatives.as_slice() {
            [only] => only.subject.known(),
            _ => None,
        }
    }

    /// Whether a policy admits it, told how it compares with one subject.
    pub fn fit(&self, compare: impl Fn(&Template) -> Fit) -> Fit {
        let fits: Vec<(Fit, &Alternative)> = self.alternatives.iter().map(|a| (compare(&a.subject), a)).collect();
        if !fits.is_empty() && fits.iter().all(|(fit, _)| *fit == Fit::Admits) {
            return Fit::Admits;
        }
        if fits.iter().all(|(fit, _)| *fit == Fit::Refuses) {
            return Fit::Refuses;
        }
        let mut names: Vec<String> = Vec::new();
        for (fit, alternative) in fits {
            let own = if let Fit::Depends(own) = fit { own } else { Vec::new() };
            for name in own.into_iter().chain(alternative.only_if.clone()) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        Fit::Depends(names)
    }
}

impl CiJob {
    /// The subjects of the job's tokens, one for each trigger; those of its run where a run is at hand. Empty for a
    /// platform of which nothing is known.
    pub fn foretold(&self) -> Vec<Foretold> {
        match &self.platform {
            Platform::GithubActions if self.repository.contains('/') => github::foretold(self),
            Platform::GithubActions | Platform::Other(_) => Vec::new(),
            // What it shows is no ID token, and has no subject.
            Platform::Gitlab if self.requests.first().is_some_and(|r| r.by == Means::CiJobToken) => Vec::new(),
            Platform::Gitlab => elsewhere::gitlab(self),
            Platform::Circleci => elsewhere::circleci(self),
            Platform::Bitbucket => elsewhere::bitbucket(self),
            Platform::Buildkite => elsewhere::buildkite(self),
            Platform::TerraformCloud => elsewhere::terraform(self),
        }
    }

    /// Who issues the job's tokens, where the platform or its files tell: the address of the cloud service, and not
    /// of an instance of one's own.
    pub fn issuer(&self) -> Option<String> {
        match &self.platform {
            // GitHub Docs, "Configuring OpenID Connect in Amazon Web Services".
            Platform::GithubActions => Some("https://token.actions.githubusercontent.com".to_owned()),
            // CircleCI Docs, "Using OpenID Connect tokens in jobs": one for each organization.
            Platform::Circleci => {
                self.ids.get("organization_id").map(|id| format!("https://oidc.circleci.com/org/{id}"))
            }
            // Bitbucket Support, "Deploy on AWS using Bitbucket Pipelines OpenID Connect".
            Platform::Bitbucket => self.ids.get("workspace").map(|workspace| {
                format!("https://api.bitbucket.org/2.0/workspaces/{workspace}/pipelines-config/identity/oidc")
            }),
            // README of buildkite-plugins/aws-assume-role-with-web-identity-buildkite-plugin.
            Platform::Buildkite => Some("https://agent.buildkite.com".to_owned()),
            // HCP Terraform Docs, "Dynamic credentials with the AWS provider".
            Platform::TerraformCloud => Some("https://app.terraform.io".to_owned()),
            Platform::Gitlab | Platform::Other(_) => None,
        }
    }

    /// Whether an issuer, without its scheme, can be that of the job's tokens: the cloud service of another platform, a
    /// cluster of EKS, Google and Cognito cannot (the sources named at [`Self::issuer`]; IAM User Guide, "OIDC
    /// federated principals"). An instance of one's own may stand at any other address.
    pub fn may_be_from(&self, path: &str) -> bool {
        match path.split('/').next().unwrap_or_default() {
            "token.actions.githubusercontent.com" => self.platform == Platform::GithubActions,
            "gitlab.com" => self.platform == Platform::Gitlab,
            "oidc.circleci.com" => self.platform == Platform::Circleci,
            "api.bitbucket.org" => self.platform == Platform::Bitbucket,
            "agent.buildkite.com" => self.platform == Platform::Buildkite,
            "app.terraform.io" => self.platform == Platform::TerraformCloud,
            "accounts.google.com" | "cognito-identity.amazonaws.com" => false,
            host => !host.starts_with("oidc.eks.") && !host.starts_with("oidc-eks."),
        }
    }

    /// The audiences of the job's tokens, where its files or its platform's default tell.
    pub fn audiences(&self) -> Vec<String> {
        let asked: Vec<String> = self.requests.iter().flat_map(|r| r.audiences.clone()).collect();
        if !asked.is_empty() {
            return asked;
        }
        let id = |name: &str| self.ids.get(name).cloned();
        let default = match (&self.platform, self.requests.first().map(|r| r.by)) {
            // README of aws-actions/configure-aws-credentials, `audience`.
            (Platform::GithubActions, _) => Some(
                self.inputs
                    .get("audience")
                    .filter(|a| !a.is_empty())
                    .cloned()
                    .unwrap_or_else(|| "sts.amazonaws.com".to_owned()),
            ),
            // CircleCI Docs, "Using OpenID Connect tokens in jobs": the organization's id.
            (Platform::Circleci, Some(Means::CircleOrb | Means::CircleToken | Means::CircleTokenV2)) => {
                id("organization_id")
            }
            // Bitbucket Support, "Integrate Pipelines with resource servers using OIDC".
            (Platform::Bitbucket, Some(_)) => {
                id("workspace_uuid").map(|uuid| format!("ari:cloud:bitbucket::workspace/{}", bare_uuid(&uuid)))
            }
            // Its README: it asks for this one.
            (Platform::Buildkite, Some(Means::BuildkitePlugin)) => Some("sts.amazonaws.com".to_owned()),
            // Buildkite Docs, "OIDC": the organization's address.
            (Platform::Buildkite, Some(_)) => id("organization").map(|slug| format!("https://buildkite.com/{slug}")),
            // HCP Terraform Docs, "Dynamic credentials with the AWS provider".
            (Platform::TerraformCloud, Some(_)) => Some("aws.workload.identity".to_owned()),
            _ => None,
        };
        default.into_iter().collect()
    }

    /// The template of one of the job's names, or an unknown part of that name.
    fn id(&self, key: &str, name: &str, of: Letters) -> Template {
        match self.ids.get(key).filter(|v| !v.is_empty() && !v.contains(['$', '<', '{'])) {
            Some(value) => Template::from(value.as_str()),
            None => Template::default().unknown_for_good(name, of),
        }
    }

    fn setting(&self, of: SettingOf) -> Option<&super::job::SubjectSetting> {
        self.subject_settings.iter().find(|s| s.of == of)
    }
}

fn bare_uuid(uuid: &str) -> &str {
    uuid.trim_matches(['{', '}'])
}

/// A filter of branches or tags in GitHub's language: `*` is any text without `/`, `**` any; `?`, `+` and brackets
/// repeat or choose letters (GitHub Docs, "Workflow syntax", filter pattern cheat sheet). What this does not follow
/// to the letter it takes for more than it is, which keeps both certain answers right.
fn filter(pattern: &str, name: &str) -> Template {
    let letters: Vec<char> = pattern.chars().collect();
    let mut template = Template::default();
    let mut at = 0;
    while let Some(c) = letters.get(at) {
        at += 1;
        let repeated = matches!(letters.get(at), Some('?' | '+'));
        template = match c {
            '*' if letters.get(at) == Some(&'*') => {
                at += 1;
                template.unknown(name, Letters::Anything)
            }
            '*' => template.unknown(name, Letters::Segment),
            '[' => {
                let rest = letters.get(at..).unwrap_or_default();
                at += rest.iter().position(|c| *c == ']').map_or(rest.len(), |n| n + 1);
                let repeated = matches!(letters.get(at), Some('?' | '+'));
                at += usize::from(repeated);
                template.unknown(name, if repeated { Letters::Anything } else { Letters::One })
            }
            '\\' => match letters.get(at) {
                Some(escaped) => {
                    at += 1;
                    template.text(escaped.encode_utf8(&mut [0; 4]))
                }
                None => template,
            },
            _ if repeated => {
                at += 1;
                template.unknown(name, Letters::Anything)
            }
            letter => template.text(letter.encode_utf8(&mut [0; 4])),
        };
    }
    template
}

/// Text with expressions of the run, each an unknown part: `prod-${{ inputs.region }}`.
fn expression(text: &str, name: &str) -> Template {
    let mut template = Template::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        template = template.text(before).unknown(name, Letters::Anything);
        rest = after.split_once("}}").map_or("", |(_, rest)| rest);
    }
    template.text(rest)
}

/// A filter as no more than it is, where it is of letters and stars alone: what is excluded has to be excluded for
/// certain.
fn exact(pattern: &str) -> Option<Template> {
    let plain = |c: char| !matches!(c, '?' | '+' | '[' | ']' | '\\' | '!');
    pattern.chars().all(plain).then(|| filter(pattern, "excluded"))
}

/// What the filters of a trigger let through, each with what it is called. Of patterns the last that fits decides
/// (GitHub Docs, "Workflow syntax", filter pattern cheat sheet).
fn filtered(only: &[String], except: &[String], kind: &str) -> Vec<(String, Template)> {
    let last = only.iter().rposition(|p| !p.starts_with('!'));
    let excluding = |(n, p): &(usize, &String)| p.starts_with('!') && last.is_none_or(|last| *n > last);
    let never = only.iter().enumerate().filter(excluding).filter_map(|(_, p)| p.strip_prefix('!'));
    let never: Vec<Template> = except.iter().map(String::as_str).chain(never).filter_map(exact).collect();
    let (not, only): (Vec<&String>, Vec<&String>) = only.iter().partition(|p| p.starts_with('!'));
    let except: Vec<&str> =
        except.iter().map(String::as_str).chain(not.iter().map(|p| p.trim_start_matches('!'))).collect();
    let name = if except.is_empty() { kind.to_owned() } else { format!("{kind} other than {}", except.join(", ")) };
    if only.is_empty() {
        let any = Template::default().unknown(&name, Letters::Ref).never(never);
        return vec![(format!("any {name}"), any)];
    }
    only.iter().map(|pattern| (format!("{kind} {pattern}"), filter(pattern, &name).never(never.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_taken_for_no_less_than_they_are() {
        for (pattern, admits, refuses) in [
            ("main", vec!["main"], vec!["mainly", "mai"]),
            ("v*", vec!["v1", "v", "v1.2"], vec!["v/1", "w"]),
            ("releases/**", vec!["releases/a/b"], vec!["release"]),
            ("v[12].[0-9]+", vec!["v1.20", "v2.3"], vec!["x1.2"]),
            ("*.jsx?", vec!["page.js", "page.jsx"], vec!["page.ts"]),
            ("a\\*", vec!["a*"], vec!["ab"]),
        ] {
            let template = filter(pattern, "x");
            for text in admits {
                assert_ne!(template.equals(text), Fit::Refuses, "{pattern} {text}");
            }
            for text in refuses {
                assert_eq!(template.equals(text), Fit::Refuses, "{pattern} {text}");
            }
        }
    }

    #[test]
    fn expressions_are_unknown_parts() {
        assert_eq!(expression("prod", "environment").known(), Some("prod"));
        assert_eq!(expression("a-${{ b }}-c", "environment").to_string(), "a-<environment>-c");
        assert_eq!(expression("${{ b", "environment").to_string(), "<environment>");
    }
}
