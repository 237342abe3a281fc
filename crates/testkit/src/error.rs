//! What can be wrong with a scenario.

/// What went wrong while a scenario was read.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file is not TOML of a scenario.
    #[error("not a scenario: {0}")]
    Toml(#[from] toml::de::Error),
    /// The patched evidence is not evidence.
    #[error("not evidence: {0}")]
    Json(#[from] serde_json::Error),
    /// A certificate could not be made.
    #[error("no certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A pointer leads nowhere.
    #[error("no such place: `{0}`")]
    Place(String),
    /// A file of scenarios that cannot be read.
    #[error("cannot read scenarios: {0}")]
    File(#[from] std::io::Error),
    /// A log line that is not recognised.
    #[error("no failure in the line `{0}`")]
    Line(String),
}
