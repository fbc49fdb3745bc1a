//! Linux's packet sockets. Other systems get the same names if callers need no implementation of
//! their own.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod constants;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod fanout;
pub(crate) mod link_counters;
pub(crate) mod packet_socket;
pub(crate) mod sock_filter;
pub(crate) mod without_eventfd;
