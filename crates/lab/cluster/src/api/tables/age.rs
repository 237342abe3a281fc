//! Durations as kubectl prints them.

use jiff::Timestamp;

/// Time since `then` (RFC 3339), or `<unknown>`.
pub(crate) fn since(then: &str, now: Timestamp) -> String {
    then.parse::<Timestamp>().map_or_else(|_| "<unknown>".into(), |then| human(now.as_second() - then.as_second()))
}

/// Seconds in kubectl's short form: two units at most, fewer as they grow.
pub(crate) fn human(seconds: i64) -> String {
    let two = |big: i64, big_unit: &str, small: i64, small_unit: &str| {
        if small == 0 { format!("{big}{big_unit}") } else { format!("{big}{big_unit}{small}{small_unit}") }
    };
    let minutes = seconds / 60;
    let hours = seconds / 3600;
    let days = hours / 24;
    if seconds < -1 {
        "<invalid>".into()
    } else if seconds < 0 {
        "0s".into()
    } else if seconds < 120 {
        format!("{seconds}s")
    } else if minutes < 10 {
        two(minutes, "m", seconds % 60, "s")
    } else if minutes < 180 {
        format!("{minutes}m")
    } else if hours < 8 {
        two(hours, "h", minutes % 60, "m")
    } else if hours < 48 {
        format!("{hours}h")
    } else if hours < 192 {
        two(days, "d", hours % 24, "h")
    } else if days < 730 {
        format!("{days}d")
    } else {
        two(days / 365, "y", days % 365, "d")
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn units_shrink_in_number() {
        for (seconds, text) in [
            (5, "5s"),
            (119, "119s"),
            (130, "2m10s"),
            (660, "11m"),
            (10_800, "3h"),
            (90_000, "25h"),
            (180_000, "2d2h"),
            (1_000_000, "11d"),
        ] {
            assert_eq!(super::human(seconds), text);
        }
    }
}
