//! Crypto-PAn, the prefix-preserving anonymization of IP addresses by Xu, Fan, Ammar and Moon (2002).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Block};

use super::anonymization_key::AnonymizationKey;

/// The maximum number of addresses to remember.
const MAX_REMEMBERED: usize = 1 << 20;

/// Anonymizes IP addresses. If two addresses have the first `n` bits in common, but not the next one, so have their
/// anonymized addresses.
///
/// IPv4 gives the addresses of the original implementation. IPv6 continues the same computation over 128 bits, as other
/// implementations do.
pub(super) struct CryptoPan {
    cipher: Aes128,
    pad: u128,
    remembered: HashMap<IpAddr, IpAddr>,
    blocks: Vec<Block>,
}

impl CryptoPan {
    pub(super) fn new(key: &AnonymizationKey) -> CryptoPan {
        let (cipher, pad) = key.halves();
        let cipher = Aes128::new(&Array(cipher));
        let mut block = Array(pad);
        cipher.encrypt_block(&mut block);
        CryptoPan {
            cipher,
            pad: u128::from_be_bytes(block.0),
            remembered: HashMap::new(),
            blocks: Vec::new(),
        }
    }

    /// Returns the anonymized address.
    pub(super) fn anonymize(&mut self, address: IpAddr) -> IpAddr {
        if let Some(&known) = self.remembered.get(&address) {
            return known;
        }
        let anonymized = match address {
            IpAddr::V4(address) => {
                let bits = u128::from(u32::from(address)) << 96;
                IpAddr::V4(Ipv4Addr::from((self.anonymize_bits(bits, 32) >> 96) as u32))
            }
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from(self.anonymize_bits(address.into(), 128)))
            }
        };
        if self.remembered.len() >= MAX_REMEMBERED {
            self.remembered.clear();
        }
        self.remembered.insert(address, anonymized);
        anonymized
    }

    /// Anonymizes the first bits of a number. Whether a bit is flipped depends on the bits before it.
    fn anonymize_bits(&mut self, address: u128, length: u32) -> u128 {
        let prefix = |bits: u32| u128::MAX.checked_shl(128 - bits).unwrap_or(0);
        let inputs = (0..length).map(|bits| {
            let mask = prefix(bits);
            Array((address & mask | self.pad & !mask).to_be_bytes())
        });
        self.blocks.clear();
        self.blocks.extend(inputs);
        self.cipher.encrypt_blocks(&mut self.blocks);
        let flips = self.blocks.iter().enumerate();
        flips.fold(address, |address, (bit, block)| {
            address ^ u128::from(block[0] >> 7) << (127 - bit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of the sample program in the original distribution of Crypto-PAn.
    pub(crate) const SAMPLE_KEY: [u8; 32] = [
        21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16, 216, 152, 143, 131,
        121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2,
    ];

    fn anonymize(pan: &mut CryptoPan, address: &str) -> String {
        pan.anonymize(address.parse().unwrap()).to_string()
    }

    #[test]
    fn addresses_are_those_of_the_original_distribution() {
        let mut pan = CryptoPan::new(&AnonymizationKey::new(SAMPLE_KEY));
        // From sample_trace_raw.dat and sample_trace_sanitized.dat in the original distribution.
        for (address, expected) in [
            ("10.185.25.118", "117.161.29.118"),
            ("128.11.68.132", "135.242.180.132"),
            ("129.118.74.4", "134.136.186.123"),
            ("130.132.252.244", "133.68.164.234"),
            ("141.223.7.43", "141.167.8.160"),
            ("141.233.145.108", "141.129.237.235"),
            ("152.163.225.39", "151.140.114.167"),
            ("156.29.3.236", "147.225.12.42"),
            ("165.247.96.84", "162.9.99.234"),
            ("166.107.77.190", "160.132.178.185"),
            ("192.102.249.13", "252.138.62.131"),
            ("192.215.32.125", "252.43.47.189"),
            ("192.233.80.103", "252.25.108.8"),
            ("192.41.57.43", "252.222.221.184"),
            ("193.150.244.223", "253.169.52.216"),
            ("195.205.63.100", "255.186.223.5"),
            ("198.200.171.101", "249.199.68.213"),
            ("198.26.132.101", "249.36.123.202"),
            ("198.36.213.5", "249.7.21.132"),
            ("198.51.77.238", "249.18.186.254"),
            ("199.217.79.101", "248.38.184.213"),
            ("202.49.198.20", "245.206.7.234"),
            ("203.12.160.252", "244.248.163.4"),
            ("204.184.162.189", "243.192.77.90"),
            ("204.202.136.230", "243.178.4.198"),
            ("204.29.20.4", "243.33.20.123"),
            ("205.178.38.67", "242.108.198.51"),
            ("205.188.147.153", "242.96.16.101"),
            ("205.188.248.25", "242.96.88.27"),
            ("205.245.121.43", "242.21.121.163"),
            ("207.105.49.5", "241.118.205.138"),
            ("207.135.65.238", "241.202.129.222"),
            ("207.155.9.214", "241.220.250.22"),
            ("207.188.7.45", "241.255.249.220"),
            ("207.25.71.27", "241.33.119.156"),
            ("207.33.151.131", "241.1.233.131"),
            ("208.147.89.59", "227.237.98.191"),
            ("208.234.120.210", "227.154.67.17"),
            ("216.148.237.145", "235.84.194.111"),
            ("24.0.250.221", "100.15.198.226"),
            ("24.94.26.44", "100.88.228.35"),
            ("38.15.67.68", "64.3.66.187"),
            ("4.3.88.225", "124.60.155.63"),
            ("63.14.55.111", "95.9.215.7"),
            ("64.14.118.196", "0.255.183.58"),
            ("64.34.154.117", "0.221.154.117"),
        ] {
            assert_eq!(anonymize(&mut pan, address), expected, "{address}");
        }
        // The original has no IPv6. These are the addresses of github.com/Yawning/cryptopan.
        for (address, expected) in [
            ("::1", "78ff:f001:9fc0:20df:8380:b1f1:704:ed"),
            ("::2", "78ff:f001:9fc0:20df:8380:b1f1:704:ef"),
            ("::ffff", "78ff:f001:9fc0:20df:8380:b1f1:704:f838"),
            ("2001:db8::1", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e"),
            ("2001:db8::2", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1c"),
        ] {
            assert_eq!(anonymize(&mut pan, address), expected, "{address}");
            assert_eq!(anonymize(&mut pan, address), expected, "{address} again");
        }
    }

    #[test]
    fn common_prefixes_are_as_long_as_before() {
        let mut pan = CryptoPan::new(&AnonymizationKey::new([7; 32]));
        let mut state = 1u128;
        let mut next = || {
            state = state
                .wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645)
                .wrapping_add(1);
            state.rotate_left(64)
        };
        for _ in 0..500 {
            let (first, common) = (next(), next() as u32);
            let second = next() & u128::MAX.checked_shr(common % 129).unwrap_or(0) ^ first;
            let v6 = [first, second].map(|bits| IpAddr::V6(bits.into()));
            let [a, b] = v6.map(|address| match pan.anonymize(address) {
                IpAddr::V6(address) => u128::from(address),
                IpAddr::V4(_) => 0,
            });
            assert_eq!((a ^ b).leading_zeros(), (first ^ second).leading_zeros());
            let v4 = [first, second].map(|bits| (bits >> 96) as u32);
            let [a, b] = v4.map(|bits| match pan.anonymize(IpAddr::V4(bits.into())) {
                IpAddr::V4(address) => u32::from(address),
                IpAddr::V6(_) => 0,
            });
            assert_eq!((a ^ b).leading_zeros(), (v4[0] ^ v4[1]).leading_zeros());
        }
    }
}
