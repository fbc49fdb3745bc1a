use std::time::Duration;

use etherparse::PacketBuilder;
use pcap_core::{Dlt, Packet, Timestamp};

use super::*;

/// Returns an Ethernet frame from one host to another, with a payload of this length.
fn udp_frame(from: u8, to: u8, ports: [u16; 2], payload: &[u8]) -> Vec<u8> {
    let builder = PacketBuilder::ethernet2([2, 0, 0, 0, 0, from], [2, 0, 0, 0, 0, to])
        .ipv4([10, 0, 0, from], [10, 0, 0, to], 64)
        .udp(ports[0], ports[1]);
    let mut frame = Vec::new();
    builder.write(&mut frame, payload).unwrap();
    frame
}

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000, 1000 * milliseconds)
}

fn endpoint(text: &str) -> Endpoint {
    match text.parse() {
        Ok(socket) => Endpoint::Socket(socket),
        Err(_) => Endpoint::Ip(text.parse().unwrap()),
    }
}

#[test]
fn both_directions_are_one_conversation() {
    let mut traffic = Traffic::new(TrafficLimits::default());
    let there = udp_frame(2, 1, [5000, 7], &[0; 100]);
    let back = udp_frame(1, 2, [7, 5000], &[0; 20]);
    for (time, frame) in [(5, &there), (9, &back), (7, &there)] {
        traffic.count(Dlt::EN10MB, Packet::whole(at(time), frame));
    }
    let expected = |packets, bytes| Counts { packets, bytes };
    for (layer, a, b) in [
        (Layer::Udp, "10.0.0.2:5000", "10.0.0.1:7"),
        (Layer::Ipv4, "10.0.0.2", "10.0.0.1"),
    ] {
        assert_eq!(
            traffic.conversations(layer),
            [Conversation {
                a: endpoint(a),
                b: endpoint(b),
                a_to_b: expected(2, 284),
                b_to_a: expected(1, 62),
                first: Some(at(5)),
                last: Some(at(9)),
                tcp: None,
            }]
        );
    }
    assert_eq!(traffic.conversations(Layer::Ethernet)[0].both().bytes, 346);
    let hosts = traffic.endpoints(Layer::Ipv4);
    assert_eq!(hosts[0].endpoint, endpoint("10.0.0.1"));
    assert_eq!(
        (hosts[0].sent, hosts[0].received),
        (expected(1, 62), expected(2, 284))
    );
    assert_eq!(traffic.times(), Some((at(5), at(9))));
    let tree = traffic.protocols();
    let names: Vec<_> = tree
        .iter()
        .map(|node| (node.depth, node.name, node.packets))
        .collect();
    assert_eq!(names, [(0, "eth", 3), (1, "ip", 3), (2, "udp", 3)]);
    assert!(traffic.omitted().is_empty());
}

#[test]
fn lengths_have_the_ranges_of_tshark() {
    let mut lengths = Lengths::new();
    for length in [0, 19, 20, 39, 40, 79, 80, 5119, 5120, u32::MAX] {
        lengths.add(length);
    }
    let list = lengths.list();
    let counts: Vec<_> = list.iter().map(|range| range.packets).collect();
    assert_eq!(counts, [2, 2, 2, 1, 0, 0, 0, 0, 1, 2]);
    assert_eq!((list[1].from, list[1].to), (20, 39));
    assert_eq!((list[9].from, list[9].to), (5120, u32::MAX));
    assert_eq!((list[1].shortest, list[1].longest), (20, 39));
    assert_eq!((list[4].shortest, list[4].longest), (0, 0));
}

#[test]
fn times_far_apart_need_few_buckets() {
    let mut traffic = Traffic::new(TrafficLimits::default());
    let frame = udp_frame(1, 2, [1, 2], &[]);
    let times = [0, 4_102_444_800, 1, i64::MAX, i64::MIN, -5].map(|secs| Timestamp::new(secs, 5));
    for time in times {
        traffic.count(Dlt::EN10MB, Packet::whole(time, &frame));
    }
    let rates = traffic.rates();
    assert!(rates.buckets.len() <= 4096, "{}", rates.buckets.len());
    assert_eq!(
        rates
            .buckets
            .iter()
            .map(|bucket| bucket.packets)
            .sum::<u64>(),
        6
    );
    let fewer = rates.with_at_most(10);
    assert!(fewer.buckets.len() <= 10);
    assert_eq!(
        fewer
            .buckets
            .iter()
            .map(|bucket| bucket.packets)
            .sum::<u64>(),
        6
    );
}

/// Times beyond what nanoseconds can express count at the last one, also with the shortest interval.
#[test]
fn intervals_end_with_the_last_time() {
    let mut traffic = Traffic::new(TrafficLimits {
        rate_interval: Duration::from_nanos(1),
        ..TrafficLimits::default()
    });
    let frame = udp_frame(1, 2, [1, 2], &[]);
    for seconds in [i64::MAX, i64::MAX / 2, i64::MIN, 0, i64::MAX] {
        let time = Timestamp::new(seconds, 0);
        traffic.count(Dlt::EN10MB, Packet::whole(time, &frame));
        let rates = traffic.rates();
        assert!(rates.buckets.len() <= 4096);
    }
    let rates = traffic.rates();
    let packets: u64 = rates.buckets.iter().map(|bucket| bucket.packets).sum();
    assert_eq!(packets, 5);
    assert!(rates.with_at_most(2).buckets.len() <= 2);
}

#[test]
fn layers_with_conversations_are_known() {
    let mut traffic = Traffic::new(TrafficLimits::default());
    let has = |traffic: &Traffic| Layer::ALL.map(|layer| traffic.has(layer));
    assert_eq!(has(&traffic), [false; 6]);
    let frame = udp_frame(1, 2, [1, 2], &[]);
    traffic.count(Dlt::EN10MB, Packet::whole(at(0), &frame));
    assert_eq!(has(&traffic), [true, true, false, false, true, false]);
    assert_eq!(
        has(&traffic),
        Layer::ALL.map(|layer| !traffic.conversations(layer).is_empty())
    );
}

#[test]
fn intervals_become_longer_when_there_are_too_many() {
    let limits = TrafficLimits {
        rate_buckets: 4,
        ..TrafficLimits::default()
    };
    let mut traffic = Traffic::new(limits);
    let frame = udp_frame(1, 2, [1, 2], &[]);
    for milliseconds in [0, 1, 2, 3] {
        traffic.count(Dlt::EN10MB, Packet::whole(at(milliseconds), &frame));
    }
    assert_eq!(traffic.rates().interval, Duration::from_millis(1));
    traffic.count(Dlt::EN10MB, Packet::whole(at(-1), &frame));
    let rates = traffic.rates();
    assert_eq!(rates.interval, Duration::from_millis(5));
    assert_eq!(rates.start, at(-5));
    let packets: Vec<_> = rates.buckets.iter().map(|bucket| bucket.packets).collect();
    assert_eq!(packets, [1, 4]);
}

/// Intervals are those that people use, and beyond a day doubled. Each begins at a multiple of its length.
#[test]
fn intervals_are_those_of_people() {
    let mut traffic = Traffic::new(TrafficLimits {
        rate_buckets: 2,
        ..TrafficLimits::default()
    });
    let frame = udp_frame(1, 2, [1, 2], &[]);
    let (mut count, mut intervals) = (0, Vec::new());
    for milliseconds in (0..44).map(|power| 1_i64 << power) {
        traffic.count(Dlt::EN10MB, Packet::whole(at(milliseconds), &frame));
        count += 1;
        let rates = traffic.rates();
        let interval = rates.interval.as_millis() as i64;
        let start = rates.start.secs() * 1000 + i64::from(rates.start.subsec_nanos()) / 1_000_000;
        assert_eq!(start % interval, 0);
        assert_eq!(
            rates
                .buckets
                .iter()
                .map(|bucket| bucket.packets)
                .sum::<u64>(),
            count
        );
        intervals.push(interval);
    }
    intervals.dedup();
    assert_eq!(intervals[..4], [1, 5, 10, 50]);
    for seconds in [30, 60, 3600, 86_400, 172_800] {
        assert!(intervals.contains(&(1000 * seconds)), "{intervals:?}");
    }
    let mut traffic = Traffic::new(TrafficLimits {
        rate_interval: Duration::from_secs(7),
        ..TrafficLimits::default()
    });
    traffic.count(Dlt::EN10MB, Packet::whole(at(20_000), &frame));
    let rates = traffic.rates();
    assert_eq!((rates.start.secs() % 7, rates.interval.as_secs()), (0, 7));
}

#[test]
fn dns_names_count_queries_responses_and_errors() {
    let mut traffic = Traffic::new(TrafficLimits::default());
    let message = |flags: u16, name: &str| {
        let mut message = [7, flags, 1, 0, 0, 0].map(u16::to_be_bytes).concat();
        for label in name.split('.') {
            message.push(label.len() as u8);
            message.extend(label.bytes());
        }
        message.extend([0, 0, 1, 0, 1]);
        message
    };
    for (flags, ports, name) in [
        (0x0100, [4000, 53], "www.Example.com"),
        (0x8180, [53, 4000], "www.example.com"),
        (0x8183, [53, 4000], "www.example.com"),
        (0x0100, [4000, 53], "b.example"),
    ] {
        let frame = udp_frame(1, 2, ports, &message(flags, name));
        traffic.count(Dlt::EN10MB, Packet::whole(at(0), &frame));
    }
    let count = |name: &str, queries, responses, errors| DnsCount {
        name: name.into(),
        queries,
        responses,
        errors,
    };
    assert_eq!(
        traffic.dns(),
        [
            count("www.example.com", 1, 2, 1),
            count("b.example", 1, 0, 0)
        ]
    );
}

#[test]
fn merging_is_counting_all_packets() {
    let frames: Vec<_> = (0..40)
        .map(|n: u8| udp_frame(n % 5, n % 3, [n.into(), 53], &[n; 30]))
        .collect();
    let mut whole = Traffic::new(TrafficLimits::default());
    let mut parts = [whole.clone(), whole.clone()];
    for (n, frame) in frames.iter().enumerate() {
        let packet = Packet::whole(at(n as i64 * 77), frame);
        whole.count(Dlt::EN10MB, packet);
        parts[n / 15 % 2].count(Dlt::EN10MB, packet);
    }
    let [mut merged, second] = parts;
    merged.merge(second);
    assert_eq!(merged.totals(), whole.totals());
    assert_eq!(merged.rates(), whole.rates());
    assert_eq!(merged.lengths(), whole.lengths());
    assert_eq!(merged.protocols(), whole.protocols());
    assert_eq!(merged.dns(), whole.dns());
    assert_eq!(merged.hosts_over_time(), whole.hosts_over_time());
    for layer in Layer::ALL {
        assert_eq!(merged.conversations(layer), whole.conversations(layer));
        assert_eq!(merged.endpoints(layer), whole.endpoints(layer));
    }
}

#[test]
fn damaged_packets_are_counted() {
    let mut traffic = Traffic::new(TrafficLimits::default());
    let frame = udp_frame(1, 2, [1, 2], &[0; 20]);
    let mut packets = 0;
    for length in 0..frame.len() {
        for position in 0..length {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = frame[..length].to_vec();
                damaged[position] ^= value;
                for linktype in [Dlt::EN10MB, Dlt::RAW, Dlt::NULL, Dlt::LINUX_SLL, Dlt::PPP] {
                    let packet = Packet::whole(at(0), &damaged);
                    traffic.count(linktype, packet);
                    packets += 1;
                }
            }
        }
    }
    assert_eq!(traffic.totals().packets, packets);
}

/// A generator of numbers that look random (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }
}

/// Returns a frame of TCP or UDP between a few hosts, or of another protocol.
fn any_frame(random: &mut Random) -> Vec<u8> {
    let [from, to] = [0; 2].map(|_: u8| random.below(6) as u8);
    let ports = [0; 2].map(|_: u8| random.below(4) as u16 + 50);
    let macs = [0; 2].map(|_: u8| [2, 0, 0, 0, 0, random.below(3) as u8]);
    let payload = vec![7; random.below(100) as usize];
    let link = PacketBuilder::ethernet2(macs[0], macs[1]);
    let mut frame = Vec::new();
    let v6 = |host| [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host];
    match random.below(5) {
        0 => {
            let step = link.ipv6(v6(from), v6(to), 64).udp(ports[0], ports[1]);
            step.write(&mut frame, &payload).unwrap();
        }
        1 => {
            let step =
                link.single_vlan(5.try_into().unwrap())
                    .ipv4([10, 0, 0, from], [10, 0, 0, to], 64);
            step.udp(ports[0], ports[1])
                .write(&mut frame, &payload)
                .unwrap();
        }
        2 => {
            let step = link.ipv4([10, 0, 0, from], [10, 0, 0, to], 64);
            step.icmpv4_echo_request(1, 2)
                .write(&mut frame, &payload)
                .unwrap();
        }
        _ => {
            let step = link.ipv4([10, 0, 0, from], [10, 0, 0, to], 64);
            let sequence = random.below(200) as u32;
            let mut step = step.tcp(ports[0], ports[1], sequence, 1000);
            step = match random.below(8) {
                0 => step.syn(),
                1 => step.rst(),
                _ => step.ack(random.below(200) as u32),
            };
            step.write(&mut frame, &payload).unwrap();
        }
    }
    frame
}

#[test]
fn frequent_headers_are_read_like_all_others() {
    let mut random = Random(5);
    let (mut layers, mut frequent) = (Layers::default(), 0);
    for _ in 0..20_000 {
        let mut data = any_frame(&mut random);
        let (linktype, at) = match random.below(3) {
            0 => (Dlt::RAW, 14),
            _ => (Dlt::EN10MB, 0),
        };
        data.drain(..at);
        if random.below(2) == 0 {
            let position = random.below(data.len() as u64) as usize;
            data[position] = random.next() as u8;
        }
        if random.below(4) == 0 {
            data.truncate(random.below(data.len() as u64) as usize);
        }
        let Some(headers) = fast::headers(linktype, &data) else {
            continue;
        };
        frequent += 1;
        let dns = walk::walk(linktype, &data, &mut layers);
        let protocols: Vec<_> = fast::protocols(headers.path).collect();
        assert_eq!((&layers.protocols, dns), (&protocols, None));
        assert_eq!(
            layers.keys.last(),
            Some(&(headers.key, headers.is_reversed))
        );
        assert_eq!(layers.keys.len(), 1 + usize::from(linktype == Dlt::EN10MB));
        assert_eq!(layers.segment, headers.segment);
    }
    assert!(frequent > 5000, "{frequent}");
}

#[test]
fn parts_merge_to_the_whole() {
    for seed in 1..6 {
        let mut random = Random(seed);
        let frames: Vec<_> = (0..3000).map(|_| any_frame(&mut random)).collect();
        let mut whole = Traffic::new(TrafficLimits::default());
        let mut parts: Vec<Traffic> = Vec::new();
        for (number, frame) in frames.iter().enumerate() {
            if random.below(700) == 0 || number == 0 {
                let limits = TrafficLimits::default();
                let next = parts.last_mut().map(|part| part.successor(limits));
                parts.push(next.unwrap_or_else(|| Traffic::new(limits)));
            }
            let packet = Packet::whole(at(number as i64 * 3), frame);
            whole.count(Dlt::EN10MB, packet);
            parts.last_mut().unwrap().count(Dlt::EN10MB, packet);
        }
        let mut merged = Traffic::new(TrafficLimits::default());
        parts.into_iter().for_each(|part| merged.merge(part));
        assert_eq!(merged.totals(), whole.totals());
        assert_eq!(merged.rates(), whole.rates());
        assert_eq!(merged.protocols(), whole.protocols());
        assert_eq!(merged.hosts_over_time(), whole.hosts_over_time());
        assert_eq!(merged.omitted(), whole.omitted());
        for layer in Layer::ALL {
            assert_eq!(merged.endpoints(layer), whole.endpoints(layer));
            assert_eq!(merged.conversations(layer), whole.conversations(layer));
        }
        assert_eq!(merged.tcp(), whole.tcp());
    }
}

#[test]
fn memory_is_bounded_and_sums_are_exact() {
    let limits = TrafficLimits {
        conversations: 1000,
        hosts: 16,
        dns_names: 10,
        ..TrafficLimits::default()
    };
    let mut traffic = Traffic::new(limits);
    let mut random = Random(9);
    let mut frame = udp_frame(1, 2, [1, 2], &[0; 20]);
    let count = 200_000;
    for number in 0..count {
        // All addresses and ports are random, and there are a few link-layer addresses at first.
        if number > count / 2 {
            frame[6..12].copy_from_slice(&random.next().to_be_bytes()[..6]);
        }
        frame[26..34].copy_from_slice(&random.next().to_be_bytes());
        frame[34..38].copy_from_slice(&random.next().to_be_bytes()[..4]);
        let time = Timestamp::new(random.below(1 << 33) as i64, 0);
        traffic.count(Dlt::EN10MB, Packet::whole(time, &frame));
    }
    let omitted = traffic.omitted();
    for layer in [Layer::Ethernet, Layer::Ipv4, Layer::Udp] {
        let conversations = traffic.conversations(layer);
        assert!(
            conversations.len() <= 2001,
            "{} of {layer:?}",
            conversations.len()
        );
        let listed: u64 = conversations.iter().map(|one| one.both().packets).sum();
        let others = omitted.conversations.iter().find(|(of, _)| *of == layer);
        assert_eq!(
            listed + others.map_or(0, |(_, counts)| counts.packets),
            count
        );
    }
    let hosts = traffic.hosts_over_time();
    assert!(hosts.hosts.len() <= 16 && hosts.others.len() <= 128);
    let rows = hosts
        .hosts
        .iter()
        .map(|host| &host.bytes)
        .chain([&hosts.others]);
    let bytes: u64 = rows.flatten().sum();
    assert_eq!(bytes, 2 * traffic.totals().bytes);
}

#[test]
fn names_beyond_the_limit_are_counted_as_omitted() {
    let mut traffic = Traffic::new(TrafficLimits {
        dns_names: 10,
        ..TrafficLimits::default()
    });
    for number in 0..30_u8 {
        let message = [
            &[0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1][..],
            &[b'a' + number % 26, 0, 0, 1, 0, 1],
        ]
        .concat();
        let frame = udp_frame(1, 2, [4000, 53], &message);
        traffic.count(Dlt::EN10MB, Packet::whole(at(0), &frame));
    }
    assert_eq!(traffic.dns().len(), 10);
    let listed: u64 = traffic.dns().iter().map(|name| name.queries).sum();
    assert_eq!(listed + traffic.omitted().dns_messages, 30);
}

#[test]
fn records_fill_whole_cache_lines() {
    assert_eq!(size_of::<records::Record>(), 128);
    assert_eq!(size_of::<connection::Connection>(), 192);
}
