//! A busy minute: a film, a call, a tunnel to the branch, and somebody who looks for open ports.

use super::connection::{By, Connection};
use super::host::{
    BRANCH, CDN, DESKTOP, EXCHANGE, LAPTOP, PEER, PHONE, ROUTER, SCANNER, SERVER, in_branch,
};
use super::messages;
use super::packet::{self, GRE, ICMP, words};
use super::quiet::lookup;
use super::recording::{MICROSECOND, MILLISECOND, Recording, SECOND};
use super::web;

/// Records what happens from a time on.
pub(super) fn record(record: &mut Recording, start: u64) {
    film(record, start + 4 * SECOND);
    call(record, start + 12 * SECOND);
    branch(record, start + 20 * SECOND);
    wireguard(record, start + 26 * SECOND);
    scan(record, start + 34 * SECOND);
    copy(record, start + 40 * SECOND);
}

/// Records a film, which loses packets. Its parts become larger, as the player finds that the network is fast.
fn film(record: &mut Recording, start: u64) {
    let name = "cdn.example.com";
    let at = lookup(record, start, &DESKTOP, name, Some(CDN.ip));
    let mut film = web::tls(record, at, (DESKTOP, 40_760), (CDN, 443), name);
    for number in 0..26 {
        let lost: &[usize] = match number {
            9 => &[7, 8],
            10 => &[3],
            15 => &[20],
            22 => &[11],
            _ => &[],
        };
        web::data(record, &mut film, By::Client, 310);
        let length = 9_000 + 1_600 * number.min(18) + record.below(4_000) as usize;
        let part = messages::tls_data(&record.noise(length));
        film.transfer(record, By::Server, &part, lost);
        film.wait(record, 900 * MILLISECOND);
    }
    film.close(record, By::Client);
}

/// Records a telephone call.
fn call(record: &mut Recording, start: u64) {
    let (phone, exchange) = ((PHONE, 5060), (EXCHANGE, 5060));
    let headers = "From: <sip:160@example.com>\r\nTo: <sip:200@example.com>\r\n\
                   Call-ID: 7d1e@example.com\r\nContent-Length: 0\r\n\r\n";
    let mut at = start;
    for (delay, by_phone, line) in [
        (0, true, "INVITE sip:200@example.com SIP/2.0"),
        (8, false, "SIP/2.0 100 Trying"),
        (140, false, "SIP/2.0 180 Ringing"),
        (2_600, false, "SIP/2.0 200 OK"),
        (6, true, "ACK sip:200@example.com SIP/2.0"),
    ] {
        at += delay * MILLISECOND + 211 * MICROSECOND;
        let (from, to) = if by_phone {
            (phone, exchange)
        } else {
            (exchange, phone)
        };
        record.udp(at, &from, &to, format!("{line}\r\n{headers}").as_bytes());
    }
    let (left, right) = ((PHONE, 16_384), (EXCHANGE, 18_220));
    for number in 0..120 {
        let sent = at + u64::from(number) * 20 * MILLISECOND;
        let speech = record.noise(160);
        record.udp(sent, &left, &right, &messages::rtp(number, 0x51a7, &speech));
        let sent = record.later(sent, 3 * MILLISECOND);
        let speech = record.noise(160);
        record.udp(sent, &right, &left, &messages::rtp(number, 0x9c02, &speech));
    }
    at += 2_450 * MILLISECOND;
    let bye = format!("BYE sip:200@example.com SIP/2.0\r\n{headers}");
    record.udp(at, &phone, &exchange, bye.as_bytes());
    at += 9 * MILLISECOND;
    let ok = format!("SIP/2.0 200 OK\r\n{headers}");
    record.udp(at, &exchange, &phone, ok.as_bytes());
}

/// Records packets between the branch and the file server, in a tunnel of GRE.
fn branch(record: &mut Recording, start: u64) {
    let pc = in_branch(5);
    for number in 1..=8 {
        let mut rest = words(&[0x2bad, number]);
        rest.extend(0x10..0x48);
        let at = start + u64::from(number) * 500 * MILLISECOND;
        let request = packet::icmp(8, 0, &rest);
        let inner = record.packet(&pc, &SERVER, ICMP, &request);
        let tunneled = [words(&[0, 0x0800]), inner].concat();
        record.ip(at, &BRANCH, &ROUTER, GRE, &tunneled);
        let at = record.later(at, 500 * MICROSECOND);
        let reply = packet::icmp(0, 0, &rest);
        let inner = record.packet(&SERVER, &pc, ICMP, &reply);
        let tunneled = [words(&[0, 0x0800]), inner].concat();
        record.ip(at, &ROUTER, &BRANCH, GRE, &tunneled);
    }
}

/// Records a tunnel of WireGuard.
fn wireguard(record: &mut Recording, start: u64) {
    let (laptop, peer) = ((LAPTOP, 51_820), (PEER, 51_820));
    let mut at = start;
    for (kind, length) in [(1, 148), (2, 92), (4, 32)] {
        let mut message = vec![kind, 0, 0, 0];
        message.extend(record.noise(length - 4));
        let (from, to) = if kind == 2 {
            (peer, laptop)
        } else {
            (laptop, peer)
        };
        record.udp(at, &from, &to, &message);
        at = record.later(at, 22 * MILLISECOND);
    }
    for number in 0..40 {
        let length = if number % 3 == 0 { 96 } else { 1_328 };
        let mut message = vec![4, 0, 0, 0];
        message.extend(record.noise(length));
        let (from, to) = if number % 3 == 0 {
            (laptop, peer)
        } else {
            (peer, laptop)
        };
        record.udp(at, &from, &to, &message);
        at = record.later(at, 60 * MILLISECOND);
    }
}

/// Records a scan of the file server. Only one port is open.
fn scan(record: &mut Recording, start: u64) {
    let ports = [
        21, 22, 23, 25, 53, 80, 110, 111, 135, 139, 143, 443, 445, 587, 993, 995, 1433, 1723, 2049,
        3306, 3389, 5432, 5900, 6379, 8080, 8443, 9200, 11_211, 27_017,
    ];
    for (number, port) in (0..).zip(ports) {
        let at = start + number * 30 * MILLISECOND;
        let (client, server) = ((SCANNER, 61_000), (SERVER, port));
        let mut probe = Connection::new(record, at, client, server, 250 * MICROSECOND);
        if port == 22 {
            probe.open(record);
            probe.reset(record, By::Client);
        } else {
            probe.be_refused(record);
        }
    }
}

/// Records a copy of the laptop's files on the file server.
fn copy(record: &mut Recording, start: u64) {
    let (client, server) = ((LAPTOP, 49_830), (SERVER, 443));
    let mut copy = web::tls(record, start, client, server, "files.example.com");
    for _ in 0..12 {
        let length = 14_000 + record.below(12_000) as usize;
        web::data(record, &mut copy, By::Client, length);
        web::data(record, &mut copy, By::Server, 90);
        copy.wait(record, 800 * MILLISECOND);
    }
    copy.close(record, By::Client);
}
