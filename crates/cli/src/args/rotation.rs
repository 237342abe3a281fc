//! The options of `fix --rotate`.

use std::path::PathBuf;

use clap::Args;

/// What a rotation is asked for.
#[derive(Debug, Args)]
pub(crate) struct RotationArgs {
    /// Rotate the thumbprint of the issuer's certificates: alone, shows where that stands; the target names the issuer,
    /// or a workload or role that leads to it
    #[arg(long)]
    pub(crate) rotate: bool,
    /// The chain that the issuer will present, PEM, leaf first: registered beside the present one before the switch
    #[arg(long, value_name = "FILE", requires = "rotate", conflicts_with_all = ["incoming_host", "resume"])]
    pub(crate) incoming: Option<PathBuf>,
    /// A place that presents the issuer's new chain already, asked for the issuer's name: a new load balancer
    #[arg(long, value_name = "HOST:PORT", requires = "rotate", conflicts_with = "resume")]
    pub(crate) incoming_host: Option<String>,
    /// Take the old thumbprint away, once every address presents the new chain and the deadline has passed
    #[arg(long, requires = "rotate", conflicts_with = "resume")]
    pub(crate) retire: bool,
    /// The thumbprint that goes, where nobody presents several (repeatable)
    #[arg(long, value_name = "THUMBPRINT", requires = "retire")]
    pub(crate) old: Vec<String>,
    /// The chain that was presented before the switch, PEM: what of it is registered goes, once its certificate has
    /// expired
    #[arg(long, value_name = "FILE", requires = "retire")]
    pub(crate) outgoing: Option<PathBuf>,
    /// Retire nothing before this time, whenever the old certificate expires: 2026-12-01 or 2026-12-01T06:00:00Z
    #[arg(long, value_name = "TIME", requires = "retire", value_parser = moment)]
    pub(crate) not_before: Option<i64>,
}

/// Parses a time: RFC 3339, or a day, which begins at midnight UTC.
fn moment(text: &str) -> Result<i64, String> {
    // Parsed by its form: a time without a zone would be taken for the day that it falls on.
    let day = || jiff::civil::Date::strptime("%Y-%m-%d", text).ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let time = text.parse::<jiff::Timestamp>().ok().or_else(|| day().map(|d| d.timestamp()));
    time.map(jiff::Timestamp::as_second).ok_or_else(|| {
        let typed = trustwalk_foreign::visible::line(text);
        format!("`{typed}` is no time: write 2026-12-01, or 2026-12-01T06:00:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn times_are_of_utc_or_say_their_zone() {
        assert_eq!(moment("2026-12-01"), Ok(1_796_083_200));
        assert_eq!(moment("2026-12-01T00:00:00Z"), Ok(1_796_083_200));
        assert_eq!(moment("2026-12-01T01:00:00+01:00"), Ok(1_796_083_200));
        for wrong in ["", "tomorrow", "12", "2026-13-01", "2026-12-01T06:00:00"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
