#![no_main]

#[path = "../checks/house.rs"]
mod house;
#[path = "../checks/search.rs"]
mod search;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| search::check(bytes));
