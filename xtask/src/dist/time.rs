//! The one time that a package has: of its sources, never of its making.

use anyhow::{Context as _, Result};

use crate::run::root;

/// Seconds since 1970: `SOURCE_DATE_EPOCH` where it is set (reproducible-builds.org), else the time of the last commit.
pub(crate) fn of_sources() -> Result<u64> {
    if let Ok(given) = std::env::var("SOURCE_DATE_EPOCH") {
        return given.parse().with_context(|| format!("SOURCE_DATE_EPOCH is no number of seconds: `{given}`"));
    }
    let out = std::process::Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(root()).output()?;
    let said = String::from_utf8_lossy(&out.stdout);
    said.trim().parse().context("no commit tells the time of the sources: set SOURCE_DATE_EPOCH")
}

/// A time as RFC 3339 writes it.
pub(crate) fn written(time: u64) -> Result<String> {
    let (days, second) = (time / 86_400, time % 86_400);
    // Eras of 400 years, which begin on 1 March (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let of_month = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    let year = u16::try_from(year + era * 400).ok().filter(|y| *y < 10_000).context("a time after the year 9999")?;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    Ok(format!("{year:04}-{month:02}-{of_month:02}T{hour:02}:{minute:02}:{:02}Z", second % 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_everybody_does() {
        for (time, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_000_000_000, "2001-09-09T01:46:40Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(written(time).unwrap(), text);
        }
        assert!(written(253_402_300_800).is_err());
    }
}
