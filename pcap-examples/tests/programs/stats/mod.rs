//! Tests of `pcap-stats`.

#[cfg(all(target_os = "linux", not(emulated)))]
mod live;
mod report;
mod selection;
mod tables;

use std::net::Ipv4Addr;

use serde_json::Value;

use crate::common::frames::{ethernet, ipv4};
use crate::common::{Record, record, run_program};
use crate::json::validate;

/// Returns the tables that the program prints as JSON, each of which matches the schema.
fn tables(arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["--json"], arguments].concat();
    validate("table", &run_program("stats", &arguments).success_output())
}

/// Returns the rows of the only table.
fn rows(arguments: &[&str]) -> Vec<Value> {
    let tables = tables(arguments);
    assert_eq!(tables.len(), 1, "{tables:?}");
    tables[0]["rows"].as_array().expect("an array").clone()
}

/// Returns a UDP datagram in a frame, of a host with this number to one of the other number.
fn datagram(second: u32, from: u8, to: u8, port: u16, length: usize) -> Record {
    let mut udp = [9, port].map(u16::to_be_bytes).concat();
    udp.extend((8 + length as u16).to_be_bytes());
    udp.extend([0, 0]);
    udp.resize(8 + length, 0);
    let [from, to] = [from, to].map(|host| Ipv4Addr::new(192, 0, 2, host).octets());
    record(
        second,
        0,
        ethernet(0x0800, &ipv4((from, to), 17, 0, 0, &udp)),
    )
}
