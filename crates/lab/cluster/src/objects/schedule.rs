//! Schedules of `CronJob`s: five fields, or one of the names for them (Kubernetes documentation, `CronJob`, "Schedule
//! syntax").

use jiff::{Timestamp, ToSpan, Zoned, tz::TimeZone};

/// When something is due, minute by minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether both days of the month and of the week are limited: then either will do.
    either: bool,
}

const NAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// How far ahead a time is looked for: the 29th of February comes within eight years.
const LONGEST_DAYS: i64 = 366 * 9;

/// The numbers of one field, as bits.
fn field(text: &str, least: u32, most: u32, names: &[&str]) -> Option<u64> {
    let number = |text: &str| {
        let place = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        // Months begin at one.
        let first = u32::from(names.len() == MONTHS.len());
        place.and_then(|at| u32::try_from(at).ok()).map(|at| at + first).or_else(|| text.parse().ok())
    };
    let mut bits = 0_u64;
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let step = match step {
            Some(step) => step.parse::<u32>().ok().filter(|s| *s > 0)?,
            None => 1,
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (least, most),
            Some((from, to)) => (number(from)?, number(to)?),
            None if part.contains('/') => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        if from < least || to > most || from > to {
            return None;
        }
        for value in (from..=to).step_by(usize::try_from(step).ok()?) {
            bits |= 1 << value;
        }
    }
    Some(bits)
}

fn has(bits: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|n| bits & (1 << n) != 0)
}

impl Schedule {
    /// Reads a schedule.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = NAMES.iter().find(|(name, _)| *name == text.trim()).map_or(text, |(_, fields)| fields);
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else { return None };
        let any = |text: &str| text.starts_with(['*', '?']);
        let week = field(weekdays, 0, 7, &WEEKDAYS)?;
        Some(Self {
            minutes: field(minutes, 0, 59, &[])?,
            hours: field(hours, 0, 23, &[])?,
            days: field(days, 1, 31, &[])?,
            months: field(months, 1, 12, &MONTHS)?,
            // Sunday has two numbers.
            weekdays: if week & (1 << 7) == 0 { week } else { week | 1 },
            either: !any(days) && !any(weekdays),
        })
    }

    fn on(&self, day: &Zoned) -> bool {
        let month_day = has(self.days, day.day());
        let week_day = has(self.weekdays, day.weekday().to_sunday_zero_offset());
        has(self.months, day.month()) && if self.either { month_day || week_day } else { month_day && week_day }
    }

    /// The first time after an instant, in a zone.
    pub(crate) fn after(&self, instant: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let start = instant.to_zoned(zone.clone());
        let mut at = start.with().second(0).subsec_nanosecond(0).build().ok()?.checked_add(1.minute()).ok()?;
        let end = start.checked_add(LONGEST_DAYS.days()).ok()?;
        while at < end {
            if !self.on(&at) {
                at = at.checked_add(1.day()).ok()?.start_of_day().ok()?;
            } else if !has(self.hours, at.hour()) {
                at = at.with().minute(0).build().ok()?.checked_add(1.hour()).ok()?;
            } else if !has(self.minutes, at.minute()) {
                at = at.checked_add(1.minute()).ok()?;
            } else {
                return Some(at.timestamp());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, from: &str) -> String {
        let from: Timestamp = from.parse().unwrap();
        Schedule::parse(schedule).unwrap().after(from, &TimeZone::UTC).unwrap().to_string()
    }

    #[test]
    fn the_next_time_is_found() {
        let from = "2026-02-27T10:30:20Z";
        for (schedule, expected) in [
            ("* * * * *", "2026-02-27T10:31:00Z"),
            ("*/15 * * * *", "2026-02-27T10:45:00Z"),
            ("0 9-17/4 * * *", "2026-02-27T13:00:00Z"),
            ("@hourly", "2026-02-27T11:00:00Z"),
            ("@daily", "2026-02-28T00:00:00Z"),
            ("5 4 * * sun", "2026-03-01T04:05:00Z"),
            ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
            ("0 0 13 * 5", "2026-03-06T00:00:00Z"),
            ("30 10 27 FEB *", "2027-02-27T10:30:00Z"),
            ("0 0 * * 7", "2026-03-01T00:00:00Z"),
        ] {
            assert_eq!(next(schedule, from), expected, "{schedule}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_none() {
        for text in ["", "* * * *", "60 * * * *", "* * 0 * *", "*/0 * * * *", "5-1 * * * *", "@often", "a * * * *"] {
            assert_eq!(Schedule::parse(text), None, "{text}");
        }
    }
}
