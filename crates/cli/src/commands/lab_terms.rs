//! The terms of a lab as they are typed.

use std::collections::BTreeMap;

use trustwalk_foreign::visible;
use trustwalk_lab::{LONGEST_PROPAGATION, Ports, Propagation, Rate, THROTTLED, Terms};

use crate::args::TermsArgs;
use crate::exit::UsageError;

/// Most requests a second, and at once, that are understood: far more than the lab answers.
const MOST: u64 = 1_000_000;

/// All of them.
pub(super) fn of(args: &TermsArgs, model_as_before: bool) -> Result<(Terms, Ports), UsageError> {
    let mut rates = BTreeMap::new();
    for typed in &args.throttle {
        rates.extend(rate(typed)?.into_iter().filter_map(|(service, rate)| Some((service, rate?))));
    }
    let state = args.state.as_ref().map(std::path::absolute).transpose();
    let state = state.map_err(|_| UsageError("the state's folder has no absolute path".to_owned()))?;
    let terms = Terms { state, model_as_before, propagation: propagation(&args.propagation)?, rates };
    Ok((terms, ports(&args.ports)?))
}

fn ports(typed: &[String]) -> Result<Ports, UsageError> {
    let mut ports = Ports::default();
    for one in typed {
        let wrong = || {
            let typed = visible::line(one);
            UsageError(format!("`{typed}` is no port: write aws=4566, kubernetes=6443, issuers=8443 or control=9000"))
        };
        let (name, port) = one.split_once('=').ok_or_else(wrong)?;
        let place = match name {
            "aws" => &mut ports.aws,
            "kubernetes" => &mut ports.kubernetes,
            "issuers" => &mut ports.issuer,
            "control" => &mut ports.control,
            _ => return Err(wrong()),
        };
        *place = port.parse().map_err(|_| wrong())?;
    }
    Ok(ports)
}

/// How often services may be asked: `iam=2:10`, `0.5:5` for all of them, `iam=off`, `off`.
pub(super) fn rate(typed: &str) -> Result<Vec<(String, Option<Rate>)>, UsageError> {
    let wrong = || {
        let shown = visible::line(typed);
        let services = THROTTLED.join(", ");
        UsageError(format!(
            "`{shown}` is no rate: write iam=2:10 (twice a second, ten times at once), 0.5:5 for every service, or \
             iam=off; services are {services}"
        ))
    };
    let (service, text) = typed.split_once('=').map_or((None, typed), |(service, text)| (Some(service), text));
    if service.is_some_and(|service| !THROTTLED.contains(&service)) {
        return Err(wrong());
    }
    let rate = match text {
        "off" => None,
        text => {
            let (rate, burst) = text.split_once(':').ok_or_else(wrong)?;
            let per_thousand_seconds = thousandths(rate).ok_or_else(wrong)?;
            let burst = burst.parse().ok().filter(|burst| (1..=MOST).contains(burst)).ok_or_else(wrong)?;
            Some(Rate { per_thousand_seconds, burst })
        }
    };
    let named = THROTTLED.iter().filter(|known| service.is_none_or(|service| service == **known));
    Ok(named.map(|service| ((*service).to_owned(), rate)).collect())
}

/// A number with up to three decimals, in thousandths.
fn thousandths(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u64 = whole.parse().ok().filter(|whole| *whole <= MOST)?;
    let decimals: u64 = format!("{decimals:0<3}").parse().ok()?;
    Some(whole * 1000 + decimals)
}

/// How late changes are seen: `10s` by everybody, `iam=2s`, `sts=10s`, `off`.
pub(super) fn propagation(typed: &[String]) -> Result<Propagation, UsageError> {
    let mut propagation = Propagation::default();
    for one in typed {
        let wrong = || {
            let shown = visible::line(one);
            UsageError(format!("`{shown}` is no delay: write 10s, 500ms, iam=2s, sts=10s or off; an hour at most"))
        };
        let (who, text) = one.split_once('=').map_or((None, one.as_str()), |(who, text)| (Some(who), text));
        let delay = delay(text).filter(|delay| *delay <= LONGEST_PROPAGATION).ok_or_else(wrong)?;
        match who {
            None => propagation = Propagation { iam: delay, sts: delay },
            Some("iam") => propagation.iam = delay,
            Some("sts") => propagation.sts = delay,
            Some(_) => return Err(wrong()),
        }
    }
    Ok(propagation)
}

fn delay(text: &str) -> Option<jiff::SignedDuration> {
    if text == "off" {
        return Some(jiff::SignedDuration::ZERO);
    }
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s'), text.strip_suffix('m')) {
        (Some(number), _, _) => (number, 1),
        (None, Some(number), _) => (number, 1000),
        (None, None, Some(number)) => (number, 60_000),
        (None, None, None) => return None,
    };
    let number: i64 = number.parse().ok().filter(|number| *number >= 0)?;
    Some(jiff::SignedDuration::from_millis(number.checked_mul(unit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn rates_are_for_one_service_or_for_all() {
        let two = Rate { per_thousand_seconds: 2000, burst: 10 };
        assert_eq!(rate("iam=2:10").unwrap(), [("iam".to_owned(), Some(two))]);
        assert_eq!(rate("0.5:5").unwrap().len(), THROTTLED.len());
        assert_eq!(rate("sts=0.125:1").unwrap()[0].1, Some(Rate { per_thousand_seconds: 125, burst: 1 }));
        assert_eq!(rate("sts=off").unwrap(), [("sts".to_owned(), None)]);
        for wrong in
            ["", "iam", "iam=", "iam=2", "iam=2:0", "iam=-1:2", "iam=0.1234:1", "s4=2:10", "iam=2:x", "iam=x:2"]
        {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn delays_are_seen_by_one_or_by_all() {
        let seconds = jiff::SignedDuration::from_secs;
        assert_eq!(propagation(&all(&["10s"])).unwrap(), Propagation { iam: seconds(10), sts: seconds(10) });
        let mixed = propagation(&all(&["iam=2s", "sts=1m"])).unwrap();
        assert_eq!(mixed, Propagation { iam: seconds(2), sts: seconds(60) });
        assert_eq!(propagation(&all(&["10s", "iam=off"])).unwrap().iam, seconds(0));
        for wrong in ["10", "s", "-1s", "iam=", "eks=2s", "61m", "9999999999999999999m"] {
            assert!(propagation(&all(&[wrong])).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ports_are_named() {
        let some = ports(&all(&["aws=4566", "issuers=8443"])).unwrap();
        assert_eq!((some.aws, some.issuer, some.control), (4566, 8443, 0));
        for wrong in ["4566", "aws=", "aws=70000", "s3=1"] {
            assert!(ports(&all(&[wrong])).is_err(), "{wrong}");
        }
    }
}
