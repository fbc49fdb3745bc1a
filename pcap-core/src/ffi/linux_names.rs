//! Names of Linux' headers that the crate `libc` has for Linux and lacks for Android, which has the same kernel.
//!
//! May import: nothing of this crate.

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
