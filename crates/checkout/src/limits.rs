//! Every limit on what a stranger's files may make us spend, each with its reason.

/// Largest file. Rendered charts with their CRDs have some megabytes, and a template of CloudFormation has one at most
/// (CloudFormation User Guide, "quotas").
pub const FILE_BYTES: usize = 16 << 20;

/// Values of one file as they are written.
pub const VALUES: usize = 1_000_000;

/// Values that the aliases of one file stand for, all together: a bomb of nine lines stands for 10⁹.
pub const ALIASED: usize = 100_000;

/// Values in values. Kubernetes' own deepest schemas have some thirty.
pub const DEPTH: usize = 100;

/// Functions of a template in functions.
pub const FUNCTIONS: usize = 40;

/// Values that the functions of one template are followed through: a template of the largest size has some ten
/// thousand, each of which is read a few times.
pub const STEPS: usize = 1_000_000;

/// Letters of a text that a template's functions make: an ARN has some two thousand at most, and a policy 10,240.
pub const LETTERS: usize = 1 << 18;

/// Faults of one file that are told.
pub const FAULTS: usize = 20;
