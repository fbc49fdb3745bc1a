//! Sets the options of an interface's description.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Interface;
use crate::device::MacAddr;
use crate::savefile::pcapng::Resolution;
use crate::savefile::pcapng::code::interface as code;
use crate::timestamp::Precision;

/// # Setters
impl Interface {
    /// Sets the snaplen, in bytes: the length of the longest packet that the dumper accepts. Default: 262 144. 0 means
    /// no limit, but for most link types libpcap and Wireshark reject packets that are longer than 262 144 bytes.
    #[must_use]
    #[inline]
    pub fn with_snaplen(mut self, snaplen: u32) -> Interface {
        self.block.set_snaplen(snaplen);
        self
    }

    /// Sets the precision of the timestamps (`if_tsresol`). Default: nanoseconds. With microsecond precision, times are
    /// truncated.
    #[must_use]
    #[inline]
    pub fn with_precision(self, precision: Precision) -> Interface {
        self.with_resolution(match precision {
            Precision::Micro => Resolution::MICRO,
            Precision::Nano => Resolution::NANO,
        })
    }

    /// Sets the resolution of the timestamps (`if_tsresol`). Times are truncated to it.
    #[must_use]
    #[inline]
    pub fn with_resolution(self, resolution: Resolution) -> Interface {
        self.with_option(code::RESOLUTION, &[resolution.value()])
    }

    /// Sets the number of seconds to subtract from each timestamp before it is written (`if_tsoffset`). A negative
    /// offset allows times before 1970.
    #[must_use]
    #[inline]
    pub fn with_time_offset(self, seconds: i64) -> Interface {
        self.with_number(code::OFFSET, seconds as u64)
    }

    /// Sets the length in bytes of the frame check sequence at the end of each packet (`if_fcslen`). Default: unknown.
    /// Wireshark and tshark use it; libpcap ignores it.
    #[must_use]
    #[inline]
    pub fn with_fcs_len(self, bytes: u8) -> Interface {
        self.with_option(code::FCS_LEN, &[bytes])
    }

    /// Sets the name of the device (`if_name`).
    #[must_use]
    pub fn with_name(self, text: impl AsRef<str>) -> Interface {
        self.with_text(code::NAME, "name", text.as_ref())
    }

    /// Sets the description of the device (`if_description`).
    #[must_use]
    pub fn with_description(self, text: impl AsRef<str>) -> Interface {
        self.with_text(code::DESCRIPTION, "description", text.as_ref())
    }

    /// Sets the filter expression of the capture (`if_filter`). It is only recorded, not applied.
    #[must_use]
    pub fn with_filter(mut self, text: impl AsRef<str>) -> Interface {
        let value = [&[0], text.as_ref().as_bytes()].concat();
        if self.texts.check("filter", text.as_ref(), 1) {
            self.texts.note(self.block.set_option(code::FILTER, &value));
        }
        self
    }

    /// Sets the operating system of the host on which the packets were captured (`if_os`), such as `Linux 6.12`.
    #[must_use]
    pub fn with_os(self, text: impl AsRef<str>) -> Interface {
        self.with_text(code::OS, "operating system", text.as_ref())
    }

    /// Sets the description of the device's hardware (`if_hardware`).
    #[must_use]
    pub fn with_hardware(self, text: impl AsRef<str>) -> Interface {
        self.with_text(code::HARDWARE, "hardware", text.as_ref())
    }

    /// Sets the name of the time zone in the IANA database (`if_iana_tzname`), such as `Europe/Berlin`.
    #[must_use]
    pub fn with_iana_time_zone(self, text: impl AsRef<str>) -> Interface {
        self.with_text(code::IANA_TIME_ZONE, "time zone", text.as_ref())
    }

    /// Adds a comment about the interface (`opt_comment`).
    #[must_use]
    pub fn with_comment(mut self, text: impl AsRef<str>) -> Interface {
        if self.texts.check("comment", text.as_ref(), 0) {
            self.texts.note(self.block.add_comment(text.as_ref()));
        }
        self
    }

    /// Adds an IPv4 address of the device, and its netmask (`if_IPv4addr`).
    #[must_use]
    #[inline]
    pub fn with_ipv4(mut self, address: Ipv4Addr, netmask: Ipv4Addr) -> Interface {
        let value = [address.octets(), netmask.octets()].concat();
        self.texts.note(self.block.add_option(code::IPV4, &value));
        self
    }

    /// Adds an IPv6 address of the device, and the length of its prefix in bits (`if_IPv6addr`).
    #[must_use]
    #[inline]
    pub fn with_ipv6(mut self, address: Ipv6Addr, prefix: u8) -> Interface {
        let value = [&address.octets()[..], &[prefix]].concat();
        self.texts.note(self.block.add_option(code::IPV6, &value));
        self
    }

    /// Sets the hardware address of the device (`if_MACaddr`).
    #[must_use]
    #[inline]
    pub fn with_mac_addr(self, address: MacAddr) -> Interface {
        self.with_option(code::MAC, &address.octets())
    }

    /// Sets the EUI-64 address of the device (`if_EUIaddr`).
    #[must_use]
    #[inline]
    pub fn with_eui_addr(self, address: [u8; 8]) -> Interface {
        self.with_option(code::EUI, &address)
    }

    /// Sets the speed of the device, in bits per second (`if_speed`).
    #[must_use]
    #[inline]
    pub fn with_speed(self, bits_per_second: u64) -> Interface {
        self.with_number(code::SPEED, bits_per_second)
    }

    /// Sets the speed of sending, in bits per second (`if_txspeed`), if it differs from that of receiving.
    #[must_use]
    #[inline]
    pub fn with_tx_speed(self, bits_per_second: u64) -> Interface {
        self.with_number(code::TX_SPEED, bits_per_second)
    }

    /// Sets the speed of receiving, in bits per second (`if_rxspeed`), if it differs from that of sending.
    #[must_use]
    #[inline]
    pub fn with_rx_speed(self, bits_per_second: u64) -> Interface {
        self.with_number(code::RX_SPEED, bits_per_second)
    }

    /// Sets any option: replaces the options with this code, or adds one. Numbers in the value must have the
    /// [byte order](crate::pcapng::RawBlock::endian) of the block.
    #[must_use]
    #[inline]
    pub fn with_option(mut self, code: u16, value: &[u8]) -> Interface {
        self.texts.note(self.block.set_option(code, value));
        match code {
            code::RESOLUTION | code::OFFSET => self.with_clock(),
            _ => self,
        }
    }

    #[inline]
    fn with_number(self, code: u16, number: u64) -> Interface {
        let number = self.block.order().of_u64(number);
        self.with_option(code, &number.to_ne_bytes())
    }

    #[inline]
    fn with_text(mut self, code: u16, what: &'static str, text: &str) -> Interface {
        if self.texts.check(what, text, 0) {
            self.texts
                .note(self.block.set_option(code, text.as_bytes()));
        }
        self
    }
}
