//! What a service or STS says of a signed request: its time, and with whose credentials it was signed.

use super::Draft;
use crate::evidence::LogFailure;
use crate::finding::Confidence;

const CLOCK: &str = "have NTP keep the clock of the machine that sends: a container has its node's";

/// A request's time is too far from AWS's. A time in the future is a clock's fault; an old one is a clock's or a
/// delay's, in the same words (IAM User Guide, "Signature Version 4").
pub(super) fn time_off(line: &LogFailure) -> Draft {
    let both = "the clock of the machine that sends it is behind, or it was sent long after it was signed";
    let waits = "the clock: `date -u` on that machine beside the Date of an answer of AWS; where they agree, the \
                 process was paused, or keeps requests waiting after it has signed them";
    let Some(off) = line.failure.times.as_ref().map(|t| t.past_seconds) else {
        return Draft::new(format!(
            "a signed request bears a time that is too far from AWS's: {both}, or the clock is ahead"
        ))
        .unsure(Confidence::Likely, waits)
        .cure(CLOCK, &[]);
    };
    if off > 0 {
        let words = format!(
            "a request bears a time that is {} later than the latest that AWS takes: the clock of the machine that \
             sends it is ahead",
            minutes(off)
        );
        return Draft::new(words).cure(CLOCK, &[]);
    }
    let words =
        format!("a request bears a time that is {} earlier than the earliest that AWS takes: {both}", minutes(-off));
    Draft::new(words).unsure(Confidence::Likely, waits).cure(
        CLOCK,
        &[("note", "if the clock is right: give the process CPU and connections enough to send at once".to_owned())],
    )
}

fn minutes(seconds: i64) -> String {
    match seconds / 60 {
        0 => "less than a minute".to_owned(),
        minutes => format!("{minutes} min"),
    }
}

/// A session was asked for with a session's credentials: STS refuses that to everybody (STS API reference,
/// `GetSessionToken`).
pub(super) fn session_with_session() -> Draft {
    Draft::new(
        "the application asks STS for a session token with the credentials of a session, which STS refuses whatever \
         the policies say",
    )
    .cure(
        "have the application use the session that it has, or assume the narrower role with it",
        &[("note", "AssumeRole takes a session's credentials; the others take the keys of a user alone".to_owned())],
    )
}
