//! Constants from Linux's headers that the `libc` crate lacks, some of them only for Android, which has the same
//! kernel.

#[cfg(target_os = "linux")]
pub(crate) use libc::{
    PACKET_DROP_MEMBERSHIP, PACKET_MR_PROMISC, PACKET_QDISC_BYPASS, PACKET_RX_RING, SO_LOCK_FILTER,
    packet_mreq,
};

#[cfg(target_os = "android")]
pub(crate) use android::{
    PACKET_DROP_MEMBERSHIP, PACKET_MR_PROMISC, PACKET_QDISC_BYPASS, PACKET_RX_RING, SO_LOCK_FILTER,
    packet_mreq,
};

#[cfg(target_os = "android")]
mod android {
    use std::ffi::{c_int, c_uchar, c_ushort};

    pub(crate) const PACKET_DROP_MEMBERSHIP: c_int = 2;
    pub(crate) const PACKET_MR_PROMISC: c_int = 1;
    pub(crate) const PACKET_QDISC_BYPASS: c_int = 20;
    pub(crate) const PACKET_RX_RING: c_int = 5;
    pub(crate) const SO_LOCK_FILTER: c_int = 44;

    #[repr(C)]
    #[allow(non_camel_case_types)] // C's
    pub(crate) struct packet_mreq {
        pub(crate) mr_ifindex: c_int,
        pub(crate) mr_type: c_ushort,
        pub(crate) mr_alen: c_ushort,
        pub(crate) mr_address: [c_uchar; 8],
    }
}

/// `SIOCGSKNS` of `linux/sockios.h`: opens the network namespace of a socket.
pub(crate) const SIOCGSKNS: libc::c_ulong = 0x894c;

/// `SO_NETNS_COOKIE` of `asm/socket.h`, on the architectures with its usual number.
pub(crate) const SO_NETNS_COOKIE: Option<libc::c_int> =
    if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) {
        None
    } else {
        Some(71)
    };
