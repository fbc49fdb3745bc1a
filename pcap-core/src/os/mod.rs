//! Extensions that are specific to one operating system, one module per system.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub mod linux;

#[cfg(target_vendor = "apple")]
pub mod macos;

#[cfg(windows)]
pub mod windows;
