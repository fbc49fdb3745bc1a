//! Linux's packet sockets. For other systems, the modules define the same names with trivial implementations, if
//! callers use them without conditional compilation.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod constants;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod fanout;
pub(crate) mod link_counters;
pub(crate) mod packet_socket;
pub(crate) mod sock_filter;
pub(crate) mod without_eventfd;
