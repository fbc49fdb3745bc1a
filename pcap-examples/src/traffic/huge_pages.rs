//! Large lists in huge pages of memory.
//!
//! Each packet reads and writes at several random places of such lists. With huge pages, the processor finds them
//! without reading page tables, and the kernel provides them with one page fault for 512 usual pages.

/// The size of a list for which huge pages are worth their memory, in bytes.
const LARGE: usize = 4 << 20;

/// Adds an item to a list. When a large list has to grow, it moves to huge pages, if the kernel has any.
#[inline]
pub(super) fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() {
        grow(list);
    }
    list.push(item);
}

#[cold]
fn grow<T>(list: &mut Vec<T>) {
    let capacity = list.capacity().saturating_mul(2);
    if capacity.saturating_mul(size_of::<T>()) < LARGE {
        return;
    }
    // Not `reserve`: it moves the pages of the list to another address, and so breaks huge pages into usual ones.
    let mut larger = Vec::with_capacity(capacity);
    advise(&mut larger);
    larger.append(list);
    *list = larger;
}

/// Asks the kernel for huge pages for an empty list.
#[cfg(target_os = "linux")]
fn advise<T>(list: &mut Vec<T>) {
    const HUGE: usize = 2 << 20;
    let memory = list.spare_capacity_mut();
    let start = memory.as_mut_ptr().cast::<libc::c_void>();
    let skipped = start.align_offset(HUGE);
    let Some(length) = size_of_val(memory).checked_sub(skipped) else {
        return;
    };
    // The result does not matter: without huge pages, everything is only slower.
    // SAFETY: The range is inside of the list's memory. The advice does not change its content.
    unsafe {
        libc::madvise(
            start.wrapping_byte_add(skipped),
            length & !(HUGE - 1),
            libc::MADV_HUGEPAGE,
        )
    };
}

#[cfg(not(target_os = "linux"))]
fn advise<T>(_list: &mut Vec<T>) {}
