//! Interfaces as an input says.

use std::net::{Ipv4Addr, Ipv6Addr};

use pcap_core::pcapng::{Interface, Resolution};
use pcap_core::{Linktype, MacAddr};

use super::super::choices::Choices;
use super::super::ng::{Idb, Opt, Order, Value, code, idb};

/// Returns an interface, and what the generator must write of it.
pub(super) fn interface(choices: &mut Choices<'_>) -> (Interface, Idb) {
    let linktype = choices.pick(&[1, 0, 101, 147, 65_535]);
    let snaplen = choices.pick(&[0, 5, 64, 262_144, u32::MAX]);
    let mut interface = Interface::new(Linktype::new(linktype.into())).with_snaplen(snaplen);
    let mut model = idb(linktype).snaplen(snaplen).opt(Opt::tsresol(9));
    let mut kinds: Vec<usize> = (0..20).collect();
    for _ in 0..choices.below(10) {
        let kind = kinds.swap_remove(choices.below(kinds.len()));
        let text = choices.text();
        let number = choices.u64();
        let bytes = number.to_be_bytes();
        let option;
        (interface, option) = match kind {
            0 => (interface.with_name(&text), Opt::bytes(code::IF_NAME, text)),
            1 => (
                interface.with_description(&text),
                Opt::bytes(code::IF_DESCRIPTION, text),
            ),
            2 => {
                let [a, b, c, d, e, f, g, h] = bytes;
                let (address, mask) = (Ipv4Addr::new(a, b, c, d), Ipv4Addr::new(e, f, g, h));
                (
                    interface.with_ipv4(address, mask),
                    Opt::bytes(code::IF_IPV4, bytes),
                )
            }
            3 => {
                let address = Ipv6Addr::from(u128::from(number) << 60);
                let value = [&address.octets()[..], &bytes[7..]].concat();
                (
                    interface.with_ipv6(address, bytes[7]),
                    Opt::bytes(code::IF_IPV6, value),
                )
            }
            4 => {
                let [mac @ .., _, _] = bytes;
                (
                    interface.with_mac_addr(MacAddr::new(mac)),
                    Opt::bytes(code::IF_MAC, mac),
                )
            }
            5 => (
                interface.with_eui_addr(bytes),
                Opt::bytes(code::IF_EUI, bytes),
            ),
            6 => (
                interface.with_speed(number),
                Opt::u64(code::IF_SPEED, number),
            ),
            7 => {
                let binary = number % 64;
                let value = if number & 64 == 0 {
                    number % 20
                } else {
                    0x80 | binary
                } as u8;
                model.options[0] = Opt::tsresol(value);
                interface = interface.with_resolution(Resolution::from_value(value));
                continue;
            }
            8 => (interface.with_filter(&text), Opt::filter(&text)),
            9 => (interface.with_os(&text), Opt::bytes(code::IF_OS, text)),
            10 => {
                let length = Opt::new(code::IF_FCSLEN, Value::U8(bytes[7]));
                (interface.with_fcs_len(bytes[7]), length)
            }
            11 => {
                let offset = (number as i64) >> (bytes[7] % 64);
                (interface.with_time_offset(offset), Opt::tsoffset(offset))
            }
            12 => (
                interface.with_hardware(&text),
                Opt::bytes(code::IF_HARDWARE, text),
            ),
            13 => (
                interface.with_tx_speed(number),
                Opt::u64(code::IF_TXSPEED, number),
            ),
            14 => (
                interface.with_rx_speed(number),
                Opt::u64(code::IF_RXSPEED, number),
            ),
            15 => (
                interface.with_iana_time_zone(&text),
                Opt::bytes(code::IF_IANA_TZNAME, text),
            ),
            16 | 17 => (interface.with_comment(&text), Opt::comment(text)),
            // In the byte order of this machine, and converted when it is written.
            18 => native(
                interface,
                Opt::custom(
                    code::CUSTOM[bytes[7] as usize % 4],
                    number as u32,
                    text.as_bytes(),
                ),
            ),
            _ => native(
                interface,
                Opt::new(code::IF_TZONE, Value::U32(number as u32)),
            ),
        };
        model = model.opt(option);
    }
    if choices.below(8) == 1 && kinds.contains(&8) {
        let program = (0..choices.below(4)).map(|n| (0x28 + n as u16, n as u8, 1, choices.u32()));
        let option = Opt::new(code::IF_FILTER, Value::Program(program.collect()));
        model = model.opt(option.clone());
        interface = native(interface, option).0;
    }
    (interface, model)
}

fn native(interface: Interface, option: Opt) -> (Interface, Opt) {
    let value = option.value.bytes(Order::NATIVE);
    (interface.with_option(option.code, &value), option)
}
