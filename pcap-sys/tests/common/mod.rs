//! Everything that is bound, with what rustc makes of it.
#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod surface;

use std::ffi::{
    c_char, c_int, c_long, c_longlong, c_schar, c_short, c_uchar, c_uint, c_ulong, c_ulonglong,
    c_ushort,
};
use std::sync::LazyLock;

use surface::Surface;

/// What the bindings of this build declare.
pub static SURFACE: LazyLock<Surface<'_>> =
    LazyLock::new(|| Surface::read(include_str!(concat!(env!("OUT_DIR"), "/bindings.rs"))));

macro_rules! exported {
    ($($name:ident)*) => {
        /// Returns the functions that libpcap exports, with their addresses: the linker has to find each.
        pub fn exported() -> Vec<(&'static str, *const ())> {
            vec![$((stringify!($name), pcap_sys::$name as *const ())),*]
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/exported.rs"));

/// Returns the functions that the header declares and libpcap does not export.
pub fn not_exported() -> Vec<&'static str> {
    let exported = exported();
    let is_exported = |name: &&str| exported.iter().any(|(other, _)| other == name);
    let functions = SURFACE.functions.iter().copied();
    functions.filter(|name| !is_exported(name)).collect()
}

/// Returns the type aliases with their size and alignment.
pub fn types() -> Vec<(&'static str, usize, usize)> {
    let types = SURFACE.types.iter();
    types
        .map(|(name, of)| {
            let (size, align) = layout(of);
            (*name, size, align)
        })
        .collect()
}

/// Returns the size and alignment of a type by its name.
fn layout(name: &str) -> (usize, usize) {
    fn of<T>() -> (usize, usize) {
        (size_of::<T>(), align_of::<T>())
    }
    if let Some((_, aliased)) = SURFACE.types.iter().find(|(alias, _)| *alias == name) {
        return layout(aliased);
    }
    if let Some(known) = SURFACE.structs.iter().find(|known| known.name == name) {
        return (known.size, known.align);
    }
    match name {
        "c_char" => of::<c_char>(),
        "c_schar" => of::<c_schar>(),
        "c_short" => of::<c_short>(),
        "c_uchar" => of::<c_uchar>(),
        "c_ushort" => of::<c_ushort>(),
        "c_int" => of::<c_int>(),
        "c_uint" => of::<c_uint>(),
        "c_long" => of::<c_long>(),
        "c_longlong" => of::<c_longlong>(),
        "c_ulong" => of::<c_ulong>(),
        "c_ulonglong" => of::<c_ulonglong>(),
        "usize" => of::<usize>(),
        "*" => of::<*const ()>(),
        // Of a function.
        "Option" => of::<Option<fn()>>(),
        _ => panic!("the bindings have a type `{name}`, whose size is not known"),
    }
}
