//! Extension traits specific to one operating system.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub mod linux;

#[cfg(windows)]
pub mod windows;
