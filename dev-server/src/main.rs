//! The program `metered-realtime-server`; see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    metered_realtime_server::cli::main()
}
