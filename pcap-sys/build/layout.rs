//! A comparison of the structures of prebuilt bindings with those of the headers.

use crate::compiler::Compiler;
use crate::library::Library;
use crate::report;

/// Checks that the C compiler gives all structures the sizes and offsets that the bindings have. Warns if it cannot
/// read the headers.
pub(crate) fn check(compiler: &Compiler, library: &Library, bindings: &str) -> Result<(), String> {
    // With `-std=c99`, glibc would not declare the types that pcap.h uses.
    let mut program = "#define _DEFAULT_SOURCE 1\n".to_owned();
    for (name, value) in &library.defines {
        program.push_str(&format!(
            "#define {name} {}\n",
            value.as_deref().unwrap_or("1")
        ));
    }
    program.push_str("#include <stddef.h>\n#include <pcap/pcap.h>\n#include <pcap/namedb.h>\n");
    let headers_only = program.clone();
    for (claim, expression) in claims(bindings) {
        program.push_str(&format!("typedef char {claim}[({expression}) ? 1 : -1];\n"));
    }
    let folders = library.include_dirs.iter();
    let includes = folders.map(|folder| format!("-I{}", folder.display()));
    let Err(said) = compiler.accepts(&program, includes.clone()) else {
        return Ok(());
    };
    let Err(unread) = compiler.accepts(&headers_only, includes) else {
        return Err(said);
    };
    let warning = format!(
        "cannot compare the bindings of pcap-sys with pcap.h: the C compiler cannot read it{}",
        report::said(&unread)
    );
    println!("cargo::warning={}", warning.replace('\n', " "));
    Ok(())
}

/// Returns what the bindings claim about the structures: a name for each claim, and a C expression.
fn claims(bindings: &str) -> impl Iterator<Item = (String, String)> {
    // `["Size of pcap_stat"][::std::mem::size_of::<pcap_stat>() - 12usize];`
    bindings.split("[\"").skip(1).filter_map(|text| {
        let (what, rest) = text.split_once("\"]")?;
        let (value, _) = rest.split_once(" - ")?.1.split_once("usize")?;
        let value: usize = value.parse().ok()?;
        if let Some(name) = what.strip_prefix("Size of ").filter(|name| is_pcaps(name)) {
            let claim = format!("size_of_{name}_is_{value}");
            return Some((claim, format!("sizeof(struct {name}) == {value}")));
        }
        let (name, field) = what.strip_prefix("Offset of field: ")?.split_once("::")?;
        // bindgen appends a character to Rust's keywords, such as `type`.
        let field = field.trim_end_matches('_');
        let claim = format!("offset_of_{name}_{field}_is_{value}");
        is_pcaps(name).then(|| {
            (
                claim,
                format!("offsetof(struct {name}, {field}) == {value}"),
            )
        })
    })
}

/// Returns whether a structure is one of libpcap, or the time in them. The headers of Windows may lack others.
fn is_pcaps(name: &str) -> bool {
    name == "timeval" || name.starts_with("pcap_") || name.starts_with("bpf_")
}
