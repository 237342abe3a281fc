//! On which day something sound breaks, if nobody changes anything.
//!
//! Two ways lead to a prediction. What a diagnosis judges by the time is judged again, by the same questions, at each
//! moment at which the answer may become another: [`later`]. What no question can see yet, because it is not there
//! yet, is told of the certificates, keys and limits themselves, and of a register of what others have announced.
//!
//! Nothing is announced of certificates where AWS's library of roots decides: their operators renew them, and which
//! authority signs is of no consequence then. What is not known stays so: [`Forecast::unknown`].
//!
//! Deliberately absent: IO and the clock.

mod calendar;
mod dates;
mod forecast;
mod guards;
mod later;
mod limits;
mod merged;
mod pinned;
mod register;

pub use calendar::calendar;
pub use forecast::{Forecast, Scope, forecast, told};
pub use merged::{Merged, Of};
pub use register::{Change, MAX_REGISTER_BYTES, Register, RegisterError, SubjectForm, Whom};

/// Seconds of a day.
pub const DAY: i64 = 86_400;
