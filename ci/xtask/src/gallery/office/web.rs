//! A minute at the desk: pages, a mail, a remote shell, and servers that do not answer.

use super::connection::{By, Connection};
use super::host::{
    API6, CDN, DESKTOP, DESKTOP6, Host, LAPTOP, LAPTOP6, MAIL, PRINTER, SERVER, Socket, WWW, hop,
};
use super::messages;
use super::packet::{self, ICMP};
use super::quiet::lookup;
use super::recording::{MICROSECOND, MILLISECOND, Recording, SECOND};

/// Records what happens from a time on.
pub(super) fn record(record: &mut Recording, start: u64) {
    browse(record, start + 2 * SECOND);
    old_page(record, start + 14 * SECOND);
    mail(record, start + 19 * SECOND);
    shell(record, start + 24 * SECOND);
    route(record, start + 33 * SECOND);
    printer(record, start + 41 * SECOND);
    broken(record, start + 47 * SECOND);
}

/// Establishes a TLS connection.
pub(super) fn tls(
    record: &mut Recording,
    time: u64,
    client: Socket,
    server: Socket,
    name: &str,
) -> Connection {
    let mut connection = Connection::new(record, time, client, server, 16 * MILLISECOND);
    connection.open(record);
    let random = record.noise(192);
    let hello = messages::client_hello(name, &random[..96]);
    connection.say(record, By::Client, &hello);
    let mut answer = messages::server_hello(&random[96..]);
    answer.extend(messages::tls(20, &[1]));
    answer.extend(messages::tls_data(&record.noise(2600)));
    connection.say(record, By::Server, &answer);
    let mut finished = messages::tls(20, &[1]);
    finished.extend(messages::tls_data(&record.noise(53)));
    connection.say(record, By::Client, &finished);
    connection
}

/// Sends encrypted data.
pub(super) fn data(record: &mut Recording, connection: &mut Connection, by: By, length: usize) {
    let data = messages::tls_data(&record.noise(length));
    connection.say(record, by, &data);
}

/// Records the visit of a page, with pictures from another server and data from a third.
fn browse(record: &mut Recording, start: u64) {
    let name = "www.example.com";
    let at = lookup(record, start, &LAPTOP, name, Some(WWW.ip));
    let mut page = tls(record, at, (LAPTOP, 49_812), (WWW, 443), name);
    for (request, answer) in [(412, 18_240), (288, 6_410), (301, 31_877)] {
        data(record, &mut page, By::Client, request);
        data(record, &mut page, By::Server, answer);
        page.wait(record, 120 * MILLISECOND);
    }

    let name = "cdn.example.com";
    let at = lookup(
        record,
        start + 400 * MILLISECOND,
        &LAPTOP,
        name,
        Some(CDN.ip),
    );
    let mut pictures = tls(record, at, (LAPTOP, 49_814), (CDN, 443), name);
    for length in [24_114, 9_208, 41_030] {
        data(record, &mut pictures, By::Client, 233);
        data(record, &mut pictures, By::Server, length);
    }
    pictures.wait(record, 5 * SECOND);
    pictures.close(record, By::Client);

    let name = "api.example.com";
    let at = lookup(
        record,
        start + 700 * MILLISECOND,
        &LAPTOP,
        name,
        Some(API6.ip),
    );
    let mut calls = tls(record, at, (LAPTOP6, 51_002), (API6, 443), name);
    for _ in 0..9 {
        data(record, &mut calls, By::Client, 196);
        data(record, &mut calls, By::Server, 1_320);
        calls.wait(record, SECOND);
    }
    calls.close(record, By::Server);
    page.wait(record, 8 * SECOND);
    page.close(record, By::Client);

    // The same server with QUIC.
    let (client, server) = ((LAPTOP, 50_331), (CDN, 443));
    let mut at = start + 3 * SECOND;
    for (socket, other) in [(client, server), (server, client), (client, server)] {
        let datagram = messages::quic_initial(&record.noise(64));
        record.udp(at, &socket, &other, &datagram);
        at = record.later(at, 15 * MILLISECOND);
    }
    for number in 0..24 {
        // A short header, with the fixed bit.
        let mut datagram = vec![0x45];
        let length = if number % 4 == 0 { 60 } else { 1180 };
        datagram.extend(record.noise(length));
        let (from, to) = if number % 4 == 0 {
            (client, server)
        } else {
            (server, client)
        };
        record.udp(at, &from, &to, &datagram);
        at = record.later(at, 900 * MICROSECOND);
    }
}

/// Records a page without encryption, which has moved.
fn old_page(record: &mut Recording, start: u64) {
    let at = lookup(record, start, &DESKTOP, "news.example.com", Some(WWW.ip));
    let mut page = Connection::new(record, at, (DESKTOP, 40_718), (WWW, 80), 18 * MILLISECOND);
    page.open(record);
    let request = "GET /today HTTP/1.1\r\nHost: news.example.com\r\nUser-Agent: example/1.0\r\n\
                   Accept: text/html\r\n\r\n";
    page.say(record, By::Client, request.as_bytes());
    let answer = "HTTP/1.1 301 Moved Permanently\r\nLocation: https://www.example.com/today\r\n\
                  Content-Length: 0\r\nConnection: close\r\n\r\n";
    page.say(record, By::Server, answer.as_bytes());
    page.close(record, By::Server);
}

/// Records the sending of a mail.
fn mail(record: &mut Recording, start: u64) {
    let at = lookup(record, start, &DESKTOP, "mail.example.com", Some(MAIL.ip));
    let mut mail = Connection::new(record, at, (DESKTOP, 40_722), (MAIL, 25), 24 * MILLISECOND);
    mail.open(record);
    for (by, line) in [
        (By::Server, "220 mail.example.com ESMTP\r\n"),
        (By::Client, "EHLO desktop.example.com\r\n"),
        (By::Server, "250-mail.example.com\r\n250 STARTTLS\r\n"),
        (By::Client, "STARTTLS\r\n"),
        (By::Server, "220 Ready to start TLS\r\n"),
    ] {
        mail.say(record, by, line.as_bytes());
    }
    let random = record.noise(192);
    let hello = messages::client_hello("mail.example.com", &random[..96]);
    mail.say(record, By::Client, &hello);
    mail.say(record, By::Server, &messages::server_hello(&random[96..]));
    data(record, &mut mail, By::Client, 4_350);
    data(record, &mut mail, By::Server, 60);
    mail.close(record, By::Client);
}

/// Records a session on the file server.
fn shell(record: &mut Recording, start: u64) {
    let (client, server) = ((DESKTOP, 40_730), (SERVER, 22));
    let mut shell = Connection::new(record, start, client, server, 300 * MICROSECOND);
    shell.open(record);
    shell.say(record, By::Server, b"SSH-2.0-OpenSSH_9.9\r\n");
    shell.say(record, By::Client, b"SSH-2.0-OpenSSH_9.9\r\n");
    for length in [1_080, 1_200, 44, 44, 60, 84, 500] {
        let message = record.noise(length);
        shell.say(record, By::Client, &message);
        let message = record.noise(length + 16);
        shell.say(record, By::Server, &message);
    }
    for _ in 0..12 {
        // A key, its echo, and sometimes a screen of text.
        let key = record.noise(36);
        shell.say(record, By::Client, &key);
        let length = 36 + 200 * record.below(6) as usize;
        let echo = record.noise(length);
        shell.say(record, By::Server, &echo);
        shell.wait(record, 700 * MILLISECOND);
    }
    shell.close(record, By::Client);
}

/// Records the search for the way to a server.
fn route(record: &mut Recording, start: u64) {
    for ttl in 1..=5 {
        let from = Host { ttl, ..LAPTOP };
        let at = start + u64::from(ttl) * 40 * MILLISECOND;
        let (source, target) = ((from, 50_100), (WWW, 33_433 + u16::from(ttl)));
        let datagram = packet::udp(&source, &target, &[0x40; 32]);
        let sent = record.packet(&from, &WWW, packet::UDP, &datagram);
        record.frame(at, packet::frame(&from, &WWW, &sent));
        // The router where the TTL ends, and at last the server.
        let (router, kind, code) = if ttl < 5 {
            (hop(ttl), 11, 0)
        } else {
            (WWW, 3, 3)
        };
        let rest = [&[0; 4][..], &sent].concat();
        let at = record.later(at, u64::from(ttl) * 4 * MILLISECOND);
        record.ip(at, &router, &LAPTOP, ICMP, &packet::icmp(kind, code, &rest));
    }
}

/// Records a document for the printer, whose first connection is refused.
fn printer(record: &mut Recording, start: u64) {
    let (client, server) = ((DESKTOP, 40_740), (PRINTER, 631));
    Connection::new(record, start, client, server, 400 * MICROSECOND).be_refused(record);
    let (client, server) = ((DESKTOP, 40_742), (PRINTER, 9100));
    let at = start + 20 * MILLISECOND;
    let mut print = Connection::new(record, at, client, server, 400 * MICROSECOND);
    print.open(record);
    let text =
        b"%!PS\n/Helvetica 12 selectfont 72 720 moveto (minutes) show showpage\n".repeat(120);
    print.say(record, By::Client, &text);
    print.close(record, By::Client);
}

/// Records a server that resets a connection in the middle of an answer, of which a segment was lost before.
fn broken(record: &mut Recording, start: u64) {
    let name = "shop.example.com";
    let at = lookup(record, start, &DESKTOP, name, Some(WWW.ip));
    let mut shop = tls(record, at, (DESKTOP, 40_750), (WWW, 443), name);
    data(record, &mut shop, By::Client, 640);
    let answer = messages::tls_data(&record.noise(7_000));
    shop.transfer(record, By::Server, &answer[..4_344], &[2]);
    shop.wait(record, 900 * MILLISECOND);
    shop.reset(record, By::Server);
    let name = "api.example.com";
    let at = lookup(record, start + 3 * SECOND, &DESKTOP, name, Some(API6.ip));
    let mut calls = tls(record, at, (DESKTOP6, 51_120), (API6, 443), name);
    data(record, &mut calls, By::Client, 196);
    data(record, &mut calls, By::Server, 1_320);
    calls.close(record, By::Client);
}
