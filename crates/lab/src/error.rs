//! What can go wrong with the lab.

/// A failure of the lab itself, never of what it simulates.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A file, folder or socket.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Issuers or certificates.
    #[error(transparent)]
    Issuer(#[from] trustwalk_lab_issuer::IssuerError),
    /// What outlives a lab cannot be kept or read.
    #[error(transparent)]
    Keep(#[from] trustwalk_lab_keep::KeepError),
    /// Another lab has the state.
    #[error("the state in `{0}` is in use by a lab that runs; stop that one, or name another folder with `--state`")]
    StateInUse(String),
    /// A state that is another lab's than the one that was asked for.
    #[error("the state in `{dir}` is of {what}; start it without `{option}`, or name another folder with `--state`")]
    OtherState {
        /// The folder.
        dir: String,
        /// What it is of.
        what: &'static str,
        /// What was asked for.
        option: &'static str,
    },
    /// The account refused a change.
    #[error("the account refused: {0}")]
    Account(String),
    /// The cluster refused a change.
    #[error("the cluster refused: {0}")]
    Cluster(String),
    /// An issuer outside the lab cannot be reached at all.
    #[error("the issuer `{issuer}` cannot be reached: {why}; say where it is with `--connect-to HOST:443:ADDR:PORT`")]
    Outside {
        /// Its URL.
        issuer: String,
        /// What is wrong.
        why: String,
    },
    /// A fault is asked of a lab that has an account alone.
    #[error("this lab is an account alone: it has no workloads and no job to break")]
    AccountAlone,
    /// No such fault.
    #[error("there is no fault `{0}`")]
    NoSuchFault(String),
    /// A scenario that cannot be.
    #[error("the scenario cannot be: {0}")]
    Scenario(#[from] crate::scenario::WrongScenario),
    /// A token is asked of a lab that was started without a scenario.
    #[error(
        "this lab was started without a scenario, so it has no issuers by name; start one with `lab up --scenario`"
    )]
    NoScenario,
    /// A name that the scenario does not have.
    #[error("the scenario has no {what} `{name}`; it has {there}")]
    NotInScenario {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: String,
        /// The names there are.
        there: String,
    },
    /// A fault that would leave everything as it is.
    #[error(
        "the fault `{fault}` changes nothing of {on}: the role that it would change is none of the short form, or the \
         fault is in already"
    )]
    NoEffect {
        /// The fault.
        fault: &'static str,
        /// What it was to hit.
        on: String,
    },
    /// A condition did not come true in time.
    #[error("{what} did not happen within {seconds} s; last seen: {last}")]
    Deadline {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
        /// The last state seen.
        last: String,
    },
    /// A place that is not, or not safely, the user's.
    #[error("`{path}` is not used: {why}; mend that, or name another folder with `--dir`")]
    NotOwn {
        /// The place.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A lab runs there already.
    #[error(
        "a lab is running in `{dir}` already ({who}); stop it with `lab down` and the same folder, or name another \
         folder with `--dir`"
    )]
    Running {
        /// The folder.
        dir: String,
        /// Who holds it.
        who: String,
    },
    /// No lab runs where one was looked for.
    #[error(
        "no lab is running in `{0}`; start one with `trustwalk lab up`, or name the folder of one that runs with \
         `--dir`"
    )]
    NotRunning(String),
    /// A time that the lab cannot have.
    #[error("{0}")]
    Time(String),
    /// The control connection failed or answered an error.
    #[error("the lab answered: {0}")]
    Control(String),
}

impl LabError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
