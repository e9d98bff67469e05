//! The seeds of the fuzz targets, held against the same properties that the fuzzer holds.

#[path = "../../fuzz/checks/config.rs"]
mod config;
#[path = "../../fuzz/checks/cron.rs"]
mod cron;
#[path = "../../fuzz/checks/house.rs"]
mod house;
#[path = "../../fuzz/checks/judge.rs"]
mod judge;
#[path = "../../fuzz/checks/request.rs"]
mod request;
#[path = "../../fuzz/checks/search.rs"]
mod search;

fn replay(target: &str, check: fn(&[u8])) {
    let mut seeds = 0;
    for seed in std::fs::read_dir(format!("fuzz/seeds/{target}")).unwrap() {
        check(&std::fs::read(seed.unwrap().path()).unwrap());
        seeds += 1;
    }
    assert!(seeds > 3, "{target} has {seeds} seeds");
}

#[test]
fn configs_hold() {
    replay("config", config::check);
}

#[test]
fn schedules_hold() {
    replay("cron", cron::check);
}

#[test]
fn addresses_are_judged() {
    replay("judge", judge::check);
}

#[test]
fn searches_are_understood() {
    replay("search", search::check);
}

#[test]
fn requests_are_answered() {
    replay("request", request::check);
}
