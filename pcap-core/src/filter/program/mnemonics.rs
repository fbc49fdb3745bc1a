//! Parses programs for tests, in the notation of `tcpdump -d`. Jumps have relative targets: the numbers of instructions
//! that they skip, as in `jeq #0x800, 0, 3`.

use super::insn::{Insn, op};

/// Returns the instructions of a text, which are separated by semicolons and newlines.
pub(crate) fn program(text: &str) -> Vec<Insn> {
    let lines = text.split([';', '\n']).map(str::trim);
    let insn = |line: &str| insn(line).unwrap_or_else(|| panic!("expected an instruction: {line}"));
    lines.filter(|line| !line.is_empty()).map(insn).collect()
}

fn insn(line: &str) -> Option<Insn> {
    let (name, operand) = line.split_once(' ').unwrap_or((line, ""));
    let mut operands = operand.split(',').map(str::trim);
    let first = operands.next()?;
    let (code, k) = match name {
        "ld" => load(op::LD | op::W, first)?,
        "ldh" => load(op::LD | op::H, first)?,
        "ldb" => load(op::LD | op::B, first)?,
        "ldx" => load(op::LDX | op::W, first)?,
        "ldxb" => {
            let at = first.strip_prefix("4*([")?.strip_suffix("]&0xf)")?;
            (op::LDX | op::B | op::MSH, number(at)?)
        }
        "st" => (op::ST, cell(first)?),
        "stx" => (op::STX, cell(first)?),
        "tax" => (op::MISC | op::TAX, 0),
        "txa" => (op::MISC | op::TXA, 0),
        "neg" => (op::ALU | op::NEG, 0),
        "ret" if first == "a" => (op::RET | op::A, 0),
        "ret" => (op::RET, constant(first)?),
        "ja" => (op::JMP | op::JA, number(first)?),
        "jeq" => with_operand(op::JMP | op::JEQ, first)?,
        "jgt" => with_operand(op::JMP | op::JGT, first)?,
        "jge" => with_operand(op::JMP | op::JGE, first)?,
        "jset" => with_operand(op::JMP | op::JSET, first)?,
        "add" => with_operand(op::ALU | op::ADD, first)?,
        "sub" => with_operand(op::ALU | op::SUB, first)?,
        "mul" => with_operand(op::ALU | op::MUL, first)?,
        "div" => with_operand(op::ALU | op::DIV, first)?,
        "mod" => with_operand(op::ALU | op::MOD, first)?,
        "and" => with_operand(op::ALU | op::AND, first)?,
        "or" => with_operand(op::ALU | op::OR, first)?,
        "xor" => with_operand(op::ALU | op::XOR, first)?,
        "lsh" => with_operand(op::ALU | op::LSH, first)?,
        "rsh" => with_operand(op::ALU | op::RSH, first)?,
        _ => return None,
    };
    let mut skip = || operands.next().map_or(Some(0), |skip| skip.parse().ok());
    Some(Insn::new(code, skip()?, skip()?, k))
}

fn load(code: u16, operand: &str) -> Option<(u16, u32)> {
    let place = operand
        .strip_prefix('[')
        .and_then(|at| at.strip_suffix(']'));
    Some(match place.map(|place| place.split_once("x + ")) {
        Some(Some((_, at))) => (code | op::IND, number(at)?),
        Some(None) => (code | op::ABS, number(place?)?),
        None if operand == "len" => (code | op::LEN, 0),
        None if operand.starts_with('M') => (code | op::MEM, cell(operand)?),
        None => (code | op::IMM, constant(operand)?),
    })
}

fn with_operand(code: u16, operand: &str) -> Option<(u16, u32)> {
    match operand {
        "x" => Some((code | op::X, 0)),
        _ => Some((code | op::K, constant(operand)?)),
    }
}

fn cell(text: &str) -> Option<u32> {
    number(text.strip_prefix("M[")?.strip_suffix(']')?)
}

fn constant(text: &str) -> Option<u32> {
    number(text.strip_prefix('#')?)
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
