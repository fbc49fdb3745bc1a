//! The messages of protocols above TCP and UDP.

use std::net::IpAddr;

use super::packet::{octets, words};

/// The DNS type of an IPv4 address.
pub(super) const A: u16 = 1;
/// The DNS type of an IPv6 address.
pub(super) const AAAA: u16 = 28;

/// Returns a DNS query.
pub(super) fn dns_query(id: u16, name: &str, kind: u16) -> Vec<u8> {
    dns(id, 0x0100, name, kind, &[])
}

/// Returns the answer to a DNS query. Without an address, the name does not exist.
pub(super) fn dns_answer(id: u16, name: &str, answer: Option<IpAddr>) -> Vec<u8> {
    match answer {
        Some(ip) if ip.is_ipv4() => dns(id, 0x8180, name, A, &[ip]),
        Some(ip) => dns(id, 0x8180, name, AAAA, &[ip]),
        None => dns(id, 0x8183, name, A, &[]),
    }
}

fn dns(id: u16, flags: u16, name: &str, kind: u16, answers: &[IpAddr]) -> Vec<u8> {
    let mut message = words(&[id, flags, 1, answers.len() as u16, 0, 0]);
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend(label.bytes());
    }
    message.push(0);
    message.extend(words(&[kind, 1]));
    for answer in answers {
        let bytes = octets(*answer);
        message.extend(words(&[0xc00c, kind, 1, 0, 300, bytes.len() as u16]));
        message.extend(bytes);
    }
    message
}

/// Returns a message of DHCP. The options follow the type of the message.
pub(super) fn dhcp(kind: u8, mac: [u8; 6], yours: IpAddr, options: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let is_reply = matches!(kind, 2 | 5);
    let mut message = vec![if is_reply { 2 } else { 1 }, 1, 6, 0];
    message.extend([0x3d, 0x1d, 0x9c, 0x04, 0, 0, 0, 0, 0, 0, 0, 0]);
    message.extend(if is_reply { octets(yours) } else { vec![0; 4] });
    message.extend([0; 8]);
    message.extend(mac);
    message.resize(236, 0);
    message.extend([0x63, 0x82, 0x53, 0x63, 53, 1, kind]);
    for (option, value) in options {
        message.extend([*option, value.len() as u8]);
        message.extend(value);
    }
    message.push(255);
    message.resize(message.len().max(300), 0);
    message
}

/// Returns a record of TLS.
pub(super) fn tls(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3], &words(&[body.len() as u16])[..], body].concat()
}

/// Returns encrypted data in records of TLS.
pub(super) fn tls_data(noise: &[u8]) -> Vec<u8> {
    let records = noise.chunks(16_384).map(|part| tls(23, part));
    records.collect::<Vec<_>>().concat()
}

/// Returns a ClientHello of TLS 1.3 with a server name. `random` has 96 bytes.
pub(super) fn client_hello(name: &str, random: &[u8]) -> Vec<u8> {
    let mut extensions = words(&[
        0,
        name.len() as u16 + 5,
        name.len() as u16 + 3,
        // The type and the first byte of the length.
        0,
    ]);
    extensions.push(name.len() as u8);
    extensions.extend(name.bytes());
    // The groups and the signature algorithms.
    extensions.extend(words(&[10, 6, 4, 0x001d, 0x0017]));
    extensions.extend(words(&[13, 8, 6, 0x0403, 0x0804, 0x0401]));
    // The protocols: h2 and http/1.1.
    extensions.extend(words(&[16, 14, 12]));
    extensions.extend(b"\x02h2\x08http/1.1");
    // The versions: 1.3 and 1.2.
    extensions.extend([0, 43, 0, 5, 4, 3, 4, 3, 3]);
    // The key.
    extensions.extend(words(&[51, 38, 36, 0x001d, 32]));
    extensions.extend(&random[64..96]);
    // Padding to the length that browsers send.
    let padding = 380_usize.saturating_sub(extensions.len());
    extensions.extend(words(&[21, padding as u16]));
    extensions.extend(vec![0; padding]);
    let suites = words(&[6, 0x1301, 0x1302, 0xc02f]);
    hello(
        1,
        &random[..64],
        &[&suites[..], &[1, 0]].concat(),
        &extensions,
    )
}

/// Returns a ServerHello of TLS 1.3. `random` has 96 bytes.
pub(super) fn server_hello(random: &[u8]) -> Vec<u8> {
    let mut extensions = vec![0, 43, 0, 2, 3, 4];
    extensions.extend(words(&[51, 36, 0x001d, 32]));
    extensions.extend(&random[64..96]);
    hello(2, &random[..64], &[0x13, 0x01, 0], &extensions)
}

fn hello(kind: u8, random: &[u8], choices: &[u8], extensions: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(&random[..32]);
    body.push(32);
    body.extend(&random[32..64]);
    body.extend(choices);
    body.extend(words(&[extensions.len() as u16]));
    body.extend(extensions);
    let message = [&[kind, 0], &words(&[body.len() as u16])[..], &body].concat();
    tls(22, &message)
}

/// Returns a long header of QUIC version 1, padded with noise to the minimum of a datagram.
pub(super) fn quic_initial(noise: &[u8]) -> Vec<u8> {
    let mut datagram = vec![0xc3, 0, 0, 0, 1, 8];
    datagram.extend(&noise[..8]);
    // No source connection identifier, no token, and the length of the rest.
    datagram.extend([0, 0, 0x44, 0x96]);
    datagram.extend(noise);
    datagram.resize(1200, 0x5a);
    datagram
}

/// Returns an NTP message of a client (mode 3) or a server (mode 4).
pub(super) fn ntp(mode: u8, seconds: u32) -> Vec<u8> {
    let stratum = if mode == 4 { 2 } else { 0 };
    let mut message = vec![0x20 | mode, stratum, 6, 0xec];
    message.resize(40, 0);
    message.extend(seconds.to_be_bytes());
    message.extend([0x80, 0, 0, 0]);
    message
}

/// Returns an RTP packet with 20 ms of speech (G.711).
pub(super) fn rtp(number: u16, source: u32, speech: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 8];
    packet.extend(words(&[number]));
    packet.extend((160 * u32::from(number)).to_be_bytes());
    packet.extend(source.to_be_bytes());
    packet.extend(speech);
    packet
}
