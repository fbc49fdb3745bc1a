//! Formats numbers as decimal digits, fast enough for several numbers per packet.

use pcap_core::Timestamp;

/// Appends a number.
pub fn push(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a time as seconds since 1970, with nine decimals.
pub fn push_time(out: &mut Vec<u8>, time: Timestamp) {
    let Ok(secs) = u64::try_from(time.secs()) else {
        return out.extend(time.to_string().bytes());
    };
    push(out, secs);
    // The first digit keeps the zeros after it, and gives way to the point.
    let at = out.len();
    push(out, 1_000_000_000 + u64::from(time.subsec_nanos()));
    out[at] = b'.';
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_those_of_the_standard_library() {
        for number in [0, 9, 10, 12_345, u64::MAX] {
            let mut out = Vec::new();
            push(&mut out, number);
            assert_eq!(out, number.to_string().as_bytes());
        }
        for (secs, nanos) in [(0, 0), (1, 5), (1_700_000_000, 999_999_999), (-5, 3)] {
            let (mut out, time) = (Vec::new(), Timestamp::new(secs, nanos));
            push_time(&mut out, time);
            assert_eq!(out, time.to_string().as_bytes());
        }
    }
}
