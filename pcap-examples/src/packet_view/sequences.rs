//! Makes TCP sequence numbers relative to the first ones of their connection.

use std::collections::HashMap;
use std::net::SocketAddr;

/// The number of connections after which those without packets since are forgotten.
const MAX_CONNECTIONS: usize = 1 << 16;

const SYN: u16 = 0x02;
const ACK: u16 = 0x10;

/// The first sequence numbers of connections, in the direction of their first packet and in the other one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequences {
    /// The connections with packets since the last change of generations.
    recent: HashMap<Ends, (u32, u32)>,
    /// Those without.
    older: HashMap<Ends, (u32, u32)>,
}

/// Both ends of a connection, the smaller one first.
type Ends = (SocketAddr, SocketAddr);

impl Sequences {
    /// Returns the sequence number and the acknowledgment number relative to the connection, as tcpdump does: those of
    /// its first packet with an acknowledgment remain as they are.
    pub(crate) fn relative(
        &mut self,
        (source, destination): Ends,
        flags: u16,
        (sequence, acknowledged): (u32, u32),
    ) -> (u32, u32) {
        if flags & ACK == 0 {
            return (sequence, acknowledged);
        }
        let is_reversed = (source.port(), source) > (destination.port(), destination);
        let (ends, numbers) = match is_reversed {
            true => (
                (destination, source),
                (acknowledged.wrapping_sub(1), sequence),
            ),
            false => (
                (source, destination),
                (sequence, acknowledged.wrapping_sub(1)),
            ),
        };
        match self.first_numbers(&ends) {
            Some((first, other)) if flags & SYN == 0 => match is_reversed {
                true => (
                    sequence.wrapping_sub(other),
                    acknowledged.wrapping_sub(first),
                ),
                false => (
                    sequence.wrapping_sub(first),
                    acknowledged.wrapping_sub(other),
                ),
            },
            _ => {
                self.add(ends, numbers);
                (sequence, acknowledged)
            }
        }
    }

    fn first_numbers(&mut self, ends: &Ends) -> Option<(u32, u32)> {
        if let Some(&numbers) = self.recent.get(ends) {
            return Some(numbers);
        }
        let numbers = self.older.remove(ends)?;
        self.add(*ends, numbers);
        Some(numbers)
    }

    fn add(&mut self, ends: Ends, numbers: (u32, u32)) {
        if self.recent.len() >= MAX_CONNECTIONS {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(ends, numbers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_relative_in_both_directions() {
        let ends: Ends = (
            "192.0.2.1:4000".parse().unwrap(),
            "192.0.2.2:80".parse().unwrap(),
        );
        let back = (ends.1, ends.0);
        let mut sequences = Sequences::default();
        assert_eq!(sequences.relative(ends, SYN, (u32::MAX, 0)), (u32::MAX, 0));
        assert_eq!(sequences.relative(back, SYN | ACK, (500, 0)), (500, 0));
        assert_eq!(sequences.relative(ends, ACK, (0, 501)), (1, 1));
        assert_eq!(sequences.relative(back, ACK, (501, 10)), (1, 11));
        // A new connection with the same ports.
        assert_eq!(
            sequences.relative(back, SYN | ACK, (9000, 8001)),
            (9000, 8001)
        );
        assert_eq!(sequences.relative(ends, ACK, (8001, 9001)), (1, 1));
    }

    #[test]
    fn old_connections_are_forgotten() {
        let mut sequences = Sequences::default();
        let ends = |n: usize| -> Ends {
            let address = std::net::Ipv4Addr::from(n as u32);
            ((address, 1).into(), (address, 2).into())
        };
        for n in 0..2 * MAX_CONNECTIONS + 10 {
            sequences.relative(ends(n), ACK, (7, 7));
            assert_eq!(sequences.relative(ends(0), ACK, (8, 8)), (1, 2));
        }
        let kept = sequences.recent.len() + sequences.older.len();
        assert!(kept <= 2 * MAX_CONNECTIONS, "{kept}");
    }
}
