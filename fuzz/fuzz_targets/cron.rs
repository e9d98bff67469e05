#![no_main]

#[path = "../checks/cron.rs"]
mod cron;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cron::check(bytes));
