//! The parts of expressions.

use super::{MAX_DEPTH, Parts, Step};

/// Returns the parts of at most `terms` terms, and the operators after them.
fn split(expression: &str, terms: usize) -> Option<String> {
    let parts = Parts::of_at_most(expression, terms).unwrap();
    let steps = parts.steps.as_ref()?.iter().map(|step| match step {
        Step::Part(part) => format!("[{}]", parts.text(part)),
        Step::Not => "not".to_owned(),
        Step::And => "and".to_owned(),
        Step::Or => "or".to_owned(),
    });
    Some(steps.collect::<Vec<_>>().join(" "))
}

/// The operators follow their operands. `and` and `or` have the same precedence.
#[test]
fn expressions_are_split_into_parts() {
    for (expression, terms, parts) in [
        ("ip", 1, "[ip]"),
        ("ip or tcp", 1, "[ip] [tcp] or"),
        ("ip or tcp", 2, "[ip or tcp]"),
        ("ip or tcp or udp", 2, "[ip or tcp] [udp] or"),
        (
            "ip or tcp and udp or arp",
            2,
            "[ip or tcp] [udp] and [arp] or",
        ),
        (
            "ip or tcp and udp or arp",
            3,
            "[(ip or tcp) and udp] [arp] or",
        ),
        ("ip and (tcp or udp)", 1, "[ip] [tcp] [udp] or and"),
        ("ip and (tcp or udp)", 2, "[ip] [tcp or udp] and"),
        ("ip and (tcp or udp)", 3, "[ip and (tcp or udp)]"),
        ("not ip or tcp", 2, "[not ip or tcp]"),
        ("not (ip or tcp)", 2, "[not (ip or tcp)]"),
        ("not (ip or tcp)", 1, "[ip] [tcp] or not"),
        (
            "(ip or tcp) and (udp or arp)",
            2,
            "[ip or tcp] [udp or arp] and",
        ),
        (
            "(ip or tcp) and (udp or arp)",
            4,
            "[(ip or tcp) and (udp or arp)]",
        ),
        ("tcp[(0)] = 1 or udp", 1, "[tcp[(0)] = 1] [udp] or"),
        ("ip or 5 < len", 1, "[ip] [5 < len] or"),
        ("src or dst host 1.2.3.4", 1, "[src or dst host 1.2.3.4]"),
        (
            "ether host 1:2:3:4:5:6 or ip",
            1,
            "[ether host 1:2:3:4:5:6] [ip] or",
        ),
    ] {
        assert_eq!(
            split(expression, terms).as_deref(),
            Some(parts),
            "{expression}"
        );
    }
    for invalid in [
        "",
        "ip or",
        "(ip",
        "tcp[0] = 1 or 2",
        "len > 5 and 3",
        "(tcp[(0 or 1)",
        "-5 or 3",
        "(ip) or 5",
        "ip || 5",
        "vpi (1 or 2) or 3",
    ] {
        assert_eq!(split(invalid, 1), None, "{invalid}");
    }
}

/// A number or a name alone takes over the words of the term before it.
#[test]
fn lists_repeat_their_first_words() {
    for (expression, terms, parts) in [
        (
            "host 10.0.0.1 or 10.0.0.2",
            1,
            "[host 10.0.0.1] [host 10.0.0.2] or",
        ),
        (
            "host (10.0.0.1 or 10.0.0.2)",
            1,
            "[host 10.0.0.1] [host 10.0.0.2] or",
        ),
        (
            "host (10.0.0.1 or 10.0.0.2) and port 80",
            2,
            "[host 10.0.0.1 or host 10.0.0.2] [port 80] and",
        ),
        (
            "port 80 or 81 or 82 or 83",
            2,
            "[port 80 or port 81] [port 82 or port 83] or",
        ),
        ("ip proto (1 or 2)", 1, "[ip proto 1] [ip proto 2] or"),
        ("vpi (1 or 2) or ip", 1, "[vpi 1] [vpi 2] or [ip] or"),
        (
            "tcp port (80 or 443) or udp",
            1,
            "[tcp port 80] [tcp port 443] or [udp] or",
        ),
        (
            "tcp port (80 or 443) or 22",
            1,
            "[tcp port 80] [tcp port 443] or [tcp port 22] or",
        ),
    ] {
        assert_eq!(
            split(expression, terms).as_deref(),
            Some(parts),
            "{expression}"
        );
    }
}

/// A term that shifts headers comes before the terms after it. What is joined otherwise cannot be split.
#[test]
fn terms_that_shift_headers_are_repeated() {
    for (expression, parts, splittable) in [
        ("vlan 1 and ip", "[vlan 1] [vlan 1 and (ip)] and", true),
        ("(ip or tcp) and udp", "[ip] [tcp] or [udp] and", true),
        (
            "ip or vlan 1 and tcp",
            "[ip] [vlan 1] or [vlan 1 and (tcp)] and",
            false,
        ),
        (
            "ip and vlan 1 or tcp",
            "[ip] [vlan 1] and [vlan 1 and (tcp)] or",
            false,
        ),
        (
            "(ip and not vlan 1) and tcp",
            "[ip] [not vlan 1] and [vlan 1 and (tcp)] and",
            false,
        ),
    ] {
        assert_eq!(split(expression, 1).as_deref(), Some(parts));
        let found = Parts::of_at_most(expression, 1).unwrap();
        assert_eq!(found.splittable, splittable, "{expression}");
    }
}

/// A name may resolve to many addresses; numbers and libpcap's own words do not.
#[test]
fn names_and_terms_are_counted() {
    for (expression, terms, names) in [
        ("ip", 1, false),
        ("ip and tcp port 80 or 81", 3, false),
        ("port http", 1, true),
        ("host example", 1, true),
        ("portrange 1-5", 1, false),
        ("portrange a-b", 1, true),
        ("port 1-5", 1, true),
        ("ip # or tcp or udp", 1, false),
    ] {
        let parts = Parts::of(expression).unwrap();
        assert_eq!((parts.terms, parts.names), (terms, names), "{expression}");
        assert_eq!(parts.are_few(), !names, "{expression}");
    }
    let many = "ip or ".repeat(64) + "ip";
    assert!(!Parts::of(&many).unwrap().are_few());
}

/// libpcap takes too long for more operators in a comparison.
#[test]
fn arithmetic_has_a_limit() {
    let sum = |count| format!("ip[0]{} = 5", "+1".repeat(count));
    assert!(Parts::of(&sum(13_000)).is_ok());
    let why = Parts::of(&sum(14_000)).unwrap_err();
    assert!(why.contains("operators"), "{why}");
}

#[test]
fn parentheses_have_a_limit() {
    let nested = |depth: usize| format!("{}ip{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(split(&nested(MAX_DEPTH - 1), 1).as_deref(), Some("[ip]"));
    assert_eq!(split(&nested(MAX_DEPTH), 1), None);
}
