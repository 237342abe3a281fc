//! Seeded inventories for measuring: roles and subjects in the mix of real clusters.
//!
//! Public because the benches generate the same inventories; plain arithmetic, so that a seed
//! gives the same inventory everywhere.

use crate::{Identity, Request};

/// What to generate.
#[derive(Debug, Clone, Copy)]
pub struct Inventory {
    /// Seed of the sequence.
    pub seed: u64,
    /// Number of roles.
    pub roles: usize,
    /// Number of subjects.
    pub subjects: usize,
    /// Number of providers that roles and subjects are spread over; at least one.
    pub providers: usize,
}

/// A small generator (splitmix64).
#[derive(Debug)]
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % bound).unwrap_or_default()
    }
}

/// Namespaces in use: subjects and roles draw from the same so that matches happen.
const NAMESPACES: usize = 2_000;
/// Service account names in use.
const NAMES: usize = 2_000;

impl Inventory {
    /// The roles' trust policies as JSON: 85 % one exact subject, 10 % a whole namespace, 3 % one
    /// name in all namespaces, 1 % several wildcards, 1 % a list of subjects.
    pub fn policies(&self) -> Vec<String> {
        let mut sequence = Sequence(self.seed);
        (0..self.roles).map(|_| policy(&mut sequence, self.providers)).collect()
    }

    /// The subjects' requests.
    pub fn requests(&self) -> Vec<Request> {
        let mut sequence = Sequence(self.seed ^ u64::MAX);
        let request = |_| request(&issuer(sequence.below(self.providers)), &subject(&mut sequence));
        (0..self.subjects).map(request).collect()
    }

    /// A trust policy for exactly one audience and subject, and a request that it admits;
    /// another pair for each number.
    pub fn admitted(&self, number: u64) -> (String, Request) {
        let mut sequence = Sequence(self.seed.wrapping_add(number));
        let (issuer, subject) = (issuer(0), subject(&mut sequence));
        (document(&issuer, "StringEquals", &format!("\"{subject}\"")), request(&issuer, &subject))
    }
}

fn issuer(provider: usize) -> String {
    format!("oidc.eks.eu-central-1.amazonaws.com/id/{provider:032X}")
}

fn request(issuer: &str, subject: &str) -> Request {
    let identity = Identity::new(format!("arn:aws:iam::111122223333:oidc-provider/{issuer}"));
    Request::web_identity(&identity.with_claim("aud", "sts.amazonaws.com").with_claim("sub", subject))
}

fn subject(sequence: &mut Sequence) -> String {
    format!("system:serviceaccount:team-{}:app-{}", sequence.below(NAMESPACES), sequence.below(NAMES))
}

fn policy(sequence: &mut Sequence, providers: usize) -> String {
    let issuer = issuer(sequence.below(providers));
    let (namespace, name) = (sequence.below(NAMESPACES), sequence.below(NAMES));
    let (operator, sub) = match sequence.below(100) {
        0..85 => ("StringEquals", format!("\"{}\"", subject(sequence))),
        85..95 => ("StringLike", format!("\"system:serviceaccount:team-{namespace}:*\"")),
        95..98 => ("StringLike", format!("\"system:serviceaccount:*:app-{name}\"")),
        98 => ("StringLike", format!("\"system:serviceaccount:team-{}*:*-{name}\"", namespace / 100)),
        _ => {
            let subjects: Vec<_> = (0..4).map(|_| format!("\"{}\"", subject(sequence))).collect();
            ("StringEquals", format!("[{}]", subjects.join(",")))
        }
    };
    document(&issuer, operator, &sub)
}

/// A policy with a literal audience and this subject (JSON) under this operator.
fn document(issuer: &str, operator: &str, sub: &str) -> String {
    let aud = format!("\"{issuer}:aud\":\"sts.amazonaws.com\"");
    let conditions = match operator {
        "StringEquals" => format!("\"StringEquals\":{{{aud},\"{issuer}:sub\":{sub}}}"),
        _ => format!("\"StringEquals\":{{{aud}}},\"StringLike\":{{\"{issuer}:sub\":{sub}}}"),
    };
    format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{{\"Federated\":\
         \"arn:aws:iam::111122223333:oidc-provider/{issuer}\"}},\"Action\":\"sts:AssumeRoleWithWebIdentity\",\
         \"Condition\":{{{conditions}}}}}]}}"
    )
}
