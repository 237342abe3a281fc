//! EC2: as much as the VPC CNI and a curious operator ask.

use crate::account::Account;
use crate::language::Keys;
use crate::outcome::{AwsFault, Outcome, tag};
use crate::sigv4::Caller;

/// Calls, each authorised by the caller's policies.
pub(crate) fn call(account: &Account, caller: &Caller, action: &str) -> Outcome {
    let full = format!("ec2:{action}");
    if let Some(why) = crate::policy::decide(account, caller, &full, "*", &Keys::new()).why(&full) {
        let who = crate::arns::arn(account, &caller.principal);
        let text = format!(
            "You are not authorized to perform this operation. User: {who} is not authorized to perform: {full} {why}"
        );
        return Err(AwsFault::new(403, "UnauthorizedOperation", text));
    }
    match action {
        "DescribeNetworkInterfaces" => {
            let eni = |i: u32| {
                let inside = [
                    tag("networkInterfaceId", &format!("eni-{i:017x}")),
                    tag("status", "in-use"),
                    tag("privateIpAddress", &format!("10.0.{i}.10")),
                ];
                format!("<item>{}</item>", inside.concat())
            };
            Ok(format!("<networkInterfaceSet>{}</networkInterfaceSet>", (1..=6).map(eni).collect::<String>()))
        }
        "DescribeRegions" => {
            let region = &account.config.region;
            Ok(format!(
                "<regionInfo><item>{}{}</item></regionInfo>",
                tag("regionName", region),
                tag("optInStatus", "opt-in-not-required")
            ))
        }
        "DescribeInstances" => Ok("<reservationSet/>".to_owned()),
        "DescribeSubnets" => Ok("<subnetSet/>".to_owned()),
        other => Err(unknown(other)),
    }
}

/// An operation that EC2 has not got.
pub(crate) fn unknown(action: &str) -> AwsFault {
    AwsFault::new(400, "InvalidAction", format!("The action {action} is not valid for this web service."))
}
