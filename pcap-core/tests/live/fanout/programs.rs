//! Filters and programs that choose the member.

use pcap_core::os::linux::Fanout;
use pcap_core::{CompileOptions, Dlt, ErrorKind, Filter, Insn};

use super::{FLOWS, large, lengths, load, packet_sockets_become, spread_over, wire};
use crate::support::Netns;

/// Both ends of the veth pair see the same packets; the kernel keeps the link-layer header of those that are sent.
#[test]
fn a_filter_chooses_by_network_header() {
    let options = CompileOptions::new().snaplen(1);
    let to_53 = options.compile(Dlt::RAW, "udp dst port 53").unwrap();
    for device in ["right", "left"] {
        let fanout = Fanout::by_filter(&to_53).unwrap();
        let Some((received, _)) = spread_over(device, fanout, 2, 20_000) else {
            return;
        };
        let there = |n: &u32| n / FLOWS % 2 == 0;
        assert!(received[0].iter().all(|n| !there(n)), "{device}");
        assert!(received[1].iter().all(there), "{device}");
    }
}

#[test]
fn a_program_returns_the_number_of_the_member() {
    // The last byte of the destination address: the flow's number in one direction, a constant in the other.
    let program = [Insn::new(0x30, 0, 0, 19), Insn::new(0x16, 0, 0, 0)];
    let filter = Filter::from_instructions(Dlt::RAW, &program).unwrap();
    let Some((received, _)) = spread_over("right", Fanout::by_filter(&filter).unwrap(), 4, 20_000)
    else {
        return;
    };
    for (member, numbers) in received.iter().enumerate() {
        let member = member as u32;
        let chosen = |n: &u32| match n / FLOWS % 2 {
            0 => n % FLOWS % 4,
            _ => 1,
        };
        assert!(numbers.iter().all(|n| chosen(n) == member));
    }
}

#[test]
fn a_filter_that_cannot_choose_is_refused() {
    let filter = |dlt, text| Filter::compile(dlt, text).unwrap();
    let error = Fanout::by_filter(&filter(Dlt::EN10MB, "udp")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("RAW"), "{error}");
    let error = Fanout::by_filter(&filter(Dlt::RAW, "ip6 protochain 17")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    // The kernel maps special values to these offsets: the first is the protocol.
    for place in [0x000f_f000, 0x000f_ffff, 1 << 20] {
        let beyond = [Insn::new(0x20, 0, 0, place), Insn::new(0x16, 0, 0, 0)];
        let beyond = Filter::from_instructions(Dlt::RAW, &beyond).unwrap();
        let error = Fanout::by_filter(&beyond).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
    let last = [Insn::new(0x20, 0, 0, 0x000f_efff), Insn::new(0x16, 0, 0, 0)];
    let last = Filter::from_instructions(Dlt::RAW, &last).unwrap();
    assert!(Fanout::by_filter(&last).is_ok());
}

#[test]
fn a_program_of_ebpf_chooses_the_member() {
    // r0 = 2; exit
    let two = [[0xb7, 0, 0, 0, 2, 0, 0, 0], [0x95, 0, 0, 0, 0, 0, 0, 0]];
    let Some(_net) = Netns::new() else { return };
    let program = load(&two).unwrap();
    let (received, _) = spread_over("right", Fanout::by_ebpf(program), 3, 1000).unwrap();
    assert_eq!(lengths(&received), [0, 0, 1000]);

    // A file descriptor that is not a program.
    let (_net, _left) = wire().unwrap();
    let file = std::fs::File::open("/dev/null").unwrap();
    let error = Fanout::by_ebpf(file)
        .activate(&large("right"), 2)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterInvalid);
    packet_sockets_become(1);
}
