//! Checks the synchronization of `pcap-core` with loom, which runs each model in every order of its threads' steps, and
//! with every value that the memory model permits a load to return. `ci/loom` runs the models.
//!
//! The checked files are those of `pcap-core` itself. Only what they import from their crate is replaced: `sys` by
//! models of libpcap and of the operating system, and `sys::sync` by loom's primitives.
#![cfg(test)]

// Links to manual pages are for the documentation.
macro_rules! manual {
    ($($page:tt)*) => {
        ""
    };
}

#[allow(dead_code, unreachable_pub)]
#[path = "../../src/breakloop.rs"]
mod breakloop;
#[allow(dead_code)]
#[path = "../../src/capture/active/lent.rs"]
mod lent;
mod models;
#[path = "../../src/capture/active/shortest_dropped.rs"]
mod shortest_dropped;
mod sys;
