//! Reading and sending do not allocate, as counted by the allocator of this program.

mod count;
#[cfg(all(target_os = "linux", not(emulated)))] // no packet sockets in qemu-user
mod live;
mod savefile;

#[path = "../support/mod.rs"]
mod support;

use std::alloc::{GlobalAlloc, Layout, System};

/// An allocator that counts, for each thread and for the process.
struct Counting;

// SAFETY: forwards everything to the system's allocator; the counters are plain numbers.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count::add_one();
        // SAFETY: the caller's guarantee.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's guarantee.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count::add_one();
        // SAFETY: the caller's guarantee.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
