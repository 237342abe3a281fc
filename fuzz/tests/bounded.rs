//! Each target over its seeds and a fixed number of fixed mutations.

use trustwalk_fuzz::{TARGETS, mutations, target};

/// Any number; the same in every run.
const SEED: u64 = 2_026;

macro_rules! bounded {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            let target = target(stringify!($name)).expect("a target");
            if let Err(finding) = mutations(target, SEED) {
                panic!("{finding}");
            }
        })*

        #[test]
        fn every_target_is_run() {
            let run = [$(stringify!($name)),*];
            let all: Vec<&str> = TARGETS.iter().map(|t| t.name).collect();
            assert_eq!(run.as_slice(), all);
            for target in TARGETS {
                assert!((target.seeds)().len() > 1, "{} has too few seeds", target.name);
            }
        }
    };
}

bounded! {
    audits aws bundles certificates chains discovery jwks jwt kubeconfig kubernetes logs policies receipts rendering
    signed terraform tls workflows
}
