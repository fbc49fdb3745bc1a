//! Filter programs: this crate accepts those that libpcap accepts, except the unsound ones, and its interpreters return
//! what `bpf_filter` returns. An input is decisions of instructions, and of packets to run them on.

use pcap_core::{Dlt, ErrorKind, Filter, Insn};

use crate::support::choices::Choices;

/// All operations of libpcap's interpreter.
const CODES: [u16; 48] = [
    0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0xb1, // loads from the packet
    0x80, 0x81, 0x00, 0x01, 0x60, 0x61, 0x02, 0x03, // length, constants, memory
    0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0x64, 0x74, 0x94, 0xa4, // arithmetic with a constant
    0x0c, 0x1c, 0x2c, 0x3c, 0x4c, 0x5c, 0x6c, 0x7c, 0x9c, 0xac, // and with the register
    0x84, 0x05, 0x15, 0x25, 0x35, 0x45, 0x1d, 0x2d, 0x3d, 0x4d, // negation, jumps
    0x06, 0x16, 0x07, // returns, tax
];

/// `txa`.
const TXA: u16 = 0x87;

/// Checks an input.
pub fn check(input: &[u8]) {
    let mut choices = Choices(input);
    let program = program(&mut choices);
    let theirs = accepted_by_libpcap(&program);
    let filter = match Filter::from_instructions(Dlt::EN10MB, &program) {
        Ok(filter) => filter,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::FilterInvalid);
            let excuse = excuse(&program);
            assert!(!theirs || excuse.is_some(), "{error}: {program:?}");
            return;
        }
    };
    assert!(theirs, "libpcap rejects {program:?}");
    assert_eq!(excuse(&program), None, "{program:?}");
    assert_eq!(filter.instructions(), program);
    // A filter combined with itself, and one negated twice, accept the same packets.
    let combined = [
        filter.and(&filter).unwrap(),
        filter.or(&filter).unwrap(),
        filter.negate().negate(),
    ];
    for _ in 0..4 {
        let packet = packet(&mut choices);
        let wire_len = (packet.len() as u32).saturating_add(choices.u32());
        let expected = run_by_libpcap(&program, &packet, wire_len);
        let ours = filter.run(&packet, wire_len);
        assert_eq!(ours, expected, "{filter}\n{packet:02x?}, {wire_len}");
        for combined in &combined {
            let ours = combined.run(&packet, wire_len) != 0;
            assert_eq!(
                ours,
                expected != 0,
                "{combined}\nof {filter}\n{packet:02x?}, {wire_len}"
            );
        }
    }
}

/// Returns the instructions that an input decides on, most of which are sound.
fn program(choices: &mut Choices<'_>) -> Vec<Insn> {
    let length = match choices.byte() {
        // Too many, or more than a conditional jump skips.
        0xff => 4000 + choices.byte() as usize,
        0xfe => 250 + choices.below(20),
        length => length as usize % 40,
    };
    // Stores, because few programs with memory would be sound otherwise.
    let stores = choices.below(17).min(length);
    let mut program: Vec<Insn> = (0..stores as u32)
        .map(|cell| Insn::new(0x02, 0, 0, cell))
        .collect();
    while program.len() < length {
        if choices.is_empty() {
            program.push(Insn::new(0x06, 0, 0, 1));
            continue;
        }
        let code = match choices.below(CODES.len() + 2) {
            48 => TXA,
            49 => u16::from(choices.byte()) | u16::from(choices.byte()) << 8,
            code => CODES[code],
        };
        let k = match choices.below(8) {
            0 => choices.u32(),
            1 => u32::MAX - u32::from(choices.byte()),
            2 => 1 << choices.below(32),
            3 => 0x7fff_ff80 + u32::from(choices.byte()),
            _ => choices.below(20) as u32,
        };
        let (jt, jf) = match code & 0x07 {
            0x05 => (choices.byte(), choices.byte()),
            _ => (0, 0),
        };
        let near = |jump: u8| if jump < 0xf0 { jump % 6 } else { jump };
        program.push(Insn::new(code, near(jt), near(jf), k));
    }
    if choices.below(8) > 0 {
        let accepts = choices.is_so();
        program.push(match accepts {
            true => Insn::new(0x16, 0, 0, 0),
            false => Insn::new(0x06, 0, 0, 262_144),
        });
    }
    program
}

/// Returns a packet, most of which have numbers in them that programs compare.
fn packet(choices: &mut Choices<'_>) -> Vec<u8> {
    let length = choices.below(80);
    (0..length)
        .map(|n| {
            if choices.is_empty() {
                n as u8
            } else {
                choices.byte()
            }
        })
        .collect()
}

fn accepted_by_libpcap(program: &[Insn]) -> bool {
    let length = program.len() as i32;
    // SAFETY: that many instructions with libpcap's layout, which are only read.
    unsafe { pcap_sys::bpf_validate(program.as_ptr().cast(), length) != 0 }
}

fn run_by_libpcap(program: &[Insn], packet: &[u8], wire_len: u32) -> u32 {
    let length = packet.len() as u32;
    // SAFETY: libpcap and this crate accepted the program, and the packet has that many bytes.
    unsafe { pcap_sys::bpf_filter(program.as_ptr().cast(), packet.as_ptr(), wire_len, length) }
}

/// Returns why this crate rejects a program that libpcap may accept: the documented faults that `bpf_validate` does not
/// notice in all versions.
fn excuse(program: &[Insn]) -> Option<&'static str> {
    if program.len() > 4096 {
        return Some("too long");
    }
    // The cells that are stored on every path to an instruction, if there is one.
    let mut stored = vec![None; program.len() + 1];
    *stored.first_mut()? = Some(0_u32);
    for (at, insn) in program.iter().enumerate() {
        let Insn { code, jt, jf, k } = *insn;
        if !CODES.contains(&code) && code != TXA {
            return Some("no such operation");
        }
        if [0x64, 0x74].contains(&code) && k > 31 {
            return Some("shifts too far");
        }
        if [0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0xb1].contains(&code) && k > i32::MAX as u32 {
            return Some("kernel extension");
        }
        if code == 0x05 && k > i32::MAX as u32 {
            return Some("jumps backward");
        }
        let Some(before) = stored[at] else { continue };
        let cell = 1_u32.checked_shl(k).unwrap_or(0);
        if [0x60, 0x61].contains(&code) && before & cell == 0 {
            return Some("loads what was not stored");
        }
        let after = if code & 0x06 == 0x02 {
            before | cell
        } else {
            before
        };
        let next = match code & 0x07 {
            0x06 => [None, None],
            0x05 if code & 0xf0 == 0 => [Some(k), None],
            0x05 => [Some(jt.into()), Some(jf.into())],
            _ => [Some(0), None],
        };
        for skip in next.into_iter().flatten() {
            if let Some(there) = stored.get_mut((at + 1).saturating_add(skip as usize)) {
                *there = Some(there.map_or(after, |there| there & after));
            }
        }
    }
    None
}
