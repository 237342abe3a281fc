//! What was seen, and how: a fact together with the reason it may be missing.
//!
//! Deliberately absent: any way to turn "could not read it" into a value. A rule that
//! meets anything but `Known` or `Absent` must answer `Undetermined`.

use serde::{Deserialize, Serialize};

/// Where a fact came from and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Source {
    /// The object or call, such as `iam:GetRole arn:aws:iam::111122223333:role/cni`.
    pub what: String,
    /// When it was read, Unix seconds.
    pub at: i64,
    /// The command with which a person reads the same fact. Read from a file, which anybody may have written, it is
    /// kept only where it is one that reads and does nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "reading")]
    pub by_hand: Option<String>,
}

fn reading<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.filter(|command| trustwalk_foreign::is_reading(command)))
}

/// A fact, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Observed<T> {
    /// The fact was read.
    Known {
        /// The fact.
        value: T,
        /// Where it was read.
        source: Source,
    },
    /// The place was read and the thing is not there.
    Absent {
        /// Where it was looked for.
        source: Source,
    },
    /// Reading was refused.
    Denied {
        /// Where it was asked for.
        source: Source,
        /// The permission that is missing, such as `iam:GetRole`.
        permission: String,
        /// The answer, as the service put it.
        message: String,
    },
    /// The place could not be reached, or its answer could not be understood.
    Unreachable {
        /// Where it was asked for.
        source: Source,
        /// What went wrong.
        error: String,
    },
    /// Nobody asked, as nothing that is seen needs it: no gap in what is judged.
    Spared {
        /// Why, and how to ask all the same.
        reason: String,
    },
    /// Nobody asked.
    NotCollected {
        /// Why not.
        reason: String,
    },
}

/// Why one part could not be read of a whole that could.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Gap {
    /// Reading was refused.
    Denied {
        /// The permission that is missing, such as `iam:GetPolicyVersion`.
        permission: String,
        /// The answer, as the service put it.
        message: String,
    },
    /// No answer, or none that could be understood, or nobody asked.
    Unknown {
        /// What went wrong.
        error: String,
    },
}

impl Gap {
    /// The gap in an observation; of what does not exist, that it does not.
    pub fn of<T>(observed: &Observed<T>) -> Option<Self> {
        match observed {
            Observed::Known { .. } => None,
            Observed::Denied { permission, message, .. } => {
                Some(Self::Denied { permission: permission.clone(), message: message.clone() })
            }
            other @ (Observed::Absent { .. }
            | Observed::Unreachable { .. }
            | Observed::NotCollected { .. }
            | Observed::Spared { .. }) => Some(Self::Unknown { error: other.gap().unwrap_or_default() }),
        }
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Denied { permission, message } => write!(f, "not permitted ({permission}): {message}"),
            Self::Unknown { error } => f.write_str(error),
        }
    }
}

impl<T> Default for Observed<T> {
    fn default() -> Self {
        Self::NotCollected { reason: "not asked for".to_owned() }
    }
}

impl<T> Observed<T> {
    /// The value, if it is known, to be changed.
    pub fn known_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Absent { .. }
            | Self::Denied { .. }
            | Self::Unreachable { .. }
            | Self::NotCollected { .. }
            | Self::Spared { .. } => None,
        }
    }

    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Absent { .. }
            | Self::Denied { .. }
            | Self::Unreachable { .. }
            | Self::NotCollected { .. }
            | Self::Spared { .. } => None,
        }
    }

    /// Whether the place was read and held nothing.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent { .. })
    }

    /// Whether the fact may be there and was not read, though it might be needed.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Denied { .. } | Self::Unreachable { .. } | Self::NotCollected { .. })
    }

    /// Whether the fact was asked for in vain.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Denied { .. } | Self::Unreachable { .. })
    }

    /// Where the fact was looked for, if anybody looked.
    pub fn source(&self) -> Option<&Source> {
        match self {
            Self::Known { source, .. }
            | Self::Absent { source }
            | Self::Denied { source, .. }
            | Self::Unreachable { source, .. } => Some(source),
            Self::NotCollected { .. } | Self::Spared { .. } => None,
        }
    }

    /// In one phrase, why the value is not known; `None` when it is known.
    pub fn gap(&self) -> Option<String> {
        match self {
            Self::Known { .. } => None,
            Self::Absent { source } => Some(format!("{} does not exist", source.what)),
            Self::Denied { source, permission, .. } => Some(format!("{} was refused: lacks {permission}", source.what)),
            Self::Unreachable { source, error } => Some(format!("{}: {error}", source.what)),
            Self::NotCollected { reason } => Some(format!("not collected: {reason}")),
            Self::Spared { reason } => Some(format!("not asked: {reason}")),
        }
    }

    /// What a known value leads to; a gap stays the gap it is.
    pub fn then<U>(self, f: impl FnOnce(T, Source) -> Observed<U>) -> Observed<U> {
        match self {
            Self::Known { value, source } => f(value, source),
            Self::Absent { source } => Observed::Absent { source },
            Self::Denied { source, permission, message } => Observed::Denied { source, permission, message },
            Self::Unreachable { source, error } => Observed::Unreachable { source, error },
            Self::NotCollected { reason } => Observed::NotCollected { reason },
            Self::Spared { reason } => Observed::Spared { reason },
        }
    }

    /// The same observation of a part of the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Observed<U> {
        self.then(|value, source| Observed::Known { value: f(value), source })
    }
}
