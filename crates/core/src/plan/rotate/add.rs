//! The step before the switch: the authority that is to come is registered beside the one that is there.

use super::{Course, MAX_THUMBPRINTS, Parts};

pub(super) fn course(parts: &Parts<'_>) -> Course {
    let waits = |why: String| Course::Waits(vec![why]);
    let Some(incoming) = parts.incoming else {
        return waits("no chain is given that is to come: --incoming FILE, or --incoming-host HOST:PORT".to_owned());
    };
    if let Some(doubt) = &incoming.doubt {
        return waits(format!("nothing of the incoming chain is registered: {doubt}"));
    }
    let Some(thumbprint) = &incoming.takes else {
        return waits("the incoming chain has no certificate that AWS would take".to_owned());
    };
    if parts.registers(thumbprint) {
        return Course::Needless(format!("{thumbprint} of the incoming chain is registered already"));
    }
    if !incoming.consulted {
        return Course::Needless(
            "AWS knows the incoming chain by its own library, and compares no thumbprint for it".to_owned(),
        );
    }
    let there = &parts.provider.thumbprints;
    if there.len() >= MAX_THUMBPRINTS {
        let spare = parts.spare();
        let which = if spare.is_empty() {
            "all of them are presented".to_owned()
        } else {
            format!("nobody presents {}: take what is old of these away first, with --retire --old", spare.join(", "))
        };
        return waits(format!(
            "{} thumbprints are registered, and IAM takes {MAX_THUMBPRINTS} at most: {which}",
            there.len()
        ));
    }
    Course::Set(there.iter().chain([thumbprint]).cloned().collect())
}
