//! A daemon that violates the protocol: whatever it sends, a remote capture returns packets, errors or its end. An input
//! is decisions of what the daemon answers, and what the capture asks.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use pcap_core::Next;
use pcap_core::remote::{self, Auth, Options, Source};

use crate::support::choices::Choices;

/// The types of the protocol's requests.
const OPEN: u8 = 3;
const START: u8 = 4;
const FINDALL: u8 = 2;
const STATS: u8 = 9;

/// No wait of the daemon takes longer: the client may wait for the rest of what it announced.
const LIMIT: Duration = Duration::from_millis(60);

/// Checks an input.
pub fn check(input: &[u8]) {
    let (asked, answers) = input.split_at(input.len().min(4));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers = answers.to_vec();
    thread::scope(|scope| {
        scope.spawn(move || daemon(&listener, &mut Choices(&answers)));
        client(port, &mut Choices(asked));
        // So that the daemon ends if nobody connected.
        drop(TcpStream::connect(("127.0.0.1", port)));
    });
}

/// Uses the daemon as a program would.
fn client(port: u16, choices: &mut Choices<'_>) {
    let what = choices.byte();
    let source = Source::remote("127.0.0.1", port, "lo").unwrap();
    let auth = if what & 1 == 1 {
        Auth::password("user", "secret phrase")
    } else {
        Auth::default()
    };
    if what & 6 == 6 {
        if let Ok(devices) = remote::devices(&source, &auth) {
            let _ = format!("{devices:?}");
        }
        return;
    }
    let snaplen = u32::from(choices.byte()) * 8;
    let options = Options::new(source)
        .auth(auth)
        .own_packets(what & 8 == 8)
        .snaplen(snaplen)
        .timeout(Duration::from_millis(2));
    let mut capture = match options.open() {
        Ok(capture) => capture,
        Err(error) => {
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
            return;
        }
    };
    if what & 16 == 16 {
        let _ = capture.set_filter("udp");
    }
    for turn in 0..30 {
        match capture.next_packet_timeout(Duration::from_millis(20)) {
            Ok(Next::Packet(packet)) => {
                assert_eq!(packet.data().len(), packet.caplen() as usize);
                // Each was sent with equal bytes: others would be those of an earlier packet.
                let first = packet.data().first();
                let same = packet.data().iter().all(|byte| Some(byte) == first);
                assert!(same, "{:?}", packet.data());
            }
            Ok(Next::Timeout) if turn < 2 => {}
            Ok(_) => break,
            Err(error) => {
                assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
                let again = capture.try_next_packet().unwrap_err();
                assert_eq!(again.to_string(), error.to_string());
                break;
            }
        }
        if turn == 1 && what & 32 == 32 {
            let _ = capture.stats();
        }
    }
}

/// Answers the requests on each connection until the client of `check` is done.
fn daemon(listener: &TcpListener, choices: &mut Choices<'_>) {
    let (control, _) = listener.accept().unwrap();
    let _ = serve(control, choices);
}

/// Returns a message of the protocol.
fn message(kind: u8, value: u16, body: &[u8]) -> Vec<u8> {
    let [high, low] = value.to_be_bytes();
    let length = (body.len() as u32).to_be_bytes();
    [&[0, kind, high, low][..], &length, body].concat()
}

/// Answers requests until the connection or the input ends.
fn serve(mut control: TcpStream, choices: &mut Choices<'_>) -> std::io::Result<()> {
    control.set_read_timeout(Some(LIMIT))?;
    control.set_write_timeout(Some(LIMIT))?;
    loop {
        let mut header = [0; 8];
        control.read_exact(&mut header)?;
        let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        let mut body = vec![0; length.min(1 << 20) as usize];
        control.read_exact(&mut body)?;
        let data = (header[1] == START).then(|| TcpListener::bind("127.0.0.1:0").unwrap());
        let mut body = match header[1] {
            FINDALL => devices(choices),
            OPEN => vec![0, 0, 0, choices.pick(&[1, 1, 1, 113, 255]), 0, 0, 0, 0],
            START => {
                let port = data.as_ref().map(|data| data.local_addr().unwrap().port());
                let [high, low] = port.unwrap_or(0).to_be_bytes();
                vec![0, 0, 1, 0, high, low, 0, 0]
            }
            STATS => (0..16).map(|_| choices.byte()).collect(),
            _ => Vec::new(),
        };
        let value = if header[1] == FINDALL {
            choices.below(4) as u16
        } else {
            0
        };
        if choices.one_in(6) {
            // Another body.
            let length = choices.below(80);
            body = (0..length).map(|_| choices.byte()).collect();
        }
        let mut reply = message(header[1] | 0x80, value, &body);
        match choices.below(16) {
            // An error, another type, another length, only a part, or something before it.
            0 => reply = message(1, choices.byte().into(), &body),
            1 => reply[1] = choices.byte(),
            2 => reply[4..8].copy_from_slice(&choices.u32().to_be_bytes()),
            3 => reply.truncate(choices.below(reply.len() + 1)),
            4 => reply = [message(choices.byte(), 0, &[choices.byte(); 9]), reply].concat(),
            5 => reply[0] = choices.byte(),
            _ => {}
        }
        control.write_all(&reply)?;
        if let Some(data) = data {
            send(&data, choices)?;
        }
        if choices.is_empty() {
            // The client gets no more answers, but may close the connection first.
            control.shutdown(std::net::Shutdown::Write)?;
            let _ = control.read_to_end(&mut Vec::new());
            return Ok(());
        }
    }
}

/// Returns the description of some devices, in the protocol's form.
fn devices(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut body = Vec::new();
    for _ in 0..choices.below(4) {
        let (name, text, addresses) = (choices.below(12), choices.below(12), choices.below(3));
        body.extend([
            0,
            name as u8,
            0,
            text as u8,
            0,
            0,
            0,
            choices.byte(),
            0,
            addresses as u8,
            0,
            0,
        ]);
        body.extend(vec![b'a'; name]);
        body.extend(vec![b'b'; text]);
        for _ in 0..addresses * 4 {
            let family = choices.pick(&[0, 2, 2, 23, 99]);
            body.extend([0, family]);
            body.extend(vec![choices.byte(); 126]);
        }
    }
    body
}

/// Sends packets on the connection for data, if the client connects in time.
fn send(listener: &TcpListener, choices: &mut Choices<'_>) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut connected = listener.accept();
    for _ in 0..40 {
        if connected.is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(1));
        connected = listener.accept();
    }
    let Ok((mut stream, _)) = connected else {
        return Ok(());
    };
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(LIMIT))?;
    for number in 0..choices.below(6) {
        let length = choices.below(120) as u32;
        let mut caplen = length;
        if choices.one_in(4) {
            caplen = choices.u32();
        }
        let header = [1, 2, caplen, caplen, number as u32]
            .map(u32::to_be_bytes)
            .concat();
        let mut sent = message(
            7,
            0,
            &[&header[..], &vec![number as u8; length as usize]].concat(),
        );
        // After a message of another length, the next one would begin somewhere else.
        let mut last = true;
        match choices.below(12) {
            0 => sent[1] = choices.byte(),
            1 => sent[4..8].copy_from_slice(&choices.u32().to_be_bytes()),
            2 => sent.truncate(choices.below(sent.len() + 1)),
            _ => last = false,
        }
        stream.write_all(&sent)?;
        if last {
            break;
        }
    }
    Ok(())
}
