//! Link types: the kind of header that packets start with, as numbered in savefiles and in libpcap's API.

mod dlt;
#[allow(clippy::module_inception)] // named after its type, as the other modules are
mod linktype;
mod table;

pub use dlt::Dlt;
pub use linktype::Linktype;

use table::Row;

/// Finds the link type with the given name, ignoring case and an optional prefix.
fn by_name<T: Copy>(rows: &[Row<T>], prefix: &str, name: &str) -> Option<T> {
    let name = without(prefix, name);
    rows.iter()
        .find(|row| without(prefix, row.name).eq_ignore_ascii_case(name))
        .map(|row| row.value)
}

/// Removes a prefix from a name, ignoring case.
#[inline]
fn without<'a>(prefix: &str, name: &'a str) -> &'a str {
    match name.split_at_checked(prefix.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(prefix) => rest,
        _ => name,
    }
}

/// The first number from which both numberings agree. Below it, they differ between systems, for historical reasons.
const FIRST_COMMON: u32 = 104;

/// Converts the number to the one used in savefiles. An unknown number is unchanged.
impl From<Dlt> for Linktype {
    #[inline]
    fn from(dlt: Dlt) -> Linktype {
        // On some systems, these two have different numbers in the common range.
        match dlt {
            Dlt::PFSYNC => return Linktype::PFSYNC,
            Dlt::PKTAP => return Linktype::PKTAP,
            _ => {}
        }
        let same = Linktype::new(dlt.value() as u32);
        if same.value() >= FIRST_COMMON {
            return same;
        }
        match dlt {
            Dlt::ATM_RFC1483 => Linktype::ATM_RFC1483,
            Dlt::RAW => Linktype::RAW,
            Dlt::SLIP_BSDOS => Linktype::SLIP_BSDOS,
            Dlt::PPP_BSDOS => Linktype::PPP_BSDOS,
            Dlt::HDLC => Linktype::NETBSD_HDLC,
            Dlt::ATM_CLIP => Linktype::ATM_CLIP,
            // Only reached on systems on which these two have numbers of their own.
            Dlt::LOOP => Linktype::LOOP,
            Dlt::ENC => Linktype::ENC,
            _ => same,
        }
    }
}

/// Converts the number to the one that libpcap uses on this system. An unknown number is unchanged.
impl From<Linktype> for Dlt {
    #[inline]
    fn from(linktype: Linktype) -> Dlt {
        match linktype {
            Linktype::PFSYNC => Dlt::PFSYNC,
            Linktype::PKTAP => Dlt::PKTAP,
            Linktype::ATM_CLIP => Dlt::ATM_CLIP,
            Linktype::ATM_RFC1483 => Dlt::ATM_RFC1483,
            Linktype::RAW => Dlt::RAW,
            Linktype::SLIP_BSDOS => Dlt::SLIP_BSDOS,
            Linktype::PPP_BSDOS => Dlt::PPP_BSDOS,
            other => Dlt::new(other.value() as i32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_number_of_the_table_is_its_own() {
        let api: std::collections::HashSet<_> = table::API.iter().map(|row| row.name).collect();
        assert_eq!(api.len(), table::API.len());
        let names: std::collections::HashSet<_> = table::FILE.iter().map(|row| row.name).collect();
        let numbers: std::collections::HashSet<_> =
            table::FILE.iter().map(|row| row.value).collect();
        assert_eq!(
            (names.len(), numbers.len()),
            (table::FILE.len(), table::FILE.len())
        );
    }

    #[test]
    fn a_prefix_is_taken_off_in_any_case_and_never_out_of_a_character() {
        assert_eq!(without("DLT_", "dlt_raw"), "raw");
        assert_eq!(without("DLT_", "raw"), "raw");
        assert_eq!(without("DLT_", "dl\u{e9}_raw"), "dl\u{e9}_raw");
        assert_eq!(without("DLT_", ""), "");
    }
}
