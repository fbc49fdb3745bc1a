//! Printed programs: what is parsed has the numbers of the text, and is printed so that it is parsed again. An input is a
//! text.

use pcap_core::{Dlt, ErrorKind, Filter, Insn};

/// Checks an input.
pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(insn) = text.parse::<Insn>() {
        assert_eq!(insn.to_string().parse::<Insn>().unwrap(), insn);
    }
    let filter = match Filter::from_listing(Dlt::EN10MB, &text) {
        Ok(filter) => filter,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::FilterInvalid);
            assert!(error.to_string().len() < 4000);
            return;
        }
    };
    let program = filter.instructions();
    let mut expected: Vec<u32> = program
        .iter()
        .flat_map(|insn| [insn.code.into(), insn.jt.into(), insn.jf.into(), insn.k])
        .collect();
    if !text.trim_start().starts_with('{') {
        expected.insert(0, program.len() as u32);
    }
    assert_eq!(numbers(&text), expected, "{text}");
    for form in [
        filter.to_c_listing(),
        filter.to_decimal_listing(),
        filter.to_bytecode(),
    ] {
        let again = Filter::from_listing(Dlt::EN10MB, &form).unwrap();
        assert_eq!(again.instructions(), program, "{form}");
    }
    assert_eq!(filter.to_string().lines().count(), program.len());
}

/// Returns all numbers in a text, in decimal, or in hexadecimal after `0x`.
fn numbers(text: &str) -> Vec<u32> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words
        .map(|word| match word.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).unwrap(),
            None => word.parse().unwrap(),
        })
        .collect()
}
