//! The wasm-bindgen tests: one target of `tests`, on one platform, with the local server.

use crate::dev_server::DevServer;
use crate::process::{Cmd, Shell};

/// What platforms with WebRTC have.
pub(crate) const ALL_FEATURES: &str = "web,peer";

/// A test target is made for one platform: wasm-bindgen-test skips it on the other.
pub(crate) fn runner(
    shell: &Shell,
    server: &DevServer,
    target: &str,
    features: &str,
    platform: &[&str],
) -> Cmd {
    shell
        .cmd("wasm-pack")
        // The tests read it while they are compiled: wasm has no environment.
        .env("METERED_TEST_URL", &server.url)
        .env("WASM_BINDGEN_TEST_TIMEOUT", "180")
        .args(["test", "--mode", "no-install"])
        .args(platform)
        .args(["--", "--locked", "--no-default-features", "--features", features])
        // wasm-pack adds `--tests` to the build itself; the selection keeps doctests, which wasm
        // cannot run, out of the test.
        .args(["--lib", "--test", target])
}
