//! The hosts of the office and the servers that they talk to.

use std::net::IpAddr;

/// A host, as the frames of the office's network show it.
#[derive(Clone, Copy)]
pub(super) struct Host {
    /// The Ethernet address: that of the router for hosts behind it.
    pub(super) mac: [u8; 6],
    /// The address.
    pub(super) ip: IpAddr,
    /// The TTL or hop limit of its packets when they are captured.
    pub(super) ttl: u8,
    /// The VLAN of its frames.
    pub(super) vlan: Option<u16>,
}

/// A host and a port.
pub(super) type Socket = (Host, u16);

const ROUTER_MAC: [u8; 6] = mac(1);

/// Returns a locally administered address.
const fn mac(number: u8) -> [u8; 6] {
    [0x02, 0, 0x5e, 0, 0, number]
}

const fn v4(number: u8) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, number))
}

const fn v6(network: u16, number: u16) -> IpAddr {
    IpAddr::V6(std::net::Ipv6Addr::new(
        0x2001, 0xdb8, network, 0, 0, 0, 0, number,
    ))
}

const fn local(number: u8, ip: IpAddr) -> Host {
    Host {
        mac: mac(number),
        ip,
        ttl: 64,
        vlan: None,
    }
}

const fn remote(number: u8, ttl: u8) -> Host {
    Host {
        mac: ROUTER_MAC,
        ip: IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, number)),
        ttl,
        vlan: None,
    }
}

/// The router, which also resolves names.
pub(super) const ROUTER: Host = local(1, v4(1));
/// The same with IPv6.
pub(super) const ROUTER6: Host = local(1, v6(1, 1));
/// The switch.
pub(super) const SWITCH_MAC: [u8; 6] = mac(2);
/// A laptop that arrives in the morning.
pub(super) const LAPTOP: Host = local(0x17, v4(23));
/// The same with IPv6.
pub(super) const LAPTOP6: Host = local(0x17, v6(1, 0x17));
/// A desktop.
pub(super) const DESKTOP: Host = local(0x2a, v4(42));
/// The same with IPv6.
pub(super) const DESKTOP6: Host = local(0x2a, v6(1, 0x2a));
/// A host that looks for open ports.
pub(super) const SCANNER: Host = local(0x42, v4(66));
/// The file server.
pub(super) const SERVER: Host = local(0x0a, v4(10));
/// A printer.
pub(super) const PRINTER: Host = local(0x33, v4(51));
/// A telephone in its VLAN.
pub(super) const PHONE: Host = Host {
    vlan: Some(20),
    ..local(0x3c, v4(160))
};
/// The telephone exchange in the same VLAN.
pub(super) const EXCHANGE: Host = Host {
    vlan: Some(20),
    ..local(0x3d, v4(161))
};

/// `www.example.com`.
pub(super) const WWW: Host = remote(80, 53);
/// `cdn.example.com`.
pub(super) const CDN: Host = remote(90, 57);
/// `api.example.com`, with IPv6.
pub(super) const API6: Host = Host {
    mac: ROUTER_MAC,
    ip: v6(0xa1, 0x443),
    ttl: 55,
    vlan: None,
};
/// `mail.example.com`.
pub(super) const MAIL: Host = remote(25, 51);
/// `time.example.com`.
pub(super) const TIME: Host = remote(123, 56);
/// The router of the branch, at the other end of a tunnel.
pub(super) const BRANCH: Host = remote(9, 60);
/// A peer of WireGuard.
pub(super) const PEER: Host = remote(77, 54);

/// Returns a router on the way to a server, which answers when a TTL has reached zero.
pub(super) const fn hop(number: u8) -> Host {
    remote(240 + number, 64 - number)
}

/// Returns a host of the branch, whose packets arrive in the tunnel.
pub(super) const fn in_branch(number: u8) -> Host {
    Host {
        ttl: 63,
        ..local(number, v4(200 + number))
    }
}
