//! Expressions of any length end in bounded time and stack: 1.10.3 alone dies of about 2000 terms on a
//! stack of 2 MiB, and its optimizer takes minutes.

#[path = "support/cpu.rs"]
mod cpu;

use std::thread;
use std::time::Duration;

use cpu::cpu_time;
use pcap_core::{CompileOptions, Dlt, Error, ErrorKind, Filter};

const KIB: usize = 1024;

fn hosts(count: usize) -> String {
    let terms = (0..count).map(|i| format!("host 10.0.{}.{}", i / 256, i % 256));
    terms.collect::<Vec<_>>().join(" or ")
}

fn on_stack<T: Send>(size: usize, f: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .stack_size(size)
            .spawn_scoped(scope, f);
        thread.expect("a thread").join().expect("no panic")
    })
}

fn refused(dlt: Dlt, expression: &str, options: CompileOptions) -> Error {
    // Of the processor's time: the machine may be busy with other tests.
    let (result, took) = on_stack(2048 * KIB, || {
        let result = Filter::compile(dlt, expression, options);
        (result, cpu_time())
    });
    let error = result.unwrap_err();
    assert!(took < Duration::from_secs(1), "{took:?}: {error}");
    assert_eq!(error.kind(), ErrorKind::FilterTooLong, "{error}");
    assert_eq!(error.operation(), Some("compile"));
    error
}

/// libpcap 1.10.3 compiles 600 terms in 17 s and 5000 in minutes, and cannot be interrupted.
#[test]
fn five_thousand_terms_are_refused_at_once_and_the_limit_is_named() {
    for optimize in [true, false] {
        let options = CompileOptions::default().optimize(optimize);
        let error = refused(Dlt::EN10MB, &hosts(5000), options);
        assert!(error.text().contains("5000 terms"), "{error}");
        assert!(error.text().contains("limit of 400"), "{error}");
        assert!(error.object().unwrap().chars().count() <= 201);
    }
}

#[test]
fn every_way_of_writing_them_is_counted() {
    let options = CompileOptions::default();
    let list = (0..5000).map(|i| format!("10.0.{}.{}", i / 256, i % 256));
    let list = list.collect::<Vec<_>>();
    let implicit = format!("host ({})", list.join(" or "));
    let symbols = format!("host {}", list.join("||"));
    let addresses = vec!["ether host 0:1:2:3:4:5"; 5000].join("or ");
    let ports = vec!["port 80"; 301].join(" or ");
    let ranges = vec!["portrange 1-2"; 201].join("\nand\n");
    for expression in [&implicit, &symbols, &addresses, &ports, &ranges] {
        let error = refused(Dlt::EN10MB, expression, options);
        assert!(error.text().contains("terms, more than"), "{error}");
    }
    for (expression, what) in [
        (format!("ip[0]{} = 5", "+1".repeat(5000)), "operators"),
        (format!("{}len = 5", "-".repeat(5000)), "operators"),
        (" ".repeat(100_000), "bytes"),
        (format!("host {}", "a".repeat(100_000)), "bytes"),
    ] {
        let error = refused(Dlt::EN10MB, &expression, options);
        assert!(error.text().contains(what), "{error}");
    }
}

#[test]
fn nesting_is_no_danger() {
    // The parser keeps its own stack, and says so when it is full.
    for (depth, fits) in [(1000, true), (20_000, false)] {
        let parentheses = format!("{}tcp{}", "(".repeat(depth), ")".repeat(depth));
        let nots = "!".repeat(depth) + "tcp";
        for expression in [parentheses, nots] {
            let result = on_stack(128 * KIB, || {
                Filter::compile(Dlt::EN10MB, &expression, CompileOptions::default())
            });
            assert_eq!(result.is_ok(), fits, "depth {depth}");
        }
    }
    let negated = on_stack(128 * KIB, || {
        Filter::compile(
            Dlt::EN10MB,
            &format!("{}tcp", "not ".repeat(999)),
            CompileOptions::default(),
        )
    });
    let positive = Filter::compile(Dlt::EN10MB, "not tcp", CompileOptions::default()).unwrap();
    assert_eq!(negated.unwrap().instructions(), positive.instructions());
}

/// About 2000 terms overflow a stack of 2 MiB in libpcap 1.10.3.
#[test]
fn the_largest_that_is_optimized_compiles_on_a_small_stack() {
    let filter = on_stack(128 * KIB, || {
        Filter::compile(Dlt::EN10MB, &hosts(250), CompileOptions::default())
    });
    assert!(filter.unwrap().instructions().len() > 250);

    // The optimizer's own limit is found in a moment, not by waiting for it.
    // A host comes to 12 tests, since libpcap 1.11 to 9.
    let libpcap = pcap_core::version();
    let count = if (libpcap.major(), libpcap.minor()) < (1, 11) {
        300
    } else {
        400
    };
    let error = Filter::compile(Dlt::EN10MB, &hosts(count), CompileOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterTooLong);
    assert!(error.text().contains("3600 tests"), "{error}");
    assert!(error.text().contains("limit of 3000"), "{error}");
}

#[test]
fn the_largest_without_the_optimizer_compiles_on_a_small_stack() {
    let options = CompileOptions::default().optimize(false);
    for (dlt, expression) in [
        (Dlt::EN10MB, hosts(400)),
        (Dlt::IEEE802_11_RADIO, hosts(400)),
        (Dlt::EN10MB, vec!["port 80"; 300].join(" or ")),
        (Dlt::EN10MB, vec!["portrange 1-2"; 200].join(" or ")),
    ] {
        let filter = on_stack(128 * KIB, || Filter::compile(dlt, &expression, options));
        let filter = filter.unwrap();
        // Jumps over more than 255 instructions, which take an instruction of their own. libpcap 1.11 needs fewer
        // instructions than those before.
        let wanted = filter.instructions().len();
        assert!(wanted > 7_500, "{wanted}");
        assert!(!filter.matches(&[0; 60]));
    }
}

#[test]
fn what_compiles_on_the_callers_thread_needs_little_stack() {
    // The worst primitive of the worst link type, eight times; no thread of its own for it.
    let expression = ["wlan host 00:00:5e:00:53:01"; 8].join(" or ");
    for optimize in [true, false] {
        let options = CompileOptions::default().optimize(optimize);
        let filter = on_stack(128 * KIB, || {
            Filter::compile(Dlt::IEEE802_11_RADIO, &expression, options)
        });
        assert!(filter.is_ok());
    }
}
