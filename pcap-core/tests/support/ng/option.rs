//! Options of blocks.

use super::Order;

/// The codes of options, by the block that has them.
pub(crate) mod code {
    pub(crate) const END: u16 = 0;
    pub(crate) const COMMENT: u16 = 1;
    /// Custom options: a string or bytes that may be copied, and those that must not.
    pub(crate) const CUSTOM: [u16; 4] = [2988, 2989, 19372, 19373];
    /// Of a section: hardware, operating system, application.
    pub(crate) const SHB: [u16; 3] = [2, 3, 4];
    pub(crate) const IF_NAME: u16 = 2;
    pub(crate) const IF_DESCRIPTION: u16 = 3;
    pub(crate) const IF_IPV4: u16 = 4;
    pub(crate) const IF_IPV6: u16 = 5;
    pub(crate) const IF_MAC: u16 = 6;
    pub(crate) const IF_EUI: u16 = 7;
    pub(crate) const IF_SPEED: u16 = 8;
    pub(crate) const IF_TSRESOL: u16 = 9;
    pub(crate) const IF_TZONE: u16 = 10;
    pub(crate) const IF_FILTER: u16 = 11;
    pub(crate) const IF_OS: u16 = 12;
    pub(crate) const IF_FCSLEN: u16 = 13;
    pub(crate) const IF_TSOFFSET: u16 = 14;
    pub(crate) const IF_HARDWARE: u16 = 15;
    pub(crate) const IF_TXSPEED: u16 = 16;
    pub(crate) const IF_RXSPEED: u16 = 17;
    pub(crate) const IF_IANA_TZNAME: u16 = 18;
    pub(crate) const FLAGS: u16 = 2;
    pub(crate) const HASH: u16 = 3;
    pub(crate) const DROPCOUNT: u16 = 4;
    pub(crate) const PACKETID: u16 = 5;
    pub(crate) const QUEUE: u16 = 6;
    pub(crate) const VERDICT: u16 = 7;
    pub(crate) const PROCESS: u16 = 8;
    /// Of a name resolution block: the server's name and addresses.
    pub(crate) const NS: [u16; 3] = [2, 3, 4];
    pub(crate) const ISB_STARTTIME: u16 = 2;
    pub(crate) const ISB_ENDTIME: u16 = 3;
    pub(crate) const ISB_IFRECV: u16 = 4;
    pub(crate) const ISB_IFDROP: u16 = 5;
    pub(crate) const ISB_FILTERACCEPT: u16 = 6;
    pub(crate) const ISB_OSDROP: u16 = 7;
    pub(crate) const ISB_USRDELIV: u16 = 8;
}

/// An option to put into a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opt {
    pub(crate) code: u16,
    pub(crate) value: Value,
    /// The length in the option's header, if it is not that of the value.
    pub(crate) stated: Option<u16>,
}

/// The value of an option. Numbers are written in the byte order of the section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Bytes(Vec<u8>),
    U8(u8),
    U32(u32),
    U64(u64),
    I64(i64),
    /// A process and a thread, or the halves of a time, the high one first.
    Pair(u32, u32),
    Verdict(Verdict),
    /// A number of an enterprise, and its data.
    Custom(u32, Vec<u8>),
    /// A capture filter: a BPF program.
    Program(Vec<(u16, u8, u8, u32)>),
}

/// The verdict on a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Hardware(Vec<u8>),
    Tc(u64),
    Xdp(u64),
    Other(u8, Vec<u8>),
}

impl Opt {
    pub(crate) fn new(code: u16, value: Value) -> Opt {
        let stated = None;
        Opt {
            code,
            value,
            stated,
        }
    }

    pub(crate) fn bytes(code: u16, value: impl AsRef<[u8]>) -> Opt {
        Opt::new(code, Value::Bytes(value.as_ref().to_vec()))
    }

    pub(crate) fn u64(code: u16, number: u64) -> Opt {
        Opt::new(code, Value::U64(number))
    }

    pub(crate) fn comment(text: impl AsRef<[u8]>) -> Opt {
        Opt::bytes(code::COMMENT, text)
    }

    pub(crate) fn custom(code: u16, enterprise: u32, data: &[u8]) -> Opt {
        Opt::new(code, Value::Custom(enterprise, data.to_vec()))
    }

    pub(crate) fn tsresol(resolution: u8) -> Opt {
        Opt::new(code::IF_TSRESOL, Value::U8(resolution))
    }

    pub(crate) fn tsoffset(seconds: i64) -> Opt {
        Opt::new(code::IF_TSOFFSET, Value::I64(seconds))
    }

    pub(crate) fn filter(text: &str) -> Opt {
        Opt::bytes(code::IF_FILTER, [b"\0", text.as_bytes()].concat())
    }

    pub(crate) fn flags(flags: u32) -> Opt {
        Opt::new(code::FLAGS, Value::U32(flags))
    }

    pub(crate) fn hash(algorithm: u8, hash: &[u8]) -> Opt {
        Opt::bytes(code::HASH, [&[algorithm], hash].concat())
    }

    pub(crate) fn dropcount(drops: u64) -> Opt {
        Opt::u64(code::DROPCOUNT, drops)
    }

    pub(crate) fn packetid(id: u64) -> Opt {
        Opt::u64(code::PACKETID, id)
    }

    pub(crate) fn queue(queue: u32) -> Opt {
        Opt::new(code::QUEUE, Value::U32(queue))
    }

    pub(crate) fn verdict(verdict: Verdict) -> Opt {
        Opt::new(code::VERDICT, Value::Verdict(verdict))
    }

    pub(crate) fn process(process: u32, thread: u32) -> Opt {
        Opt::new(code::PROCESS, Value::Pair(process, thread))
    }

    /// Returns a time of statistics.
    pub(crate) fn time(code: u16, ticks: u64) -> Opt {
        Opt::new(code, Value::Pair((ticks >> 32) as u32, ticks as u32))
    }

    /// States another length than that of the value.
    pub(crate) fn stating(mut self, length: u16) -> Opt {
        self.stated = Some(length);
        self
    }

    /// Writes the option, with its padding.
    pub(crate) fn put(&self, order: Order, to: &mut Vec<u8>) {
        let value = self.value.bytes(order);
        let length = self.stated.unwrap_or(value.len() as u16);
        to.extend(order.u16(self.code));
        to.extend(order.u16(length));
        to.extend(&value);
        pad(to, value.len());
    }
}

impl Value {
    /// Returns the value as it is in the file, without padding.
    pub(crate) fn bytes(&self, order: Order) -> Vec<u8> {
        match self {
            Value::Bytes(bytes) => bytes.clone(),
            Value::U8(number) => vec![*number],
            Value::U32(number) => order.u32(*number).to_vec(),
            Value::U64(number) => order.u64(*number).to_vec(),
            Value::I64(number) => order.u64(*number as u64).to_vec(),
            Value::Pair(first, second) => [order.u32(*first), order.u32(*second)].concat(),
            Value::Verdict(Verdict::Hardware(bytes)) => [&[0], &bytes[..]].concat(),
            Value::Verdict(Verdict::Tc(number)) => [&[1], &order.u64(*number)[..]].concat(),
            Value::Verdict(Verdict::Xdp(number)) => [&[2], &order.u64(*number)[..]].concat(),
            Value::Verdict(Verdict::Other(kind, bytes)) => [&[*kind], &bytes[..]].concat(),
            Value::Custom(enterprise, data) => [&order.u32(*enterprise), &data[..]].concat(),
            Value::Program(program) => {
                let mut bytes = vec![1];
                for &(code, jt, jf, k) in program {
                    bytes.extend(order.u16(code));
                    bytes.extend([jt, jf]);
                    bytes.extend(order.u32(k));
                }
                bytes
            }
        }
    }
}

/// Returns the values of the options with a code, in their order.
pub(crate) fn values(options: &[Opt], code: u16) -> impl Iterator<Item = &Value> {
    let ends = |option: &&Opt| option.code != code::END;
    let before = options.iter().take_while(ends);
    before
        .filter(move |option| option.code == code)
        .map(|option| &option.value)
}

/// Adds the padding after data of this length.
pub(crate) fn pad(to: &mut Vec<u8>, length: usize) {
    to.resize(to.len() + length.next_multiple_of(4) - length, 0);
}
