//! Measures reading savefiles beside plain C on the same libpcap.
//!
//! Each figure is the median of several runs in processes of their own, one after the other and in
//! turns, over the same warm files, in nanoseconds of processor time per packet. Only the ratios mean something on a
//! machine that is shared.

mod input;
mod work;

use std::path::Path;
use std::process::{Command, ExitCode};

use clap::Parser;
use input::Input;
use work::Work;

/// Measure pcap-core beside plain C: nanoseconds per packet, and ratios.
#[derive(Parser)]
struct Arguments {
    /// How often each thing is measured; the median counts
    #[arg(long, default_value_t = 9)]
    runs: usize,
    /// A hundredth of the packets: to see that all works, not to measure
    #[arg(long)]
    quick: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Do one piece of work on one file and print its nanoseconds per packet
    #[arg(long, hide = true, num_args = 2, value_names = ["WORK", "FILE"])]
    one: Option<Vec<String>>,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some([work, file]) = arguments.one.as_deref() {
        let work = Work::ALL.into_iter().find(|w| w.name() == work);
        let nanos = work.ok_or("no such work")?.measure(Path::new(file))?;
        println!("{nanos}");
        return Ok(());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    std::fs::create_dir_all(&folder)?;
    let mut rows = Vec::new();
    for input in Input::ALL {
        let file = input.file(&folder, arguments.quick)?;
        let mut runs = vec![Vec::new(); Work::ALL.len()];
        for run in 0..=arguments.runs.max(1) {
            for (work, nanos) in Work::ALL.into_iter().zip(&mut runs) {
                let took = in_a_process(work, &file)?;
                // The first round warms the file.
                if run > 0 {
                    nanos.push(took);
                }
            }
        }
        let medians = runs.into_iter().map(median).collect::<Vec<f64>>();
        rows.push((input, medians));
    }
    if arguments.json {
        print_json(&rows);
    } else {
        print_table(&rows);
    }
    Ok(())
}

fn in_a_process(work: Work, file: &Path) -> Result<f64, Failure> {
    let output = Command::new(std::env::current_exe()?)
        .args(["--one", work.name()])
        .arg(file)
        .output()?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{}: {error}", work.name()).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The piece of work in C that another is compared with.
fn ratio(work: Work, medians: &[f64]) -> f64 {
    let of = |wanted: Work| {
        let index = Work::ALL.iter().position(|w| *w == wanted);
        index.map_or(f64::NAN, |index| medians[index])
    };
    of(work) / of(work.peer())
}

fn print_table(rows: &[(Input, Vec<f64>)]) {
    println!("libpcap: {}", pcap_core::version());
    println!("{:<34} {:>12} {:>12}", "", "ns/packet", "ratio to C");
    for (input, medians) in rows {
        for (work, nanos) in Work::ALL.into_iter().zip(medians) {
            let label = format!("{} {}", input.name(), work.name());
            println!("{label:<34} {nanos:>12.1} {:>12.2}", ratio(work, medians));
        }
    }
}

fn print_json(rows: &[(Input, Vec<f64>)]) {
    let rows: Vec<_> = rows
        .iter()
        .flat_map(|(input, medians)| {
            Work::ALL
                .into_iter()
                .zip(medians)
                .map(move |(work, nanos)| {
                    serde_json::json!({
                        "input": input.name(),
                        "work": work.name(),
                        "ns_per_packet": nanos,
                        "peer": work.peer().name(),
                        "ratio": ratio(work, medians),
                    })
                })
        })
        .collect();
    let document = serde_json::json!({
        "libpcap": pcap_core::version().to_string(),
        "rows": rows,
    });
    println!("{document:#}");
}
