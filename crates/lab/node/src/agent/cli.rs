//! The AWS CLI in a container, as far as `aws sts get-caller-identity` goes: it looks for credentials, exchanges what
//! it finds and asks, each time anew (AWS CLI User Guide, "Command line return codes" for its exit codes).

use super::{
    app,
    context::Context,
    exchange::Session,
    failure::Failure,
    sdk::Sdk,
    wire,
    wording::{self, Call},
};

/// How it names itself in requests.
pub(crate) const USER_AGENT: &str = "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux md/arch#x86_64 \
    lang/python#3.13.7 md/installer#exe md/command#sts.get-caller-identity";
/// The SDK it is made with.
const SDK: Sdk = Sdk::Python { legacy: false };
const WHO: Call<'static> = Call { service: "sts", operation: "GetCallerIdentity" };
/// Exit codes: its surroundings are not fit, the service refused, anything else.
const UNFIT: i32 = 253;
const REFUSED: i32 = 254;
const OTHER: i32 = 255;

/// What the command prints, or what it complains of with its exit code.
pub(crate) async fn caller_identity(context: &Context) -> Result<String, (String, i32)> {
    let mut session = Session::new(context, SDK);
    match app::call(context, &mut session, WHO).await {
        Ok(body) => Ok(identity(
            &wire::element(&body, "UserId").unwrap_or_default(),
            &wire::element(&body, "Arn").unwrap_or_default(),
        )),
        Err(failure) => Err(complaint(&failure)),
    }
}

/// The answer as the CLI lays it out.
pub(crate) fn identity(user_id: &str, arn: &str) -> String {
    let account = arn.split(':').nth(4).unwrap_or_default();
    let members = [("UserId", user_id), ("Account", account), ("Arn", arn)];
    let known = members.iter().filter(|(_, value)| !value.is_empty());
    let lines: Vec<String> =
        known.map(|(name, value)| format!("    \"{name}\": {}", serde_json::json!(value))).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

fn complaint(failure: &Failure) -> (String, i32) {
    let code = match failure {
        Failure::NoCredentials => {
            let text = "Unable to locate credentials. You can configure credentials by running \"aws login\".";
            return (text.to_owned(), UNFIT);
        }
        Failure::NoRegion => {
            let text = "You must specify a region. You can also configure your region by running \"aws configure\".";
            return (text.to_owned(), UNFIT);
        }
        Failure::Exchange { .. } | Failure::Call(_) => REFUSED,
        Failure::TokenFile { .. }
        | Failure::Transport { .. }
        | Failure::PodIdentity { .. }
        | Failure::PlainHttp { .. }
        | Failure::StsModuleMissing
        | Failure::NoProfile(_)
        | Failure::Chain(_) => OTHER,
    };
    // The CLI prints an exception's text without its class.
    let text = wording::text(SDK, WHO, failure);
    (text.split_once(": ").map_or(text.as_str(), |(_, rest)| rest).to_owned(), code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::failure::Refused;

    #[test]
    fn complaints_are_those_of_the_command_line() {
        let refused =
            Refused { status: 400, code: "InvalidIdentityToken".into(), message: "m".into(), request_id: "r".into() };
        let failure = Failure::Exchange { role: "R".into(), refused };
        let text = "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: m";
        assert_eq!(complaint(&failure), (text.to_owned(), 254));
        assert_eq!(complaint(&Failure::NoCredentials).1, 253);
        let arn = "arn:aws:sts::111122223333:assumed-role/r/s";
        assert_eq!(
            identity("AROA:s", arn),
            format!(
                "{{\n    \"UserId\": \"AROA:s\",\n    \"Account\": \"111122223333\",\n    \"Arn\": \"{arn}\"\n}}\n"
            )
        );
    }
}
