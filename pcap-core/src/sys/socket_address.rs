//! Parses the socket addresses of devices, per operating system.

use std::ffi::c_int;

use libc::sockaddr;

/// The content of a socket address, as plain bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RawAddress {
    V4([u8; 4]),
    V6 {
        octets: [u8; 16],
        scope_id: u32,
    },
    /// A hardware address of any length but 0.
    Hardware(Vec<u8>),
    /// Any other family.
    Other(c_int),
}

/// The differences between the socket addresses of operating systems.
struct Layout {
    /// Whether an address begins with one byte for its length and one for its family, instead of two bytes for its
    /// family. Such systems also embed the scope of a link-local address in the address.
    length_first: bool,
    inet: c_int,
    inet6: c_int,
    /// The family of Linux's hardware addresses, `sockaddr_ll`.
    packet: Option<c_int>,
    /// The family of BSD's hardware addresses, `sockaddr_dl`.
    link: Option<c_int>,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const HERE: Layout = Layout {
    length_first: false,
    inet: libc::AF_INET,
    inet6: libc::AF_INET6,
    packet: Some(libc::AF_PACKET),
    link: None,
};

#[cfg(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
))]
const HERE: Layout = Layout {
    length_first: true,
    inet: libc::AF_INET,
    inet6: libc::AF_INET6,
    packet: None,
    link: Some(libc::AF_LINK),
};

#[cfg(windows)]
const HERE: Layout = Layout {
    length_first: false,
    inet: 2,
    inet6: 23,
    packet: None,
    link: None,
};

// The offsets in an address are the same on all systems. The assertions below compare them with those of the C library.
const V4_AT: usize = 4;
const V4_SIZE: usize = 16;
const V6_AT: usize = 8;
const V6_SCOPE_AT: usize = 24;
const V6_SIZE: usize = 28;
const PACKET_LENGTH_AT: usize = 11;
const PACKET_AT: usize = 12;
const PACKET_SIZE: usize = 20;
const LINK_NAME_LENGTH_AT: usize = 5;
const LINK_LENGTH_AT: usize = 6;
const LINK_NAME_AT: usize = 8;

#[cfg(unix)]
const _: () = {
    use std::mem::{offset_of, size_of};
    assert!(offset_of!(libc::sockaddr_in, sin_addr) == V4_AT);
    assert!(size_of::<libc::sockaddr_in>() == V4_SIZE);
    assert!(offset_of!(libc::sockaddr_in6, sin6_addr) == V6_AT);
    assert!(offset_of!(libc::sockaddr_in6, sin6_scope_id) == V6_SCOPE_AT);
    assert!(size_of::<libc::sockaddr_in6>() == V6_SIZE);
};

#[cfg(any(target_os = "linux", target_os = "android"))]
const _: () = {
    use std::mem::{offset_of, size_of};
    assert!(offset_of!(libc::sockaddr_ll, sll_halen) == PACKET_LENGTH_AT);
    assert!(offset_of!(libc::sockaddr_ll, sll_addr) == PACKET_AT);
    assert!(size_of::<libc::sockaddr_ll>() == PACKET_SIZE);
};

#[cfg(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
))]
const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(libc::sockaddr_dl, sdl_nlen) == LINK_NAME_LENGTH_AT);
    assert!(offset_of!(libc::sockaddr_dl, sdl_alen) == LINK_LENGTH_AT);
    assert!(offset_of!(libc::sockaddr_dl, sdl_data) == LINK_NAME_AT);
};

/// Parses a socket address. Returns `None` for a null pointer, and for an empty hardware address, which interfaces
/// without hardware have.
///
/// `like` is the family of an address that does not contain its family, such as the netmasks of some BSDs.
///
/// # Safety
///
/// `address` is null, or points to a socket address of the size that its family has on this system. If addresses begin
/// with their length, it has at least that length and at least two bytes. It need not be aligned.
#[inline]
pub(crate) unsafe fn read(address: *const sockaddr, like: Option<c_int>) -> Option<RawAddress> {
    if address.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe { parse(address.cast(), like, &HERE) }
}

/// Returns the family of an address from [`read`], for reading related addresses.
#[inline]
pub(crate) fn family(raw: &RawAddress) -> Option<c_int> {
    match raw {
        RawAddress::V4(_) => Some(HERE.inet),
        RawAddress::V6 { .. } => Some(HERE.inet6),
        RawAddress::Hardware(_) => HERE.packet.or(HERE.link),
        RawAddress::Other(family) => Some(*family),
    }
}

/// Parses a socket address of any system.
///
/// # Safety
///
/// The errors of [`read`] for this layout. In addition, `address` must not be null.
#[inline]
unsafe fn parse(address: *const u8, like: Option<c_int>, os: &Layout) -> Option<RawAddress> {
    // SAFETY: the caller's promise.
    let start: [u8; 2] = unsafe { copy(address, 2) };
    let (length, family) = match (os.length_first, start) {
        (true, [length, family]) => (usize::from(length), c_int::from(family)),
        (false, start) => (usize::MAX, u16::from_ne_bytes(start).into()),
    };
    let family = match (family, like) {
        // Only if the length is known: otherwise the address may not have the size of that family.
        (0, Some(like)) if os.length_first => like,
        _ => family,
    };
    if family == os.inet {
        // SAFETY: the size of this family, or the length in it.
        let bytes: [u8; V4_SIZE] = unsafe { copy(address, length) };
        Some(RawAddress::V4(part(&bytes, V4_AT)))
    } else if family == os.inet6 {
        // SAFETY: the size of this family, or the length in it.
        let bytes: [u8; V6_SIZE] = unsafe { copy(address, length) };
        Some(v6(&bytes, os))
    } else if Some(family) == os.packet {
        // SAFETY: the size of this family, or the length in it.
        let bytes: [u8; PACKET_SIZE] = unsafe { copy(address, length) };
        // Whatever length the address claims, the structure has space for 8 bytes.
        let octets: [u8; 8] = part(&bytes, PACKET_AT);
        let [octets_length] = part(&bytes, PACKET_LENGTH_AT);
        hardware(octets.into_iter().take(octets_length.into()))
    } else if Some(family) == os.link {
        // SAFETY: the length in it.
        let bytes: [u8; u8::MAX as usize] = unsafe { copy(address, length) };
        let [name_length] = part(&bytes, LINK_NAME_LENGTH_AT);
        let [octets_length] = part(&bytes, LINK_LENGTH_AT);
        let inside = bytes.into_iter().take(length);
        let octets = inside.skip(LINK_NAME_AT + usize::from(name_length));
        hardware(octets.take(octets_length.into()))
    } else {
        Some(RawAddress::Other(family))
    }
}

#[inline]
fn hardware(octets: impl Iterator<Item = u8>) -> Option<RawAddress> {
    let octets: Vec<u8> = octets.collect();
    (!octets.is_empty()).then_some(RawAddress::Hardware(octets))
}

/// Returns the IPv6 address and its scope, which some systems store in bytes 2 and 3 of a link-local address.
#[inline]
fn v6(bytes: &[u8; V6_SIZE], os: &Layout) -> RawAddress {
    let mut octets: [u8; 16] = part(bytes, V6_AT);
    let mut scope_id = u32::from_ne_bytes(part(bytes, V6_SCOPE_AT));
    let link_local = octets[0] == 0xfe && octets[1] & 0xc0 == 0x80;
    if os.length_first && link_local {
        let hidden = u16::from_be_bytes([octets[2], octets[3]]);
        if scope_id == 0 {
            scope_id = hidden.into();
        }
        octets[2] = 0;
        octets[3] = 0;
    }
    RawAddress::V6 { octets, scope_id }
}

/// Returns the `N` bytes at `at`, padded with zeros.
#[inline]
fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut part = [0; N];
    for (to, from) in part.iter_mut().zip(bytes.iter().skip(at)) {
        *to = *from;
    }
    part
}

/// Copies the first `N` bytes. Bytes from `length` on are zero.
///
/// # Safety
///
/// At least the smaller of `length` and `N` bytes are readable at `address`.
#[inline]
unsafe fn copy<const N: usize>(address: *const u8, length: usize) -> [u8; N] {
    let mut bytes = [0; N];
    // SAFETY: readable by the caller's promise, and not more than `bytes` has, which is our own and
    // so does not overlap.
    unsafe { std::ptr::copy_nonoverlapping(address, bytes.as_mut_ptr(), length.min(N)) };
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: Layout = Layout {
        length_first: false,
        inet: 2,
        inet6: 10,
        packet: Some(17),
        link: None,
    };
    const BSD: Layout = Layout {
        length_first: true,
        inet: 2,
        inet6: 30,
        packet: None,
        link: Some(18),
    };

    /// Reads an address of exactly these bytes, at an odd address on the heap.
    fn read_bytes(bytes: &[u8], like: Option<c_int>, os: &Layout) -> Option<RawAddress> {
        let place: Box<[u8]> = [&[0], bytes].concat().into();
        // SAFETY: the tests make addresses of their family's size or of the length in them.
        unsafe { parse(place[1..].as_ptr(), like, os) }
    }

    fn linux(family: u16, rest: &[u8]) -> Vec<u8> {
        [&family.to_ne_bytes(), rest].concat()
    }

    /// An address has the length of its family: read as a `sockaddr_storage`, most would be out of
    /// bounds.
    // Shows: libpcap/address-allocated-size-family
    #[test]
    fn linux_addresses_are_read_by_their_family() {
        let mut v4 = [0; 14];
        v4[2..6].copy_from_slice(&[10, 0, 0, 1]);
        let expected = Some(RawAddress::V4([10, 0, 0, 1]));
        assert_eq!(read_bytes(&linux(2, &v4), None, &LINUX), expected);
        let other = |family| Some(RawAddress::Other(family));
        assert_eq!(read_bytes(&linux(0, &v4), Some(10), &LINUX), other(0));
        assert_eq!(read_bytes(&linux(200, &v4), Some(2), &LINUX), other(200));
        assert_eq!(read_bytes(&linux(0xffff, &[]), None, &LINUX), other(0xffff));

        let mut v6 = [0; 26];
        v6[6..10].copy_from_slice(&[0xfe, 0x80, 1, 2]);
        v6[22..26].copy_from_slice(&7_u32.to_ne_bytes());
        let mut octets = [0; 16];
        octets[..4].copy_from_slice(&[0xfe, 0x80, 1, 2]);
        let expected = Some(RawAddress::V6 {
            octets,
            scope_id: 7,
        });
        assert_eq!(read_bytes(&linux(10, &v6), None, &LINUX), expected);
        // SAFETY: null is allowed.
        assert_eq!(unsafe { read(std::ptr::null(), None) }, None);
    }

    /// A hardware address may claim more bytes than its structure has space for.
    // Shows: libpcap/address-allocated-size-family
    #[test]
    fn a_linux_hardware_address_is_no_longer_than_its_place() {
        let packet = |length: u8| {
            let mut rest = [0; 18];
            rest[9] = length;
            rest[10..].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
            read_bytes(&linux(17, &rest), None, &LINUX)
        };
        let bytes = |n: u8| Some(RawAddress::Hardware((1..=n).collect()));
        assert_eq!((packet(6), packet(8)), (bytes(6), bytes(8)));
        // InfiniBand claims 20.
        assert_eq!((packet(20), packet(255)), (bytes(8), bytes(8)));
        assert_eq!(packet(0), None);
    }

    #[test]
    fn bsd_addresses_are_read_within_the_length_they_say() {
        let v4 = [16, 2, 0, 0, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        let expected = Some(RawAddress::V4([10, 0, 0, 1]));
        assert_eq!(read_bytes(&v4, None, &BSD), expected);
        // A netmask without a family, and with no more bytes than it has ones.
        let mask = [7, 0, 0, 0, 255, 255, 240];
        let expected = Some(RawAddress::V4([255, 255, 240, 0]));
        assert_eq!(read_bytes(&mask, Some(2), &BSD), expected);
        let expected = Some(RawAddress::V4([0; 4]));
        assert_eq!(read_bytes(&[2, 0], Some(2), &BSD), expected);

        // The scope of a link-local address is embedded in it.
        let mut v6 = [0; 28];
        v6[..2].copy_from_slice(&[28, 30]);
        v6[8..12].copy_from_slice(&[0xfe, 0x80, 0, 4]);
        let mut octets = [0; 16];
        octets[..2].copy_from_slice(&[0xfe, 0x80]);
        let expected = Some(RawAddress::V6 {
            octets,
            scope_id: 4,
        });
        assert_eq!(read_bytes(&v6, None, &BSD), expected);
    }

    #[test]
    fn a_bsd_hardware_address_follows_the_name() {
        let link = |length, name_length, octets_length| {
            let mut bytes = vec![length, 18, 1, 0, 6, name_length, octets_length, 0];
            bytes.extend(b"en0");
            bytes.extend([1, 2, 3, 4, 5, 6, 0, 0, 0]);
            assert_eq!(bytes.len(), 20);
            read_bytes(&bytes, None, &BSD)
        };
        let octets: Vec<u8> = (1..=6).collect();
        assert_eq!(link(20, 3, 6), Some(RawAddress::Hardware(octets.clone())));
        assert_eq!(link(20, 3, 0), None);
        // Impossible lengths read no further than the address.
        assert_eq!(link(20, 255, 255), None);
        assert_eq!(link(17, 3, 255), Some(RawAddress::Hardware(octets)));
        assert_eq!(link(4, 3, 6), None);
    }

    /// A related address, such as a netmask, may lack its family.
    #[test]
    fn each_address_has_a_family() {
        let v6 = RawAddress::V6 {
            octets: [0; 16],
            scope_id: 0,
        };
        assert_eq!(family(&RawAddress::V4([0; 4])), Some(HERE.inet));
        assert_eq!(family(&v6), Some(HERE.inet6));
        assert_eq!(family(&RawAddress::Other(4)), Some(4));
    }
}
