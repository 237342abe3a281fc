//! Every limit on what strangers may make an audit spend, each with its reason.

/// Largest file read. An account of 5,000 roles, IAM's largest quota, with all its policies has some 100 MiB.
pub const FILE_BYTES: u64 = 512 << 20;

/// Files read of folders. Accounts are kept as a few pages each; an organization has some thousands of accounts.
pub const FILES: usize = 20_000;

/// How deep folders are followed: one for the organization, one for its units, one for accounts, and room.
pub const FOLDER_DEPTH: usize = 8;

/// Roles of one audit: 200 accounts of 1,000 roles, the default quota (IAM User Guide, "IAM and AWS STS quotas").
pub const ROLES: usize = 200_000;

/// Providers of one audit: each account may have 100 by default.
pub const PROVIDERS: usize = 50_000;

/// Members of one JSON array of answers. Pages are kept in arrays by some scripts.
pub const ANSWERS: usize = 200_000;

/// Largest record of `CloudTrail` that is read in a file of what was seen.
pub const RECORD_BYTES: usize = trustwalk_symptoms::MAX_RECORD_BYTES;

/// Identities seen that are kept of one role: more are no list that a trust policy of 4,096 characters can hold.
pub const SEEN_OF_A_ROLE: usize = 1_000;

/// Tokens of strangers that are made up for one grant.
pub const STRANGERS: usize = 65_536;

/// Subjects of one statement that are tried, and patterns from which others are made up. A trust policy has 8,192
/// characters at most, where its quota is raised as far as it goes (IAM User Guide, "IAM and AWS STS quotas"), and a
/// subject worth naming has more than eight.
pub const PATTERNS: usize = 1_024;

/// Subjects made up from all patterns of a statement, which share them; each pattern has [`OF_A_PATTERN`] at least.
pub const MADE_UP: usize = 8_192;

/// Subjects made up from one pattern among many.
pub const OF_A_PATTERN: usize = 64;

/// Patterns of a list of subjects that are held against each of another list's.
pub const MET: usize = 32;

/// Wildcards of one pattern that are filled in each on its own.
pub const STARS: usize = 3;

/// Entries of a zone.
pub const ZONE_ENTRIES: usize = 10_000;

/// Largest zone file.
pub const ZONE_BYTES: u64 = 4 << 20;

/// Edges of a graph that is drawn: more are seen by no eye and drawn by no program in a minute.
pub const DRAWN_EDGES: usize = 20_000;

/// Characters of one value on a page or in a table: IAM's values have at most 2,048.
pub const VALUE_CHARS: usize = 2_048;
