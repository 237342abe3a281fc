//! What clients of the lab's account may rely on, asked over real sockets. Requests are signed by
//! the AWS SDK's own signer, tokens and certificates come from a real TLS issuer.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]
#![expect(clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

mod contract {
    mod accounts;
    mod client;
    mod cloudtrail;
    mod conditions;
    mod eks;
    mod eks_changes;
    mod hostile;
    mod late;
    mod policies;
    mod providers;
    mod roles;
    mod saving;
    mod sessions;
    mod signatures;
    mod terraform;
    mod web_identity;
    mod world;
}
