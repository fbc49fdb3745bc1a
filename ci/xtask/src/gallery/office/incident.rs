//! An incident that a router recorded on three interfaces: a client of the branch asks a server, whose answer is lost.

use super::connection::{By, Connection};
use super::host::{BRANCH, Host, ROUTER, WWW, in_branch};
use super::messages;
use super::packet::{self, GRE, words};
use super::pcapng::{BlockOption, COMMENT, Savefile};
use super::recording::{MICROSECOND, MILLISECOND, Recording, SECOND};
use crate::programs::frames::Timed;

const LAN: u32 = 0;
const WAN: u32 = 1;
const TUNNEL: u32 = 2;

/// Returns the savefile.
pub(super) fn file(start: u64) -> Vec<u8> {
    let mut file = Savefile::new(&[
        (2, b"x86-64"),
        (3, b"Linux 6.12"),
        (4, b"example"),
        (COMMENT, b"the page of the branch does not load"),
    ]);
    let names: [(u16, &[u8], &[u8]); 3] = [
        (1, b"lan0", b"the office"),
        (1, b"wan0", b"the provider"),
        // Packets without a link header.
        (101, b"gre1", b"the branch, in a tunnel"),
    ];
    for (linktype, name, description) in names {
        file.interface(linktype, &[(2, name), (3, description)]);
    }
    let packets = packets(start);
    let mut last = start;
    let mut counts = [0_u64; 3];
    for (index, (interface, (time, data), is_inbound)) in packets.iter().enumerate() {
        let direction = u32::from(if *is_inbound { 1_u8 } else { 2 }).to_le_bytes();
        let mut options: Vec<BlockOption<'_>> = vec![(2, &direction)];
        let comment = COMMENTS.iter().find(|(number, _)| *number == index + 1);
        options.extend(comment.map(|(_, text)| (COMMENT, text.as_bytes())));
        file.packet(*interface, *time, data, &options);
        counts[*interface as usize] += 1;
        last = *time;
    }
    for (interface, (count, dropped)) in (0..).zip(counts.iter().zip([0_u64, 3, 0])) {
        let (received, dropped) = ((count + dropped).to_le_bytes(), dropped.to_le_bytes());
        file.statistics(interface, last + SECOND, &[(4, &received), (5, &dropped)]);
    }
    file.into_bytes()
}

/// Comments, with the number of the packet that they belong to.
const COMMENTS: [(usize, &str); 3] = [
    (2, "out of the tunnel"),
    (13, "the request leaves"),
    (17, "no answer: the client gives up"),
];

/// Returns the packets with their interfaces, and whether they were received.
fn packets(start: u64) -> Vec<(u32, Timed, bool)> {
    let mut record = Recording::new(0x726f_7574_6572);
    let client = in_branch(5);
    let (from, to) = ((client, 52_210), (WWW, 443));
    let mut connection = Connection::new(&mut record, start, from, to, 21 * MILLISECOND);
    connection.open(&mut record);
    let random = record.noise(96);
    let hello = messages::client_hello("www.example.com", &random);
    connection.say(&mut record, By::Client, &hello);
    connection.wait(&mut record, 2 * SECOND);
    connection.reset(&mut record, By::Client);
    let mut packets = Vec::new();
    for (time, frame) in record.sorted() {
        // Frames of IPv4 without padding: the length is in the header.
        let length = usize::from(u16::from_be_bytes([frame[16], frame[17]]));
        let inner = &frame[14..14 + length];
        let by_client = inner[12..16] == packet::octets(client.ip);
        let tunneled = [words(&[0, 0x0800]), inner.to_vec()].concat();
        let (near, far): (Host, Host) = if by_client {
            (BRANCH, ROUTER)
        } else {
            (ROUTER, BRANCH)
        };
        let outer = packet::ip(&near, &far, GRE, (time / MICROSECOND) as u16, &tunneled);
        let outer = packet::frame(&near, &far, &outer);
        // A packet of the client comes out of the tunnel, and then leaves. One of the server takes the other way.
        let steps = [(WAN, outer), (TUNNEL, inner.to_vec()), (WAN, frame)];
        let delays = [0, 14 * MICROSECOND, 38 * MICROSECOND];
        let order: [usize; 3] = if by_client { [0, 1, 2] } else { [2, 1, 0] };
        for (step, delay) in order.iter().zip(delays) {
            let (interface, bytes) = &steps[*step];
            let is_inbound = (*step == 2) != by_client;
            packets.push((*interface, (time + delay, bytes.clone()), is_inbound));
        }
    }
    // The office sees nothing of it but a broadcast.
    let asking = packet::arp(1, &ROUTER, &super::host::SERVER);
    packets.push((LAN, (start + 40 * MILLISECOND, asking), false));
    packets.sort_by_key(|(_, (time, _), _)| *time);
    packets
}
