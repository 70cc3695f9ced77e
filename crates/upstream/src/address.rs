//! Which network addresses may be connected to.
//!
//! The check sits in the resolver of the HTTP client: what it returns is what the connector
//! dials, so there is no second lookup that could be answered differently (DNS rebinding).
//! Literal addresses in URLs never reach a resolver and are checked in [`crate::reach`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A host has no address that may be connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{host}` has no public address, and this upstream may not lead into private networks")]
pub(crate) struct NotPublic {
    pub(crate) host: String,
}

/// Whether an address belongs to the public internet: private, loopback, link-local and every
/// other special address does not.
///
/// Source: the IANA special-purpose address registries. For IPv6 everything outside 2000::/3 is
/// refused, and with it every form that wraps an IPv4 address.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127, ..]                  // this network, private, loopback
            | [100, 64..=127, ..]           // carrier-grade NAT
            | [169, 254, ..]                // link-local, and cloud metadata
            | [172, 16..=31, ..]            // private
            | [192, 0, 0 | 2, _]            // protocol assignments, documentation
            | [192, 88, 99, _]              // 6to4 relays
            | [192, 168, ..]                // private
            | [198, 18 | 19, ..]            // benchmarks
            | [198, 51, 100, _]             // documentation
            | [203, 0, 113, _]              // documentation
            | [168, 63, 129, 16]            // a cloud's host agent, on an address that looks public
            | [224..=255, ..] // multicast, reserved, broadcast
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, 0..=0x01ff, ..] => false, // protocol assignments, Teredo, benchmarks
        [0x2001, 0x0db8, ..] => false,     // documentation
        [0x2002, ..] => false,             // 6to4
        [0x3fff, 0..=0x0fff, ..] => false, // documentation
        [0x2000..=0x3fff, ..] => true,
        // Loopback, mapped, compatible, NAT64 (64:ff9b), ULA, link-local, multicast and the rest.
        _ => false,
    }
}

/// The resolver of a client.
pub(crate) struct PublicResolver {
    /// Whether any address will do: an operator said so, or it is the configured server's.
    pub(crate) is_unrestricted: bool,
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let is_unrestricted = self.is_unrestricted;
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            let allowed = keep_allowed(host, found, is_unrestricted)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

pub(crate) fn keep_allowed(
    host: &str,
    mut found: Vec<SocketAddr>,
    is_unrestricted: bool,
) -> Result<Vec<SocketAddr>, NotPublic> {
    found.retain(|address| is_unrestricted || is_public(address.ip()));
    if found.is_empty() { Err(NotPublic { host: host.to_owned() }) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(addresses: &[&str], expected: bool) {
        for address in addresses {
            assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn public_addresses_are_public() {
        check(&["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.0.1"], true);
        check(&["172.32.0.1", "192.167.1.1", "223.255.255.255", "168.63.129.17"], true);
        check(&["2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888"], true);
    }

    #[test]
    fn private_and_special_ipv4_is_not() {
        check(&["0.0.0.0", "0.1.2.3", "10.0.0.1", "127.0.0.1", "127.255.255.254"], false);
        check(&["100.64.0.1", "100.127.255.255", "169.254.169.254", "172.16.0.1"], false);
        check(&["172.31.255.255", "192.168.0.1", "192.0.0.192", "192.0.2.1"], false);
        check(&["198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9"], false);
        check(&["224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"], false);
        check(&["168.63.129.16", "192.88.99.1", "100.100.100.200"], false);
    }

    #[test]
    fn private_special_and_wrapping_ipv6_is_not() {
        check(&["::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "100::1"], false);
        check(&["::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::8.8.8.8"], false);
        check(&["64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1"], false);
        check(&["2002:7f00:1::", "2001:0:1::1", "2001:db8::1", "3fff::1", "5f00::1"], false);
    }

    #[test]
    fn a_name_keeps_its_public_addresses_only() {
        let found: Vec<SocketAddr> =
            vec!["10.0.0.1:0".parse().unwrap(), "8.8.8.8:0".parse().unwrap()];
        let kept = keep_allowed("cdn.example", found.clone(), false).unwrap();
        assert_eq!(kept, ["8.8.8.8:0".parse().unwrap()]);
        assert_eq!(keep_allowed("mirror.example", found.clone(), true).unwrap(), found);
    }

    #[test]
    fn a_name_without_public_address_is_refused() {
        let found = vec!["169.254.169.254:0".parse().unwrap(), "[::1]:0".parse().unwrap()];
        let expected = NotPublic { host: "evil.example".to_owned() };
        assert_eq!(keep_allowed("evil.example", found, false), Err(expected));
    }
}
