//! Addresses of devices as C has them, taken apart per operating system.
//!
//! May import: nothing of this crate.

use std::ffi::c_int;

use libc::sockaddr;

/// What a socket address holds, as plain bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RawAddress {
    V4([u8; 4]),
    V6 {
        octets: [u8; 16],
        scope_id: u32,
    },
    /// A hardware address of any length.
    Hardware(Vec<u8>),
    /// Any other family.
    Other(c_int),
}

#[cfg(not(windows))]
const AF_INET: c_int = libc::AF_INET;
#[cfg(not(windows))]
const AF_INET6: c_int = libc::AF_INET6;
#[cfg(windows)]
const AF_INET: c_int = 2;
#[cfg(windows)]
const AF_INET6: c_int = 23;

// Every system lays these out alike; only the first two bytes, the family, differ.
const V4_AT: usize = 4;
const V4_SIZE: usize = 16;
const V6_AT: usize = 8;
const V6_SCOPE_AT: usize = 24;
const V6_SIZE: usize = 28;

#[cfg(unix)]
const _: () = {
    use std::mem::{offset_of, size_of};
    assert!(offset_of!(libc::sockaddr_in, sin_addr) == V4_AT);
    assert!(size_of::<libc::sockaddr_in>() == V4_SIZE);
    assert!(offset_of!(libc::sockaddr_in6, sin6_addr) == V6_AT);
    assert!(offset_of!(libc::sockaddr_in6, sin6_scope_id) == V6_SCOPE_AT);
    assert!(size_of::<libc::sockaddr_in6>() == V6_SIZE);
};

/// Takes a socket address apart. `None` for a null pointer, and for a hardware address without a
/// single byte, which interfaces without hardware have.
///
/// `like` is the family to take an address for that names none itself, as BSD's netmasks.
///
/// # Safety
///
/// `address` is null, or points to a socket address of at least the size that its family has on
/// this system; where addresses begin with their length, of at least that many bytes, and of two.
/// It need not be aligned.
pub(crate) unsafe fn read(address: *const sockaddr, like: Option<c_int>) -> Option<RawAddress> {
    if address.is_null() {
        return None;
    }
    let address = address.cast::<u8>();
    // SAFETY: the caller's promise.
    let (own_family, length) = unsafe { family_and_length(address) };
    let family = match own_family {
        0 => like.unwrap_or(0),
        other => other,
    };
    let raw = match family {
        AF_INET => {
            // SAFETY: the caller's promise for this family; not more than its length.
            let bytes: [u8; V4_SIZE] = unsafe { copy(address, length.unwrap_or(V4_SIZE)) };
            RawAddress::V4(part(&bytes, V4_AT))
        }
        AF_INET6 => {
            // SAFETY: the caller's promise for this family; not more than its length.
            let bytes: [u8; V6_SIZE] = unsafe { copy(address, length.unwrap_or(V6_SIZE)) };
            v6(
                part(&bytes, V6_AT),
                u32::from_ne_bytes(part(&bytes, V6_SCOPE_AT)),
            )
        }
        other => {
            // SAFETY: the caller's promise.
            match unsafe { hardware(address, other, length) } {
                Some(bytes) if bytes.is_empty() => return None,
                Some(bytes) => RawAddress::Hardware(bytes),
                None => RawAddress::Other(other),
            }
        }
    };
    Some(raw)
}

/// The family of an address that is of this system's own making; see [`read`].
pub(crate) fn family(raw: &RawAddress) -> Option<c_int> {
    match raw {
        RawAddress::V4(_) => Some(AF_INET),
        RawAddress::V6 { .. } => Some(AF_INET6),
        RawAddress::Hardware(_) => None,
        RawAddress::Other(family) => Some(*family),
    }
}

/// The `N` bytes at `at`, which callers keep inside.
fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut part = [0; N];
    for (to, from) in part.iter_mut().zip(bytes.iter().skip(at)) {
        *to = *from;
    }
    part
}

/// The first `N` bytes, zero beyond `length`.
///
/// # Safety
///
/// `length` bytes can be read at `address`, or `N` if those are fewer.
unsafe fn copy<const N: usize>(address: *const u8, length: usize) -> [u8; N] {
    let mut bytes = [0; N];
    // SAFETY: readable by the caller's promise, and not more than `bytes` has; a local buffer
    // cannot overlap.
    unsafe { std::ptr::copy_nonoverlapping(address, bytes.as_mut_ptr(), length.min(N)) };
    bytes
}

/// The address with its scope where that has a place of its own.
#[cfg(not(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
)))]
fn v6(octets: [u8; 16], scope_id: u32) -> RawAddress {
    RawAddress::V6 { octets, scope_id }
}

/// The address with its scope taken out: these systems hide it in bytes 2 and 3 of a link-local
/// address.
#[cfg(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
))]
fn v6(mut octets: [u8; 16], mut scope_id: u32) -> RawAddress {
    let link_local = octets[0] == 0xfe && octets[1] & 0xc0 == 0x80;
    let hidden = u16::from_be_bytes([octets[2], octets[3]]);
    if link_local && hidden != 0 {
        if scope_id == 0 {
            scope_id = hidden.into();
        }
        octets[2] = 0;
        octets[3] = 0;
    }
    RawAddress::V6 { octets, scope_id }
}

/// The family, which comes first.
///
/// # Safety
///
/// Two bytes can be read.
#[cfg(not(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
)))]
unsafe fn family_and_length(address: *const u8) -> (c_int, Option<usize>) {
    // SAFETY: the caller's promise.
    let bytes: [u8; 2] = unsafe { copy(address, 2) };
    (u16::from_ne_bytes(bytes).into(), None)
}

/// The length, which comes first, and the family after it.
///
/// # Safety
///
/// Two bytes can be read.
#[cfg(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
))]
unsafe fn family_and_length(address: *const u8) -> (c_int, Option<usize>) {
    // SAFETY: the caller's promise.
    let [length, family]: [u8; 2] = unsafe { copy(address, 2) };
    (family.into(), Some(length.into()))
}

/// A hardware address: `sockaddr_ll`, of which at most 8 bytes are there however long it says it is.
///
/// # Safety
///
/// As [`read`].
#[cfg(any(target_os = "linux", target_os = "android"))]
unsafe fn hardware(address: *const u8, family: c_int, _length: Option<usize>) -> Option<Vec<u8>> {
    use std::mem::{offset_of, size_of};

    if family != libc::AF_PACKET {
        return None;
    }
    // SAFETY: the caller's promise for this family.
    let bytes: [u8; size_of::<libc::sockaddr_ll>()] =
        unsafe { copy(address, size_of::<libc::sockaddr_ll>()) };
    let [length] = part(&bytes, offset_of!(libc::sockaddr_ll, sll_halen));
    let octets: [u8; 8] = part(&bytes, offset_of!(libc::sockaddr_ll, sll_addr));
    Some(octets.into_iter().take(length.into()).collect())
}

/// A hardware address: `sockaddr_dl`, where it follows the name.
///
/// # Safety
///
/// As [`read`].
#[cfg(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
))]
unsafe fn hardware(address: *const u8, family: c_int, length: Option<usize>) -> Option<Vec<u8>> {
    use std::mem::offset_of;

    if family != libc::AF_LINK {
        return None;
    }
    // SAFETY: as many bytes as the address says it has, by the caller's promise.
    let bytes: [u8; u8::MAX as usize] = unsafe { copy(address, length.unwrap_or(0)) };
    let [name_length] = part(&bytes, offset_of!(libc::sockaddr_dl, sdl_nlen));
    let [address_length] = part(&bytes, offset_of!(libc::sockaddr_dl, sdl_alen));
    let start = offset_of!(libc::sockaddr_dl, sdl_data) + usize::from(name_length);
    Some(
        bytes
            .into_iter()
            .take(length.unwrap_or(0))
            .skip(start)
            .take(usize::from(address_length))
            .collect(),
    )
}

/// This system gives no hardware addresses.
///
/// # Safety
///
/// Always safe; the other systems' are not.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
)))]
unsafe fn hardware(_address: *const u8, _family: c_int, _length: Option<usize>) -> Option<Vec<u8>> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Reads an address of exactly these bytes, at an odd place on the heap.
    fn read_bytes(family: c_int, rest: &[u8], like: Option<c_int>) -> Option<RawAddress> {
        let mut bytes = vec![0];
        bytes.extend((family as u16).to_ne_bytes());
        bytes.extend(rest);
        let bytes = bytes.into_boxed_slice();
        let place = bytes.as_ptr().wrapping_add(1);
        // SAFETY: the tests make addresses of their family's size.
        unsafe { read(place.cast(), like) }
    }

    #[test]
    fn addresses_are_read_by_family_from_any_place() {
        let mut v4 = [0; 14];
        v4[2..6].copy_from_slice(&[10, 0, 0, 1]);
        let expected = Some(RawAddress::V4([10, 0, 0, 1]));
        assert_eq!(read_bytes(libc::AF_INET, &v4, None), expected);
        assert_eq!(read_bytes(0, &v4, Some(libc::AF_INET)), expected);
        assert_eq!(read_bytes(0, &v4, None), Some(RawAddress::Other(0)));
        assert_eq!(
            read_bytes(200, &v4, Some(libc::AF_INET)),
            Some(RawAddress::Other(200))
        );

        let mut v6 = [0; 26];
        v6[6] = 0xfe;
        v6[7] = 0x80;
        v6[22..26].copy_from_slice(&7_u32.to_ne_bytes());
        let mut octets = [0; 16];
        octets[..2].copy_from_slice(&[0xfe, 0x80]);
        assert_eq!(
            read_bytes(libc::AF_INET6, &v6, None),
            Some(RawAddress::V6 {
                octets,
                scope_id: 7
            })
        );
        // SAFETY: null is allowed.
        assert_eq!(unsafe { read(std::ptr::null(), None) }, None);
    }

    #[test]
    fn a_hardware_address_is_no_longer_than_its_place() {
        let link = |length: u8| {
            let mut rest = [0; 18];
            rest[9] = length;
            rest[10..].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
            read_bytes(libc::AF_PACKET, &rest, None)
        };
        let bytes = |n: u8| Some(RawAddress::Hardware((1..=n).collect()));
        assert_eq!(link(6), bytes(6));
        assert_eq!(link(8), bytes(8));
        // InfiniBand says 20.
        assert_eq!(link(20), bytes(8));
        assert_eq!(link(255), bytes(8));
        assert_eq!(link(0), None);
    }
}
