//! EC2: as much as the VPC CNI and a curious operator ask.

use crate::account::Account;
use crate::ec2_tags;
use crate::language::{Keys, glob};
use crate::outcome::{AwsFault, Outcome, tag};
use crate::query::Parameters;
use crate::sigv4::Caller;

/// Calls, each authorised by the caller's policies.
pub(crate) fn call(account: &Account, caller: &Caller, action: &str, form: &Parameters) -> Outcome {
    let full = format!("ec2:{action}");
    if let Some(why) = crate::policy::decide(account, caller, &full, "*", &Keys::new()).why(&full) {
        let who = crate::arns::arn(account, &caller.principal);
        let text = format!(
            "You are not authorized to perform this operation. User: {who} is not authorized to perform: {full} {why}"
        );
        return Err(AwsFault::new(403, "UnauthorizedOperation", text));
    }
    match action {
        "DescribeNetworkInterfaces" => interfaces(form),
        "DescribeRegions" => {
            let region = &account.config.region;
            Ok(format!(
                "<regionInfo><item>{}{}</item></regionInfo>",
                tag("regionName", region),
                tag("optInStatus", "opt-in-not-required")
            ))
        }
        "DescribeInstances" => Ok("<reservationSet/>".to_owned()),
        "CreateTags" => ec2_tags::create(account, form),
        "DeleteTags" => ec2_tags::delete(account, form),
        "DescribeTags" => Ok(ec2_tags::describe(account, form)),
        "DescribeSubnets" => Ok("<subnetSet/>".to_owned()),
        other => Err(unknown(other)),
    }
}

/// A network interface, by the names of the filters that ask for it (EC2 API reference, `DescribeNetworkInterfaces`).
fn interface(number: u32) -> [(&'static str, String); 3] {
    [
        ("network-interface-id", format!("eni-{number:017x}")),
        ("status", "in-use".to_owned()),
        ("private-ip-address", format!("10.0.{number}.10")),
    ]
}

/// Six interfaces, or those of them that are asked for by id and filter.
fn interfaces(form: &Parameters) -> Outcome {
    let numbered = |prefix: &str| -> Vec<String> {
        (1..).map_while(|i| form.get(&format!("{prefix}.{i}")).map(str::to_owned)).collect()
    };
    let all: Vec<[(&str, String); 3]> = (1..=6).map(interface).collect();
    let ids = numbered("NetworkInterfaceId");
    let known = |id: &String| all.iter().flatten().any(|(name, value)| *name == "network-interface-id" && value == id);
    if let Some(unknown) = ids.iter().find(|id| !known(id)) {
        let text = format!("The networkInterface ID '{unknown}' does not exist");
        return Err(AwsFault::new(400, "InvalidNetworkInterfaceID.NotFound", text));
    }
    let names = (1..).map_while(|i| Some((i, form.get(&format!("Filter.{i}.Name"))?)));
    let mut filters: Vec<(&str, Vec<String>)> =
        names.map(|(i, name)| (name, numbered(&format!("Filter.{i}.Value")))).collect();
    if !ids.is_empty() {
        filters.push(("network-interface-id", ids));
    }
    let has = |interface: &[(&str, String); 3], name: &str, values: &[String]| {
        interface.iter().any(|(own, value)| *own == name && values.iter().any(|wanted| glob(wanted, value)))
    };
    let wanted = all.iter().filter(|one| filters.iter().all(|(name, values)| has(one, name, values)));
    let shown = wanted.map(|interface| {
        let [(_, id), (_, status), (_, address)] = interface;
        let inside = [tag("networkInterfaceId", id), tag("status", status), tag("privateIpAddress", address)];
        format!("<item>{}</item>", inside.concat())
    });
    Ok(format!("<networkInterfaceSet>{}</networkInterfaceSet>", shown.collect::<String>()))
}

/// An operation that EC2 has not got.
pub(crate) fn unknown(action: &str) -> AwsFault {
    AwsFault::new(400, "InvalidAction", format!("The action {action} is not valid for this web service."))
}
