//! Every expression of `data/expressions.txt` compiles to what `tcpdump -d` prints, or fails in both.

use std::process::{Command, Stdio};

use pcap_core::{CompileOptions, Dlt, ErrorKind, Filter};

struct Row {
    valid: bool,
    dlt: &'static str,
    snaplen: u32,
    expression: &'static str,
}

/// Returns whether a condition of the table, such as `<1.11`, holds for the linked libpcap.
fn holds(condition: &str) -> bool {
    let number = condition.trim_start_matches(['<', '>', '=']);
    let mut wanted = [0; 3];
    for (wanted, part) in wanted.iter_mut().zip(number.split('.')) {
        *wanted = part.parse().expect("a version");
    }
    let libpcap = pcap_core::version();
    let this = [libpcap.major(), libpcap.minor(), libpcap.patch()];
    match condition.trim_end_matches(number) {
        "<" => this < wanted,
        ">" => this > wanted,
        ">=" => this >= wanted,
        other => panic!("unknown comparison {other}"),
    }
}

fn rows() -> Vec<Row> {
    include_str!("../data/expressions.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut columns = line.splitn(3, '\t');
            let dlt = columns.next().expect("a link type");
            let (valid, dlt) = match (dlt.strip_prefix('!'), dlt.split_once(' ')) {
                (Some(dlt), _) => (false, dlt),
                (None, Some((condition, dlt))) => (holds(condition), dlt),
                (None, None) => (true, dlt),
            };
            Row {
                valid,
                dlt,
                snaplen: columns
                    .next()
                    .expect("a snaplen")
                    .parse()
                    .expect("a number"),
                expression: columns.next().expect("an expression"),
            }
        })
        .collect()
}

/// Returns what tcpdump prints, or `None` if it fails. ci/test-versions names a tcpdump that uses the tested libpcap.
fn tcpdump(form: &str, row: &Row, options: &[&str]) -> Option<String> {
    let program = std::env::var_os("PCAP_TEST_TCPDUMP").unwrap_or_else(|| "tcpdump".into());
    let output = Command::new(program)
        .args([form, "-y", row.dlt, "-s", &row.snaplen.to_string()])
        .args(options)
        .args(["--", row.expression])
        .stdin(Stdio::null())
        .output()
        .expect("this test compares with tcpdump: install the `tcpdump` package");
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).expect("ASCII"))
}

fn compile(row: &Row, optimize: bool) -> pcap_core::Result<Filter> {
    let dlt: Dlt = row.dlt.parse().expect("a link type");
    let options = CompileOptions::new()
        .snaplen(row.snaplen)
        .optimize(optimize);
    options.compile(dlt, row.expression)
}

#[test]
fn the_table_is_large_and_varied() {
    let rows = rows();
    let valid = rows.iter().filter(|row| row.valid).count();
    let mut dlts: Vec<_> = rows.iter().map(|row| row.dlt).collect();
    dlts.sort_unstable();
    dlts.dedup();
    assert!(valid >= 220 && rows.len() - valid >= 40 && dlts.len() >= 20);
}

// Shows: parity/filter-instructions-instructions
#[test]
#[cfg_attr(
    emulated,
    ignore = "the machine's tcpdump compiles for its own byte order"
)]
fn listings_are_those_of_tcpdump() {
    for row in rows().iter().filter(|row| row.valid) {
        let (dlt, expression) = (row.dlt, row.expression);
        let filter = compile(row, true).unwrap_or_else(|e| panic!("{dlt} `{expression}`: {e}"));
        let theirs = tcpdump("-d", row, &[])
            .unwrap_or_else(|| panic!("tcpdump rejects {dlt} `{expression}`"));
        assert_eq!(format!("{filter}\n"), theirs, "{dlt} `{expression}`");
    }
}

// Shows: parity/filter-instructions-instructions
#[test]
#[cfg_attr(
    emulated,
    ignore = "the machine's tcpdump compiles for its own byte order"
)]
fn every_form_of_listing_is_tcpdumps() {
    for row in rows().iter().filter(|row| row.valid).step_by(4) {
        let filter = compile(row, true).unwrap();
        let c = tcpdump("-dd", row, &[]).unwrap();
        assert_eq!(filter.to_c_listing() + "\n", c, "{}", row.expression);
        let decimal = tcpdump("-ddd", row, &[]).unwrap();
        assert_eq!(
            filter.to_decimal_listing() + "\n",
            decimal,
            "{}",
            row.expression
        );
        let plain = compile(row, false).unwrap();
        let theirs = tcpdump("-d", row, &["-O"]).unwrap();
        assert_eq!(format!("{plain}\n"), theirs, "{}", row.expression);
    }
}

#[test]
fn what_libpcap_refuses_is_an_error() {
    for row in rows().iter().filter(|row| !row.valid) {
        let (dlt, expression) = (row.dlt, row.expression);
        assert_eq!(tcpdump("-d", row, &[]), None, "{dlt} `{expression}`");
        let error = match compile(row, true) {
            Ok(filter) => panic!("{dlt} `{expression}` compiles to\n{filter}"),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::FilterSyntax, "{error}");
        assert_eq!(error.operation(), Some("compile"));
        assert_eq!(error.object(), Some(expression));
        assert!(!error.text().is_empty());
    }
}

#[test]
fn what_libpcap_compiles_passes_our_check() {
    // Except those that jump backward, use kernel extensions or omit a store.
    for row in rows().iter().filter(|row| row.valid) {
        for optimize in [true, false] {
            let filter = compile(row, optimize).unwrap();
            let again = Filter::from_instructions(filter.datalink(), filter.instructions());
            let forgets = matches!(row.expression, "geneve or udp" | "pppoes");
            if row.expression.contains("protochain") || filter.uses_kernel_extensions() || forgets {
                continue;
            }
            let again = again.unwrap_or_else(|e| panic!("{} `{}`: {e}", row.dlt, row.expression));
            assert_eq!(again.instructions(), filter.instructions());
        }
    }
}
