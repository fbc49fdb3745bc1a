//! Serialized data: what is accepted is sound, and is the same after it was serialized again. An input is a byte that
//! selects a type, and then JSON.

use std::fmt::Debug;

use pcap_core::{
    CompileOptions, Dlt, Endpoint, Filter, FilterTerm, Insn, Linktype, MacAddr, PacketHeader,
    PacketOwned, Precision, Stats, Timestamp,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Checks an input.
pub fn check(input: &[u8]) {
    let Some((kind, json)) = input.split_first() else {
        return;
    };
    match kind % 16 {
        0 => same::<CompileOptions>(json),
        1 => same::<Dlt>(json),
        2 => same::<Endpoint>(json),
        3 => same::<FilterTerm>(json),
        4 => same::<Insn>(json),
        5 => same::<Linktype>(json),
        6 => same::<MacAddr>(json),
        7 => same::<PacketHeader>(json),
        8 => {
            same::<PacketOwned>(json);
            if let Ok(packet) = serde_json::from_slice::<PacketOwned>(json) {
                assert_eq!(packet.data().len(), packet.caplen() as usize);
            }
        }
        9 => same::<Precision>(json),
        10 => same::<Stats>(json),
        11 => {
            same::<Timestamp>(json);
            if let Ok(time) = serde_json::from_slice::<Timestamp>(json) {
                assert!(time.subsec_nanos() < 1_000_000_000);
            }
        }
        _ => filter(json),
    }
}

fn same<T: DeserializeOwned + Serialize + PartialEq + Debug>(json: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<T>(json) {
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
    }
}

/// Checks that a filter ends and is the same again. Its instructions come from a stranger.
fn filter(json: &[u8]) {
    let Ok(filter) = serde_json::from_slice::<Filter>(json) else {
        return;
    };
    let text = serde_json::to_string(&filter).unwrap();
    let again: Filter = serde_json::from_str(&text).unwrap();
    assert_eq!(again.instructions(), filter.instructions(), "{text}");
    assert_eq!(again.expression(), filter.expression(), "{text}");
    assert_eq!(again.options(), filter.options(), "{text}");
    assert_eq!(again.datalink(), filter.datalink(), "{text}");
    assert_eq!(again.runs_on_bytes(), filter.runs_on_bytes(), "{text}");
    for length in [0, 14, 60, 200] {
        let packet: Vec<u8> = (0..length).map(|n| (n as u8).wrapping_mul(31)).collect();
        let result = filter.run(&packet, 1000);
        assert_eq!(again.run(&packet, 1000), result, "{text}");
        if filter.expression().is_none() {
            assert_eq!(
                run_by_libpcap(filter.instructions(), &packet),
                result,
                "{text}"
            );
        }
    }
}

fn run_by_libpcap(program: &[Insn], packet: &[u8]) -> u32 {
    let length = packet.len() as u32;
    // SAFETY: a filter without an expression passed the complete check, and the packet has that many bytes.
    unsafe { pcap_sys::bpf_filter(program.as_ptr().cast(), packet.as_ptr(), 1000, length) }
}
