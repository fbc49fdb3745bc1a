//! Filters: compiling, combining, listing, checking and running them.

mod any_of;
mod combined;
mod fuzz;
mod limits;
mod listing;
mod meaning;
#[cfg(unix)]
mod tcpdump;
mod validate;

#[path = "../support/mod.rs"]
mod support;
