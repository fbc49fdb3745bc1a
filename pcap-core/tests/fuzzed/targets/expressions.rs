//! Filter expressions: this crate compiles those that libpcap compiles, to the same program. An input is a byte each for
//! the link type and the options, and then numbers of words, or a text.
//!
//! No word is resolved by DNS: what is neither a number nor one of the known words is replaced.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::sync::LazyLock;

use pcap_core::{CompileOptions, Dlt, ErrorKind, Filter, Insn};

use crate::support::words::{WORDS, expressions};

const DLTS: [Dlt; 16] = [
    Dlt::EN10MB,
    Dlt::RAW,
    Dlt::NULL,
    Dlt::PPP,
    Dlt::LINUX_SLL,
    Dlt::LINUX_SLL2,
    Dlt::IEEE802_11,
    Dlt::IEEE802_11_RADIO,
    Dlt::MTP2,
    Dlt::SUNATM,
    Dlt::PFLOG,
    Dlt::FDDI,
    Dlt::IEEE802,
    Dlt::IPV4,
    Dlt::IPV6,
    Dlt::new(300),
];

/// The words of the language, and complete expressions.
static VOCABULARY: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let words = WORDS.split_whitespace();
    words.chain(expressions()).collect()
});

/// Checks an input.
pub fn check(input: &[u8]) {
    let (Some(dlt), Some(how)) = (input.first(), input.get(1)) else {
        return;
    };
    let dlt = DLTS[usize::from(*dlt) % DLTS.len()];
    let expression = match how & 1 {
        0 => by_numbers(&input[2..]),
        _ => tame(&String::from_utf8_lossy(&input[2..input.len().min(400)])),
    };
    let (optimize, snaplen) = (how & 2 == 0, if how & 4 == 0 { 262_144 } else { 96 });
    let options = CompileOptions::new().optimize(optimize).snaplen(snaplen);
    let ours = options.compile(dlt, &expression);
    let kind = ours.as_ref().err().map(pcap_core::Error::kind);
    if expression.contains('\0') {
        assert_eq!(kind, Some(ErrorKind::InvalidArgument));
        return;
    }
    match kind {
        // libpcap may take very long.
        Some(ErrorKind::FilterTooLong) => return,
        None | Some(ErrorKind::FilterSyntax) => {}
        Some(_) => panic!("{:?}", ours.err()),
    }
    match (ours, by_libpcap(dlt, snaplen, &expression, optimize)) {
        (Ok(filter), Ok(program)) => {
            // This crate does not use a program of libpcap's optimizer that lacks a load, nor one that overwrites a
            // memory cell that it loads later.
            if filter.instructions() != program && !program.iter().any(stores) {
                let program = by_libpcap(dlt, snaplen, &expression, false).unwrap();
                assert_eq!(filter.instructions(), program, "{dlt} {expression}");
            }
            runs(&filter);
        }
        (Err(_), Err(_)) => {}
        (ours, theirs) => panic!("{dlt} {expression}\n   ours: {ours:?}\nlibpcap: {theirs:?}"),
    }
}

/// Returns whether an instruction stores to a memory cell.
fn stores(insn: &Insn) -> bool {
    matches!(insn.code, 0x02 | 0x03)
}

/// Runs a filter on some packets, of which one is empty.
fn runs(filter: &Filter) {
    let packet: Vec<u8> = (0..120).map(|n: u8| n.wrapping_mul(37)).collect();
    for length in [0, 1, 20, 60, packet.len()] {
        let packet = &packet[..length];
        let accepted = filter.matches(packet);
        assert!(!accepted || !filter.negate().matches(packet));
    }
}

/// The maximum number of words: this crate compiles long expressions in parts.
const LONGEST: usize = 24;

/// Returns the words with these numbers.
fn by_numbers(numbers: &[u8]) -> String {
    let words = numbers.chunks(2).take(LONGEST).map(|number| {
        let number = number
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        VOCABULARY[number % VOCABULARY.len()]
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Replaces each word that libpcap might look up.
fn tame(text: &str) -> String {
    let part_of_word = |c: char| c.is_alphanumeric() || "._-:/\\\"$".contains(c) || !c.is_ascii();
    let mut tame = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if !part_of_word(first) {
            tame.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let end = rest.find(|c| !part_of_word(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        rest = &rest[end..];
        let number = word.bytes().all(|byte| byte.is_ascii_digit())
            || word
                .strip_prefix("0x")
                .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let known = number || VOCABULARY.contains(&word);
        tame.push_str(if known { word } else { "ip" });
    }
    tame
}

/// Compiles an expression as in C.
fn by_libpcap(
    dlt: Dlt,
    snaplen: u32,
    expression: &str,
    optimize: bool,
) -> Result<Vec<Insn>, String> {
    let expression = CString::new(expression).unwrap();
    // SAFETY: any numbers are permitted.
    let pcap = unsafe { pcap_sys::pcap_open_dead(dlt.into(), snaplen as i32) };
    assert!(!pcap.is_null());
    let mut program = MaybeUninit::uninit();
    let to = program.as_mut_ptr();
    let unknown = pcap_sys::PCAP_NETMASK_UNKNOWN as _;
    // SAFETY: the handle is open, the program a local variable, the text a C string.
    let status =
        unsafe { pcap_sys::pcap_compile(pcap, to, expression.as_ptr(), optimize.into(), unknown) };
    let result = if status == 0 {
        // SAFETY: it was compiled.
        let compiled: pcap_sys::bpf_program = unsafe { program.assume_init() };
        // SAFETY: that many instructions, in the layout of this crate's.
        let instructions = unsafe {
            std::slice::from_raw_parts(compiled.bf_insns.cast::<Insn>(), compiled.bf_len as usize)
        };
        let copy = instructions.to_vec();
        // SAFETY: compiled, and freed once.
        unsafe { pcap_sys::pcap_freecode(to) };
        Ok(copy)
    } else {
        // SAFETY: the handle is open.
        let text = unsafe { pcap_sys::pcap_geterr(pcap) };
        // SAFETY: a C string in the handle.
        Err(unsafe { CStr::from_ptr(text) }
            .to_string_lossy()
            .into_owned())
    };
    // SAFETY: the handle is open, and closed once.
    unsafe { pcap_sys::pcap_close(pcap) };
    result
}
