//! Anonymizes MAC addresses.

use std::collections::HashMap;

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use pcap_core::MacAddr;

use super::anonymization_key::AnonymizationKey;

/// The number of rounds of the Feistel network. Four would do.
const ROUNDS: u8 = 8;
/// The maximum number of addresses to remember.
const MAX_REMEMBERED: usize = 1 << 20;
/// The bit of group addresses, and that of locally administered ones, in the first byte.
const GROUP: u8 = 1;
const LOCAL: u8 = 2;

/// Anonymizes MAC addresses with a keyed permutation. Group addresses stay group addresses. The broadcast address and
/// the one of zeros stay the same.
pub(super) struct MacAnonymizer {
    cipher: Aes128,
    /// Whether the first three bytes, which name the manufacturer, stay the same. Otherwise addresses become locally
    /// administered ones.
    keeps_oui: bool,
    remembered: HashMap<MacAddr, MacAddr>,
}

impl MacAnonymizer {
    pub(super) fn new(key: &AnonymizationKey, keeps_oui: bool) -> MacAnonymizer {
        // Crypto-PAn uses this half only as a plaintext.
        let (_, half) = key.halves();
        MacAnonymizer {
            cipher: Aes128::new(&Array(half)),
            keeps_oui,
            remembered: HashMap::new(),
        }
    }

    /// Returns the anonymized address.
    pub(super) fn anonymize(&mut self, mac: MacAddr) -> MacAddr {
        if mac == MacAddr::BROADCAST || mac == MacAddr::ZERO {
            return mac;
        }
        if let Some(&known) = self.remembered.get(&mac) {
            return known;
        }
        let [a, b, c, d, e, f] = mac.octets();
        let anonymized = if self.keeps_oui {
            let bits = u64::from(u32::from_be_bytes([0, d, e, f]));
            let [.., d, e, f] = self.permute(bits, 12, [a, b, c]).to_be_bytes();
            [a, b, c, d, e, f]
        } else {
            let kind = a & (GROUP | LOCAL);
            let bits = u64::from_be_bytes([0, 0, a >> 2, b, c, d, e, f]);
            let bits = self.permute(bits, 23, [kind, 0, 0]);
            let [_, _, a, b, c, d, e, f] = bits.to_be_bytes();
            [a << 2 | kind | LOCAL, b, c, d, e, f]
        };
        if self.remembered.len() >= MAX_REMEMBERED {
            self.remembered.clear();
        }
        let anonymized = MacAddr::new(anonymized);
        self.remembered.insert(mac, anonymized);
        anonymized
    }

    /// Returns the anonymized address of a link layer whose addresses have another length. Addresses of zeros stay the
    /// same. Longer addresses than any link layer has become zeros.
    pub(super) fn anonymize_other(&self, address: &[u8]) -> Vec<u8> {
        const LONGEST: usize = 32;
        let mut bytes = address.to_vec();
        if bytes.len() > LONGEST {
            bytes.fill(0);
        }
        if bytes.iter().all(|&byte| byte == 0) {
            return bytes;
        }
        if let [only] = bytes[..] {
            // A permutation of a byte.
            return vec![only ^ self.mask(0, 1, &[])[0]];
        }
        let middle = bytes.len() / 2;
        for round in 0..ROUNDS {
            let (left, right) = bytes.split_at_mut(middle);
            let (changed, other) = match round % 2 {
                0 => (left, right),
                _ => (right, left),
            };
            let mask = self.mask(round, address.len() as u8, other);
            changed
                .iter_mut()
                .zip(mask)
                .for_each(|(byte, mask)| *byte ^= mask);
        }
        bytes
    }

    /// Returns what a round of the Feistel network for addresses of this length adds to one half, given the other half.
    fn mask(&self, round: u8, length: u8, other: &[u8]) -> [u8; 16] {
        let mut block = Array([0; 16]);
        block[..3].copy_from_slice(&[round, length, 1]);
        self.cipher.encrypt_block(&mut block);
        block
            .iter_mut()
            .zip(other)
            .for_each(|(byte, other)| *byte ^= other);
        self.cipher.encrypt_block(&mut block);
        block.0
    }

    /// Permutes the numbers of two halves of this many bits, for each tweak in another way.
    fn permute(&self, number: u64, half: u32, tweak: [u8; 3]) -> u64 {
        let mask = (1 << half) - 1;
        let (mut left, mut right) = (number >> half, number & mask);
        for round in 0..ROUNDS {
            let mut block = Array([0; 16]);
            block[0] = round;
            block[1] = half as u8;
            block[2..5].copy_from_slice(&tweak);
            block[8..].copy_from_slice(&right.to_be_bytes());
            self.cipher.encrypt_block(&mut block);
            let mixed = u64::from(u32::from_be_bytes([block[0], block[1], block[2], block[3]]));
            (left, right) = (right, left ^ mixed & mask);
        }
        left << half | right
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn anonymizer(keeps_oui: bool) -> MacAnonymizer {
        MacAnonymizer::new(&AnonymizationKey::new([3; 32]), keeps_oui)
    }

    #[test]
    fn no_two_addresses_become_the_same() {
        for keeps_oui in [false, true] {
            let mut anonymizer = anonymizer(keeps_oui);
            let mut seen = HashSet::new();
            for number in 0..5000u16 {
                let [d, e] = number.to_be_bytes();
                let mac = MacAddr::new([0, 0x1b, 0x21, 0, d, e]);
                let anonymized = anonymizer.anonymize(mac);
                assert!(seen.insert(anonymized) && anonymized != mac, "{mac}");
                assert_eq!(anonymizer.anonymize(mac), anonymized);
                assert_eq!(anonymized.is_local(), !keeps_oui);
                assert!(!anonymized.is_multicast());
                if keeps_oui {
                    assert_eq!(anonymized.octets()[..3], mac.octets()[..3]);
                }
            }
        }
    }

    #[test]
    fn addresses_of_any_length_are_permuted() {
        let anonymizer = anonymizer(false);
        for length in [1, 2, 3, 7, 8, 20, 32] {
            let mut seen = HashSet::new();
            for number in 1..=255 {
                let mut address = vec![0xfe; length];
                address[length / 2] = number;
                let anonymized = anonymizer.anonymize_other(&address);
                assert_eq!(anonymized.len(), length);
                assert_eq!(anonymizer.anonymize_other(&address), anonymized);
                assert!(anonymized != address && seen.insert(anonymized));
            }
        }
        assert_eq!(anonymizer.anonymize_other(&[0; 8]), [0; 8]);
        assert_eq!(anonymizer.anonymize_other(&[9; 33]), [0; 33]);
        assert_eq!(anonymizer.anonymize_other(&[]), [0; 0]);
    }

    #[test]
    fn groups_stay_groups_and_broadcasts_stay_the_same() {
        let mut anonymizer = anonymizer(false);
        let group = anonymizer.anonymize(MacAddr::new([1, 0, 0x5e, 0, 0, 1]));
        assert!(group.is_multicast() && group != MacAddr::BROADCAST);
        for mac in [MacAddr::BROADCAST, MacAddr::ZERO] {
            assert_eq!(anonymizer.anonymize(mac), mac);
        }
    }
}
