//! Any target guided by coverage; `TRUSTWALK_FUZZ_TARGET` names it. Run by `cargo xtask fuzz`.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use trustwalk_fuzz::Target;

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("TRUSTWALK_FUZZ_TARGET").expect("TRUSTWALK_FUZZ_TARGET names a target");
    trustwalk_fuzz::target(&name).expect("no such target; `tls` needs the feature of that name")
});

fuzz_target!(|input: &[u8]| (TARGET.check)(input));
