//! Several threads, and signal handlers. A separate program, because it sets those, and for `ci/races`.

#[cfg(target_os = "linux")]
mod breaks;
#[cfg(thread_sanitizer)]
mod planted_races;
mod values;

#[path = "../support/mod.rs"]
mod support;
