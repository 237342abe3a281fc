//! Arguments of `forecast`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::common::{ELSEWHERE, TargetArgs};

/// How a forecast is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ForecastFormat {
    /// For people
    Human,
    /// One JSON document on standard output
    Json,
    /// The same as YAML
    Yaml,
    /// A calendar (iCalendar) of the days, to be subscribed to
    Ics,
}

#[derive(Debug, Args)]
pub(crate) struct ForecastArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Of a saved bundle (- for standard input; gzip and zstd too) instead of the live world
    #[arg(long, value_name = "FILE", conflicts_with_all = ELSEWHERE)]
    pub(crate) bundle: Option<PathBuf>,
    /// How far ahead something counts as a finding: 30d, 12w, 1y; what is later is told besides
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = days)]
    pub(crate) within: i64,
    /// Further announced changes, TOML, in the form of the register that comes with trustwalk (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) register: Vec<PathBuf>,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: ForecastFormat,
}

/// Longest time ahead, days: a hundred years.
const LONGEST: i64 = 36_525;

/// Parses a number of days, weeks or years into days.
fn days(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{}` is no time: write it as 30d, 12w or 1y", trustwalk_foreign::visible::line(text));
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, unit)) => (text.get(..at).unwrap_or_default(), unit),
        None => return Err(wrong()),
    };
    let each = match unit {
        'd' => 1,
        'w' => 7,
        'y' => 365,
        _ => return Err(wrong()),
    };
    let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let days = number.parse::<i64>().ok().filter(|_| plain).and_then(|n| n.checked_mul(each));
    days.filter(|days| (1..=LONGEST).contains(days)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::days;

    #[test]
    fn times_ahead_are_days_weeks_and_years() {
        assert_eq!((days("30d"), days("12w"), days("1y")), (Ok(30), Ok(84), Ok(365)));
        for wrong in ["", "d", "0d", "30", "1m", "-1d", "+1d", "1.5y", "999999y", "3é"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }
}
