#![no_main]

use metered_realtime_verify::fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::room(bytes));
