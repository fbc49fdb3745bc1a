//! IP networks.

use std::fmt;
use std::net::IpAddr;

/// An IP network: the addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpNetwork {
    address: IpAddr,
    length: u32,
}

impl IpNetwork {
    /// Parses `ADDRESS` or `ADDRESS/LENGTH`.
    ///
    /// # Errors
    ///
    /// Returns a message for clap to print if the text is invalid.
    pub fn parse(text: &str) -> Result<IpNetwork, String> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("expected an IP address, found `{address}`"))?;
        let bits = bits_of(address);
        let length = match length {
            None => bits,
            Some(length) => match length.parse() {
                Ok(length) if length <= bits => length,
                _ => {
                    return Err(format!(
                        "expected a length from 0 to {bits}, found `{length}`"
                    ));
                }
            },
        };
        let network = IpNetwork { address, length };
        let start = join(address, number(address) & network.mask());
        if start != address {
            return Err(format!(
                "expected zeros after the first {length} bits, as in `{start}/{length}`"
            ));
        }
        Ok(network)
    }

    /// Returns whether this is a single address.
    #[must_use]
    pub fn is_address(self) -> bool {
        self.length == bits_of(self.address)
    }

    /// Returns whether both networks are of IPv4, or both of IPv6.
    #[must_use]
    pub fn has_family_of(self, other: IpNetwork) -> bool {
        self.address.is_ipv4() == other.address.is_ipv4()
    }

    /// Returns how many bits all addresses of the network share.
    #[must_use]
    pub fn length(self) -> u32 {
        self.length
    }

    /// Returns whether an address belongs to the network.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4()
            && number(address) & self.mask() == number(self.address)
    }

    /// Returns the address of this network that ends like another one.
    #[must_use]
    pub fn with_host_of(self, address: IpAddr) -> IpAddr {
        let host = number(address) & !self.mask();
        join(self.address, number(self.address) | host)
    }

    fn mask(self) -> u128 {
        let zeros = bits_of(self.address) - self.length;
        u128::MAX.checked_shl(zeros).unwrap_or(0)
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_address() {
            true => self.address.fmt(f),
            false => write!(f, "{}/{}", self.address, self.length),
        }
    }
}

fn bits_of(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// Returns the address with this number, of the same family as another one.
fn join(like: IpAddr, number: u128) -> IpAddr {
    match like {
        IpAddr::V4(_) => IpAddr::V4((number as u32).into()),
        IpAddr::V6(_) => IpAddr::V6(number.into()),
    }
}
