//! Which options go together: what is given is used, or refused at once, and never dropped.

use trustwalk_foreign::redact;

use super::common::TargetArgs;
use crate::exit::UsageError;

/// What the options ask about; the first of them that is given decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Workload,
    Job,
    Role,
    Issuer,
    Logs,
    Everything,
}

impl About {
    /// Its words, after "cannot be used with".
    fn words(self) -> &'static str {
        match self {
            Self::Workload => "a TARGET, whose object tells it",
            Self::Job => "--job",
            Self::Role => "--role",
            Self::Issuer => "--issuer alone",
            Self::Logs => "--log alone",
            Self::Everything => "neither a TARGET nor --job nor --role",
        }
    }
}

impl TargetArgs {
    fn about(&self) -> About {
        if !self.target.is_empty() {
            About::Workload
        } else if self.job.is_some() {
            About::Job
        } else if self.role.is_some() {
            About::Role
        } else if self.issuer.is_some() {
            About::Issuer
        } else if self.log.is_empty() {
            About::Everything
        } else {
            About::Logs
        }
    }

    /// Refuses options that what is asked about has no use for.
    pub(crate) fn checked(&self) -> Result<(), UsageError> {
        if self.subject.as_ref().is_some_and(|s| s.trim().is_empty()) {
            return Err(UsageError(
                "--subject is empty, as an unset variable makes it: write --subject SUB".to_owned(),
            ));
        }
        if let Some(role) = self.role.as_deref().filter(|r| !is_role(r)) {
            let words = "is not a role's ARN: write --role arn:aws:iam::ACCOUNT:role/NAME";
            return Err(UsageError(format!("`{}` {words}", redact(role))));
        }
        let about = self.about();
        let alone = "to look at a token alone use `trustwalk token FILE`";
        let refused = match about {
            About::Workload if self.job.is_some() => Some("--job"),
            About::Workload | About::Issuer | About::Logs | About::Everything if self.subject.is_some() => {
                Some("--subject")
            }
            About::Issuer | About::Logs | About::Everything if self.token.is_some() => {
                return Err(UsageError(format!("a token is shown to a role: `--token` goes with --role ARN; {alone}")));
            }
            About::Job | About::Role | About::Issuer | About::Logs if self.namespace.is_some() => Some("--namespace"),
            About::Workload | About::Role | About::Issuer | About::Logs | About::Everything
                if !self.job_answer.is_empty() =>
            {
                Some("--job-answer")
            }
            About::Workload | About::Job | About::Role | About::Issuer | About::Logs | About::Everything => None,
        };
        match refused {
            Some(option) => Err(UsageError(format!("`{option}` cannot be used with {}: leave one out", about.words()))),
            None => Ok(()),
        }
    }
}

/// Whether a text is a role's ARN, but for what shells and YAML leave around one, which is judged.
fn is_role(text: &str) -> bool {
    let bare = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '\\'));
    let mut parts = bare.splitn(6, ':');
    let (scheme, partition, service) = (parts.next(), parts.next(), parts.next());
    let (_, account, resource) = (parts.next(), parts.next(), parts.next());
    scheme == Some("arn")
        && partition.is_some_and(|p| p.starts_with("aws"))
        && service == Some("iam")
        && account.is_some_and(|a| a.len() == 12 && a.bytes().all(|b| b.is_ascii_digit()))
        && resource.is_some_and(|r| r.strip_prefix("role/").is_some_and(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roles_arn_is_told_from_its_name() {
        for good in [
            "arn:aws:iam::111122223333:role/cni",
            "arn:aws-cn:iam::111122223333:role/a/b",
            "\"arn:aws:iam::111122223333:role/x\" ",
        ] {
            assert!(is_role(good), "{good}");
        }
        for bad in [
            "cni",
            "",
            "arn:aws:iam::111122223333:user/cni",
            "arn:aws:iam::1111:role/cni",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:sts::111122223333:role/cni",
        ] {
            assert!(!is_role(bad), "{bad}");
        }
    }
}
