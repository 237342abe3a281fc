//! Links the program at a fixed address on Linux: see docs/decisions/0006-fixed-address.md.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=TRUSTWALK_PIE");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|v| v == value);
    let linux = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    // With the words that Rust gives the linker for a static program, this one makes a program that names a loader and
    // has nothing for it to load: it ends at its start. Whoever wants both says `relocation-model=static`.
    let is_static = env::var("CARGO_CFG_TARGET_FEATURE").is_ok_and(|all| all.split(',').any(|f| f == "crt-static"));
    if linux && !is_static && is("PROFILE", "release") && env::var_os("TRUSTWALK_PIE").is_none() {
        println!("cargo:rustc-link-arg-bin=trustwalk=-no-pie");
    }
}
