//! What the lock file may hold: no version with a known hole that concerns us, and of what
//! strangers' bytes go through, one copy each. `cargo deny check` says more where it is at hand;
//! this needs neither tool nor network.

#![allow(clippy::unwrap_used, clippy::panic)]

/// The first version without the hole, and what the hole was.
const FLOORS: &[(&str, [u64; 3], &str)] = &[
    ("ammonia", [4, 1, 4], "script by mutation through svg, math and annotation-xml"),
    ("bytes", [1, 11, 1], "RUSTSEC-2026-0007: overflow"),
    ("chrono", [0, 4, 20], "RUSTSEC-2020-0159: the environment read from two threads"),
    ("h2", [0, 4, 16], "floods of empty and CONTINUATION frames"),
    ("hickory-proto", [0, 26, 1], "RUSTSEC-2026-0118, -0119: loops, names of quadratic cost"),
    ("idna", [1, 0, 0], "RUSTSEC-2024-0421: two names for one host"),
    ("libsqlite3-sys", [0, 25, 1], "RUSTSEC-2022-0090"),
    ("quick-xml", [0, 41, 0], "RUSTSEC-2026-0194, -0195: quadratic attributes, namespaces"),
    ("regex", [1, 5, 5], "RUSTSEC-2022-0013: patterns without end"),
    ("rustls-webpki", [0, 103, 13], "name constraints, revocation lists"),
    ("time", [0, 3, 47], "RUSTSEC-2026-0009: comments that recurse"),
];

/// Expand entities without limit, or recurse with the document.
const BANNED: &[&str] = &["xml-rs", "hard-xml", "opml", "openssl-sys", "native-tls"];

/// A second copy would escape an update.
const ALONE: &[&str] =
    &["ammonia", "h2", "html5ever", "hyper", "quick-xml", "rustls", "rustls-webpki", "url"];

/// Names and versions of the lock file.
fn locked() -> Vec<(String, [u64; 3])> {
    let text = std::fs::read_to_string("Cargo.lock").unwrap();
    let value = |line: &str| line.split('"').nth(1).unwrap().to_owned();
    let mut packages = Vec::new();
    let mut name = String::new();
    for line in text.lines() {
        if line.starts_with("name = ") {
            name = value(line);
        } else if line.starts_with("version = \"") {
            let mut numbers = [0; 3];
            let version = value(line);
            let plain = version.split(['-', '+']).next().unwrap();
            for (number, part) in numbers.iter_mut().zip(plain.split('.')) {
                *number = part.parse().unwrap();
            }
            packages.push((name.clone(), numbers));
        }
    }
    assert!(packages.len() > 100, "the lock file was not understood");
    packages
}

#[test]
fn nothing_below_the_floors_is_locked() {
    let locked = locked();
    for (name, floor, hole) in FLOORS {
        for (_, version) in locked.iter().filter(|(locked, _)| locked == name) {
            assert!(version >= floor, "{name} {version:?} is below {floor:?}: {hole}");
        }
    }
}

#[test]
fn nothing_that_is_banned_is_locked_and_the_gates_have_one_copy() {
    let locked = locked();
    for name in BANNED {
        assert!(locked.iter().all(|(locked, _)| locked != name), "{name} is banned");
    }
    for name in ALONE {
        let copies = locked.iter().filter(|(locked, _)| locked == name).count();
        assert!(copies == 1, "{copies} copies of {name}");
    }
}
