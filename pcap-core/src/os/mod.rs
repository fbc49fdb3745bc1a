//! What only one operating system has, as extension traits.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub mod linux;

#[cfg(target_vendor = "apple")]
pub mod macos;

#[cfg(windows)]
pub mod windows;
