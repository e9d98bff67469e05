//! Which hosts of feed URLs lie in private networks by their very spelling.
//!
//! Good advice at the door, no guard: the guard stands in `fetch`, at the address that is
//! really connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Whether the host is an address, or a name, that only a private network can have.
///
/// The `url` crate has already made `127.1`, `0x7f.0.0.1` and `2130706433` one address.
pub fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => private_v4(address),
        Some(Host::Ipv6(address)) => private_v6(address),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

/// RFC 6890 and its kin: everything that is not out on the internet.
fn private_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_multicast()
        || first == 0
        || (first == 100 && (64..128).contains(&second))
}

fn private_v6(address: Ipv6Addr) -> bool {
    if let Some(IpAddr::V4(inner)) = address.to_ipv4().map(IpAddr::V4) {
        return private_v4(inner);
    }
    let [first, ..] = address.segments();
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || (first & 0xfe00) == 0xfc00
        || (first & 0xffc0) == 0xfe80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_private_address_is_private() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "localhost",
            "feeds.localhost.",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[fd00::1]",
            "[fe80::1]",
        ] {
            let url = Url::parse(&format!("http://{host}/feed")).unwrap();
            assert!(is_private(&url), "{host}");
        }
    }

    #[test]
    fn public_hosts_are_public() {
        for host in ["example.org", "192.0.2.1.example", "9.9.9.9", "[2620:fe::fe]", "100.128.0.1"]
        {
            let url = Url::parse(&format!("http://{host}/feed")).unwrap();
            assert!(!is_private(&url), "{host}");
        }
    }
}
