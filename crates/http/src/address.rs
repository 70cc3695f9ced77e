//! The client's address, looked up through trusted proxies only.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

/// Longest `X-Forwarded-For` that is looked at, in hops.
const MAX_HOPS: usize = 16;

/// Networks whose `X-Forwarded-For` is believed. Empty by default: nobody's is.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Believes these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Walks `X-Forwarded-For` from right to left as long as the hop that added an entry is
    /// trusted: what a client writes itself stands to the left of that and is never reached.
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut address = peer.to_canonical();
        if !self.is_trusted(address) {
            return address;
        }
        let values = headers.get_all("x-forwarded-for").iter().rev();
        let hops = values.filter_map(|value| value.to_str().ok()).flat_map(|v| v.rsplit(','));
        for hop in hops.take(MAX_HOPS) {
            let Ok(hop) = hop.trim().parse::<IpAddr>() else { break };
            address = hop.to_canonical();
            if !self.is_trusted(address) {
                break;
            }
        }
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(trusted: &str, peer: &str, forwarded: &str, expected: &str) {
        let networks = trusted.split_whitespace().map(|net| net.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        let found = TrustedProxies::new(networks).client_address(peer.parse().unwrap(), &headers);
        assert_eq!(found, expected.parse::<IpAddr>().unwrap());
    }

    #[test]
    fn a_stranger_cannot_choose_its_address() {
        check("", "203.0.113.9", "10.0.0.1", "203.0.113.9");
        check("10.0.0.0/8", "203.0.113.9", "10.0.0.1", "203.0.113.9");
    }

    #[test]
    fn the_rightmost_untrusted_hop_is_the_client() {
        check("10.0.0.0/8", "10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9");
        check("10.0.0.0/8", "10.0.0.1", "203.0.113.9, 10.0.0.7", "203.0.113.9");
        check("10.0.0.0/8", "10.0.0.1", "spoof, nonsense", "10.0.0.1");
    }

    #[test]
    fn a_mapped_address_is_its_v4_self() {
        check("10.0.0.0/8", "::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9");
    }
}
