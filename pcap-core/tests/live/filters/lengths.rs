//! Programs that are too long for the kernel, at once or after a change of the direction.

use std::time::Duration;

use pcap_core::{
    Capture, Direction, Dlt, ErrorKind, Filter, FilterLocation, Insn, Next, PacketBatch,
};

use super::{datagram, frame, inject, on, rest};
use crate::support::Netns;

/// The kernel's limit.
const MOST: usize = 4096;

const RETURN: u16 = 0x06;
const LOAD_CONSTANT: u16 = 0x00;
const LOAD_BYTE: u16 = 0x30;
const LOAD_LENGTH: u16 = 0x80;
const JUMP: u16 = 0x05;
const EQUAL: u16 = 0x15;

/// Returns a program of this length that accepts all packets, or none.
fn long(length: usize, accepts: bool) -> Filter {
    let mut program = vec![Insn::new(LOAD_CONSTANT, 0, 0, 1); length - 1];
    program.push(Insn::new(RETURN, 0, 0, if accepts { u32::MAX } else { 0 }));
    Filter::from_instructions(Dlt::EN10MB, &program).unwrap()
}

fn wire() -> Option<Netns> {
    let net = Netns::new()?;
    net.veth("left", "right");
    net.sysctl("net/core/optmem_max", "1000000");
    Some(net)
}

/// For a direction, the program in the kernel gets more instructions.
#[test]
fn a_direction_can_make_a_filter_too_long() {
    let Some(_net) = wire() else { return };
    let [left, right] = [on("left"), on("right")].map(|end| end.activate().unwrap());
    let filter = long(MOST, true);
    let mut capture = on("right").filter(&filter).activate().unwrap();
    for (direction, location) in [
        (Direction::InOut, FilterLocation::Kernel),
        (Direction::In, FilterLocation::UserSpace),
        (Direction::InOut, FilterLocation::Kernel),
    ] {
        capture.set_direction(direction).unwrap();
        assert_eq!(capture.filter_location(), Some(location), "{direction:?}");
        inject(&left, (0..20).map(|n| frame(n, 60)));
        inject(&right, (0..10).map(|n| frame(n, 60)));
        let count = if direction == Direction::In { 20 } else { 30 };
        let done = capture.for_each_up_to(count, |_| ()).unwrap();
        assert_eq!(done.packets(), count, "{direction:?}");
    }
    assert_eq!(rest(&mut capture).len(), 0);
}

/// A read that rejects all packets finds none, although the buffer contained some.
#[test]
fn a_batch_is_empty_if_this_process_rejects_all() {
    let Some(_net) = wire() else { return };
    let left = on("left").activate().unwrap();
    // With the code for the direction, the kernel cannot run it.
    let options = on("right").immediate_mode(true).direction(Direction::In);
    let mut capture = options.filter(long(MOST, false)).activate().unwrap();
    assert_eq!(capture.filter_location(), Some(FilterLocation::UserSpace));
    let mut batch = PacketBatch::new();
    for _ in 0..3 {
        inject(&left, (0..30).map(|n| frame(n, 60)));
        std::thread::sleep(Duration::from_millis(20));
        let next = capture.try_read_batch(&mut batch).unwrap();
        assert_eq!((next, batch.len()), (Next::Timeout, 0));
    }
    capture.set_filter(long(MOST, true)).unwrap();
    inject(&left, [frame(7, 60)]);
    assert!(capture.read_batch(&mut batch).unwrap());
    assert_eq!(batch.get(0).unwrap().data(), frame(7, 60));
}

/// Only the kernel knows the index of the interface.
#[test]
fn a_long_filter_that_only_the_kernel_can_evaluate_is_refused() {
    let Some(_net) = wire() else { return };
    let mut capture = on("right").activate().unwrap();
    let ports: Vec<_> = (0..1500).map(|n| format!("port {}", 2 * n + 1)).collect();
    let expression = format!("ifindex 1 or {}", ports.join(" or "));
    let error = capture.set_filter(expression.as_str()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterTooLong, "{error}");
}

/// The kernel has no cooked header: it is added to the length, with a second instruction.
#[test]
fn jumps_are_translated_with_the_loads_of_a_cooked_header() {
    let Some(_net) = wire() else { return };
    let left = on("left").activate().unwrap();
    let program = |loads: u8| {
        let load = |k| Insn::new(LOAD_BYTE, 0, 0, k);
        let mut program = vec![load(16 + 12), Insn::new(EQUAL, 0, loads, 0x88)];
        program.push(Insn::new(JUMP, 0, 0, u32::from(loads)));
        program.extend((1..loads).map(|_| Insn::new(LOAD_LENGTH, 0, 0, 0)));
        program.push(Insn::new(RETURN, 0, 0, 0));
        program.push(Insn::new(RETURN, 0, 0, u32::MAX));
        Filter::from_instructions(Dlt::LINUX_SLL, &program).unwrap()
    };
    for (loads, location) in [
        (3, FilterLocation::Kernel),
        (250, FilterLocation::UserSpace),
    ] {
        let filter = program(loads);
        let options = Capture::from_device("any").timeout(Duration::from_millis(5));
        let mut capture = options.activate().unwrap();
        capture.set_filter(&filter).unwrap();
        assert_eq!(capture.filter_location(), Some(location), "{loads}");
        let mut other = datagram(1);
        other[14 + 12] = 0x87;
        let mut one = datagram(1);
        one[14 + 12] = 0x88;
        inject(&left, [one, other]);
        let packets = rest(&mut capture);
        let expected = packets
            .iter()
            .filter(|packet| filter.matches(packet.data()));
        assert_eq!(packets.len(), expected.count(), "{loads}");
        assert!(!packets.is_empty(), "{loads}");
    }
}
