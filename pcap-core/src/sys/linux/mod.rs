//! Linux's packet sockets, and the rights of threads. For other systems, the modules define the same names with trivial
//! implementations, if callers use them without conditional compilation.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod constants;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod fanout;
pub(crate) mod link_counters;
pub(crate) mod packet_socket;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod rights;
pub(crate) mod sock_filter;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod thread_signal;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod thread_status;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod users;
pub(crate) mod without_eventfd;
