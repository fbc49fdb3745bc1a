//! Devices that go away, change or stop, and namespaces.

use std::thread;
use std::time::Duration;

use super::Row;
use super::found::{Failure, Found};
use super::packets::{self, Packets};
use super::place::Place;
use super::process::Ended;

type Made = Result<Found, Failure>;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "device/deleted",
        fault: "the device is deleted",
        make: |place| goes_away(place, "", "ip link del left"),
    },
    Row {
        name: "device/deleted-immediate",
        fault: "the device is deleted, with --immediate-mode",
        make: |place| goes_away(place, "--immediate-mode", "ip link del left"),
    },
    Row {
        name: "device/peer-deleted",
        fault: "the other end of the pair is deleted",
        make: |place| goes_away(place, "", "ip link del right"),
    },
    Row {
        name: "device/moved",
        fault: "the device is moved to another namespace",
        make: |place| {
            let other = "unshare -n sleep 20 & other=$!; sleep 0.3; ip link set left netns $other; kill $other";
            goes_away(place, "", other)
        },
    },
    Row {
        name: "device/deleted-of-two",
        fault: "one of two devices is deleted: the other goes on",
        make: one_of_two,
    },
    Row {
        name: "device/deleted-of-any",
        fault: "`any` while a device is deleted and created again",
        make: any,
    },
    Row {
        name: "device/renamed",
        fault: "the device is set down, renamed and set up",
        make: |place| {
            let script = "ip link set left down; ip link set left name new; ip link set new up; \
                          ip neighbor replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev new";
            goes_on(place, script)
        },
    },
    Row {
        name: "device/down-up",
        fault: "the device is set down and up",
        make: |place| {
            let script = "ip link set left down; sleep 0.2; ip link set left up; \
                          ip neighbor replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev left";
            goes_on(place, script)
        },
    },
    Row {
        name: "device/mtu",
        fault: "the MTU becomes 9000, 576 and 1500",
        make: |place| {
            let script = "for mtu in 9000 576 1500; do ip link set left mtu $mtu; done";
            goes_on(place, script)
        },
    },
    Row {
        name: "device/address",
        fault: "the MAC address changes",
        make: |place| {
            goes_on(
                place,
                "ip link set left address 02:00:00:00:00:77; \
                                ip neighbor replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev left",
            )
        },
    },
    Row {
        name: "device/namespace",
        fault: "the name of the namespace is deleted, and all other processes leave it",
        make: namespace,
    },
    Row {
        name: "device/threads",
        fault: "the device is deleted under capture --threads 3",
        make: |place| goes_away(place, "--threads 3", "ip link del left"),
    },
    Row {
        name: "fanout/threads",
        fault: "capture --threads 4 under a flood",
        make: |place| {
            let mut packets = place.devices()?;
            let process = place.capture("--json --threads 4 -w o.pcap")?;
            packets.send(100_000);
            process.signal("INT")?;
            let ended = process.end()?;
            ended.expect(0, "")?;
            Ok(place.account(&ended, packets.sent, &place.files("o")?)?)
        },
    },
    Row {
        name: "replay/deleted",
        fault: "the device is deleted during a replay",
        make: |place| replay(place, "ip link del left"),
    },
    Row {
        name: "replay/down",
        fault: "the device is set down during a replay",
        make: |place| replay(place, "ip link set left down"),
    },
    Row {
        name: "replay/interrupted",
        fault: "SIGINT during a replay",
        make: |place| replay(place, "kill -INT $(cat id)"),
    },
];

/// All packets that had arrived are written, and the status is 1.
fn goes_away(place: &Place, options: &str, script: &str) -> Made {
    let mut packets = place.devices()?;
    let process = place.capture(&format!("--json {options} -w o.pcap"))?;
    packets.send(1000);
    place.prepare(script)?;
    let ended = process.end_within(Duration::from_secs(10))?;
    ended.expect(1, "disappeared")?;
    Ok(place.account(&ended, packets.sent, &place.files("o")?)?)
}

/// The capture goes on.
fn goes_on(place: &Place, script: &str) -> Made {
    let mut packets = place.devices()?;
    let process = place.capture("--json -w o.pcap")?;
    packets.send(500);
    place.prepare(script)?;
    packets.send(500);
    process.signal("INT")?;
    let ended = process.end()?;
    ended.expect(0, "")?;
    if packets.sent < 600 {
        return Err(format!("only {} packets could be sent", packets.sent).into());
    }
    Ok(place.account(&ended, packets.sent, &place.files("o.pcap")?)?)
}

fn one_of_two(place: &Place) -> Made {
    let mut packets = place.devices()?;
    place.prepare("ip link add other type veth peer name third && ip link set other up && ip link set third up")?;
    let process = place.capture("--json -i other -f 'udp dst port 9' -w o.pcapng")?;
    packets.send(500);
    place.prepare("ip link del other")?;
    thread::sleep(Duration::from_millis(500));
    packets.send(500);
    process.signal("INT")?;
    let ended = process.end()?;
    ended.expect(1, "disappeared")?;
    Ok(place.account(&ended, packets.sent, &place.files("o.pcapng")?)?)
}

fn any(place: &Place) -> Made {
    let mut packets = place.devices()?;
    let script = "exec pcap-capture -i any -Q out -f 'udp dst port 9' --json -w o.pcap";
    let mut process = place.start(script)?;
    process.wait_until("the capture", |it| it.stderr().contains("listening on"))?;
    packets.send(500);
    let first = packets.sent;
    let mut packets = place.devices()?;
    packets.send(500);
    process.signal("INT")?;
    let ended = process.end()?;
    ended.expect(0, "")?;
    // The numbers begin again, and link headers of `any` are longer.
    let (written, reported) = (ended.number("packets")?, ended.reported()?);
    let sent = first + packets.sent;
    Ok(Found {
        seen: format!("{}; {reported} reported", ended.summary()),
        before: sent,
        after: written,
        lost: sent.saturating_sub(written + reported),
    })
}

/// A process keeps its namespace.
fn namespace(place: &Place) -> Made {
    let mut packets = place.devices()?;
    let script = "unshare -n sh -c 'echo $$ > holder; exec sleep 20' & sleep 0.3; \
                  ip link set right netns $(cat holder) && nsenter -t $(cat holder) -n ip link set right up; \
                  exec nsenter -t $(cat holder) -n \
                  pcap-capture -i right -f 'udp dst port 9' --json -w o.pcap";
    let mut process = place.start(script)?;
    process.wait_until("the capture", |it| it.stderr().contains("listening on"))?;
    packets.send_within(200, Duration::from_millis(200));
    place.prepare("kill $(cat holder)")?;
    packets.send_within(200, Duration::from_millis(200));
    process.signal("INT")?;
    let ended = process.end()?;
    ended.expect(0, "")?;
    Ok(place.account(&ended, packets.sent, &place.files("o.pcap")?)?)
}

/// What a replay says that it has sent was sent.
fn replay(place: &Place, script: &str) -> Made {
    const COUNT: u64 = 20_000;
    place.savefile("in.pcap", COUNT)?;
    let _: Packets = place.devices()?;
    let capture = place.capture("--json -w o.pcap")?;
    let process = place.start("exec pcap-replay -i left --pps 10000 --json in.pcap")?;
    place.prepare(&format!("echo {} > id", process.id()))?;
    thread::sleep(Duration::from_millis(800));
    place.prepare(script)?;
    let ended: Ended = process.end()?;
    if !capture.stderr().contains("disappeared") {
        capture.signal("INT")?;
    }
    let captured = capture.end()?;
    let (after, _) = packets::count_once(&place.files("o.pcap")?)?;
    let sent = crate::flood::capture::count(&ended.stdout, "packets")?;
    if sent != after || captured.number("dropped")? > 0 {
        return Err(format!("{sent} sent, {after} captured: {}", ended.summary()).into());
    }
    let is_interrupted = script.contains("kill");
    if !is_interrupted {
        ended.expect(1, "not sent")?;
    }
    Ok(Found {
        seen: format!("{}; {sent} sent", ended.summary()),
        before: COUNT,
        after,
        lost: 0,
    })
}
