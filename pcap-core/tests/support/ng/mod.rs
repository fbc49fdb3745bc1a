//! pcapng files of every kind, built byte by byte without the tested crate, together with what a reader must find in
//! them; and libpcap and Wireshark's tools, to compare readers with.
//!
//! ```ignore
//! let file = Ng::new(Order::Big)
//!     .idb(idb(1).opt(Opt::tsresol(9)))
//!     .packet(epb(b"data").at(5).opt(Opt::comment("first")));
//! let case = Case::new("a comment", file);
//! ```
//!
//! [`valid`], [`damaged`] and [`large`] are the corpus, and [`random()`] and [`damage()`] extend it.

#![allow(dead_code, unused_imports)] // no test program uses all of it

pub(crate) mod block;
mod case;
pub(crate) mod corpus;
pub(crate) mod expected;
mod file;
mod libpcap;
mod mutate;
pub(crate) mod option;
pub(crate) mod oracle;
mod packet;
mod random;

pub(crate) use super::files::Order;

pub(crate) use block::{Block, Idb, Odd, Shb, idb, kind};
pub(crate) use case::{Case, Field};
pub(crate) use corpus::{corpus, damaged, large, valid};
pub(crate) use expected::{Damage, Expected, Kind, Packet, Section, Seen};
pub(crate) use file::Ng;
pub(crate) use libpcap::{Delivered, Libpcap};
pub(crate) use mutate::damage;
pub(crate) use option::{Opt, Value, Verdict, code, values};
pub(crate) use packet::{Form, Frame, epb, pb, spb};
pub(crate) use random::random;
