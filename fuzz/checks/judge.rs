//! Any bytes as an address, and as the host of a URL: what is let through is public by the
//! standard library's word, too, and the config's advice agrees with the guard.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use merganser::{config::is_private, fetch::is_public};
use url::{Host, Url};

pub fn check(bytes: &[u8]) {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        judge(Ipv4Addr::from(octets).into());
    }
    if let Ok(octets) = <[u8; 16]>::try_from(bytes) {
        judge(Ipv6Addr::from(octets).into());
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(url) = Url::parse(&format!("http://{text}/")) else { return };
    let address: IpAddr = match url.host() {
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
        Some(Host::Domain(_)) | None => return,
    };
    judge(address);
    assert!(!(is_public(address) && is_private(&url)), "{url}");
}

fn judge(address: IpAddr) {
    if is_public(address) {
        assert!(!known_to_be_private(address), "{address}");
    }
}

fn known_to_be_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || v4.is_unspecified()
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.to_ipv4().is_some_and(|v4| known_to_be_private(v4.into()))
        }
    }
}
