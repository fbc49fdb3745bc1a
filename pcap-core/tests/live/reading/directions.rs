//! Captures of one direction.

use pcap_core::{Capture, Direction};

use super::drain;
use crate::support::wire::send;
use crate::support::wire::wire;

// Shows: parity/inactive-handle-snaplen, parity/direction-out-both
#[test]
fn directions_are_told_apart() {
    let Some((_net, left, _right)) = wire() else {
        return;
    };
    let mut captures = [Direction::In, Direction::Out, Direction::InOut].map(|direction| {
        let capture = Capture::from_device("right").direction(direction);
        capture.activate().unwrap()
    });
    let sender = Capture::from_device("right").activate().unwrap();
    send(&left, 0..1);
    send(&sender, 1..2);
    assert_eq!(drain(&mut captures[0]), [0]);
    assert_eq!(drain(&mut captures[1]), [1]);
    assert_eq!(drain(&mut captures[2]), [0, 1]);
}

// Shows: parity/direction-out-both
#[test]
fn a_direction_is_changed_while_capturing() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let sender = Capture::from_device("right").activate().unwrap();
    let mut next = 0..;
    for (direction, seen) in [
        (Direction::In, [true, false]),
        (Direction::Out, [false, true]),
        (Direction::InOut, [true, true]),
        (Direction::In, [true, false]),
    ] {
        right.set_direction(direction).unwrap();
        let numbers: Vec<u32> = next.by_ref().take(2).collect();
        send(&left, numbers[0]..numbers[0] + 1);
        send(&sender, numbers[1]..numbers[1] + 1);
        let expected = numbers.iter().zip(seen).filter(|(_, seen)| *seen);
        let expected: Vec<u32> = expected.map(|(number, _)| *number).collect();
        assert_eq!(drain(&mut right), expected, "{direction:?}");
    }
}
