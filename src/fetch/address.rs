//! Which addresses are public: the judge of every connection.
//!
//! An IPv6 address may carry an IPv4 one (mapped, compatible, NAT64, 6to4, Teredo); it is as
//! public as what it carries, since some gateway may take it there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a request may go to `address` where private networks are not allowed.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !PRIVATE_V4.iter().any(|(network, bits)| {
        let mask = u32::MAX << (32 - bits);
        address.to_bits() & mask == network.to_bits()
    })
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let in_network = |(network, bits): &(Ipv6Addr, u32)| {
        let mask = u128::MAX << (128 - bits);
        address.to_bits() & mask == network.to_bits()
    };
    !PRIVATE_V6.iter().any(in_network)
        && CARRIERS
            .iter()
            .filter(|(network, _)| in_network(network))
            .all(|(_, carried)| is_public_v4(carried(address)))
}

/// The IPv4 address that starts at bit `at`.
fn v4_at(address: Ipv6Addr, at: u32) -> Ipv4Addr {
    let bits = (address.to_bits() >> (96 - at)) & u128::from(u32::MAX);
    Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or(0))
}

type Carried = fn(Ipv6Addr) -> Ipv4Addr;

/// IPv6 networks whose addresses carry IPv4 ones, and where.
const CARRIERS: [((Ipv6Addr, u32), Carried); 7] = [
    // IPv4-mapped (RFC 4291 2.5.5.2).
    ((Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96), |address| v4_at(address, 96)),
    // IPv4-translated (RFC 2765).
    ((Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96), |address| v4_at(address, 96)),
    // IPv4-compatible (RFC 4291 2.5.5.1), `::` and `::1` among them.
    ((Ipv6Addr::UNSPECIFIED, 96), |address| v4_at(address, 96)),
    // NAT64 (RFC 6052 2.1).
    ((Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96), |address| v4_at(address, 96)),
    // 6to4 (RFC 3056 2).
    ((Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), |address| v4_at(address, 16)),
    // Teredo (RFC 4380 4): the server's address, and the client's, inverted.
    ((Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32), |address| v4_at(address, 32)),
    ((Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32), |address| {
        Ipv4Addr::from_bits(!v4_at(address, 96).to_bits())
    }),
];

/// IPv4 networks that are not the public Internet (RFC 6890 and the IANA registry).
const PRIVATE_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),       // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // carrier-grade NAT
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, cloud metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relays, retired
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, broadcast
];

/// IPv6 networks that are not the public Internet.
const PRIVATE_V6: [(Ipv6Addr, u32); 10] = [
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48), // local NAT64
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64),     // discard
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48),    // benchmarks
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),    // documentation
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16),    // segment routing
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),     // unique local
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),    // link-local
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),    // site-local, retired
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),     // multicast
];

#[cfg(test)]
mod tests {
    use super::*;

    fn public(address: &str) -> bool {
        is_public(address.parse().unwrap())
    }

    #[test]
    fn each_private_network_is_refused_from_its_first_to_its_last_address() {
        for (network, bits) in PRIVATE_V4 {
            let last = network.to_bits() | !(u32::MAX << (32 - bits));
            assert!(!is_public(network.into()), "{network}");
            assert!(!is_public(Ipv4Addr::from_bits(last).into()), "end of {network}/{bits}");
        }
        for (network, bits) in PRIVATE_V6 {
            let last = network.to_bits() | !(u128::MAX << (128 - bits));
            assert!(!is_public(network.into()), "{network}");
            assert!(!is_public(Ipv6Addr::from_bits(last).into()), "end of {network}/{bits}");
        }
    }

    #[test]
    fn an_address_that_carries_a_private_one_is_private() {
        for address in [
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2002:c0a8:101::1",
            "2001:0:7f00:1::",
            "2001::80ff:fffe",
            "2001:0:808:808:0:0:f5ff:fffe",
        ] {
            assert!(!public(address), "{address}");
        }
    }

    #[test]
    fn the_public_internet_is_public() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
            "2002:808:808::1",
            "2001:0:808:808:0:0:f7f7:f7f7",
        ] {
            assert!(public(address), "{address}");
        }
    }
}
