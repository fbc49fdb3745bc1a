/*
 * Replaces malloc and its relatives: counts the calls, lets those that INJECTOR_ALLOCATION names fail, and counts the
 * blocks that are not freed. The injector loads it into each program with LD_PRELOAD.
 *
 * INJECTOR_REPORT is the file with the numbers below, which both processes map. INJECTOR_ALLOCATION is `N`, the number
 * of the call that fails, or `N+`, if all later calls fail as well.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Who called: the program, which is written in Rust, libpcap, or another library. */
enum owner { PROGRAM, LIBPCAP, OTHER };

/* The fields are in the order in which the injector reads them. */
struct report {
    uint64_t calls;         /* since the start of main */
    uint64_t failed;        /* calls that failed */
    uint64_t failed_bytes;  /* size of the first of them */
    uint64_t failed_owner;  /* its caller */
    uint64_t failed_offset; /* the place of the call in the caller's file */
    int64_t live[3];        /* blocks that are not freed, by owner */
};

/* The functions of glibc behind the names that are replaced here. */
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static struct report none;
static struct report *report = &none;
static uint64_t first_failing, last_failing;

/* --- Where libpcap and the program are in memory. */

struct range {
    uintptr_t from, to, base;
};
static struct range program, libpcap;

static int find_ranges(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    struct range *range = NULL;
    if (!program.to)
        range = &program; /* the first one */
    else if (strstr(info->dlpi_name, "/libpcap.so"))
        range = &libpcap;
    if (range) {
        range->base = info->dlpi_addr;
        range->from = UINTPTR_MAX;
        for (int i = 0; i < info->dlpi_phnum; i++) {
            const ElfW(Phdr) *part = &info->dlpi_phdr[i];
            if (part->p_type != PT_LOAD)
                continue;
            uintptr_t from = info->dlpi_addr + part->p_vaddr;
            if (from < range->from)
                range->from = from;
            if (from + part->p_memsz > range->to)
                range->to = from + part->p_memsz;
        }
    }
    return 0;
}

static enum owner owner_of(uintptr_t caller) {
    if (caller >= program.from && caller < program.to)
        return PROGRAM;
    if (caller >= libpcap.from && caller < libpcap.to)
        return LIBPCAP;
    return OTHER;
}

/* --- The blocks in use: a hash table of their addresses, with the owner in the lowest bits. */

#define SLOTS (1u << 20)
static uintptr_t slots[SLOTS];
static atomic_flag busy = ATOMIC_FLAG_INIT;

static size_t slot_of(uintptr_t address) {
    return (size_t)((address >> 4) * 0x9e3779b97f4a7c15u >> 44) % SLOTS;
}

static void lock(void) {
    while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
        ;
}

static void unlock(void) {
    atomic_flag_clear_explicit(&busy, memory_order_release);
}

static void *add(void *block, enum owner owner) {
    if (!block)
        return block;
    lock();
    size_t at = slot_of((uintptr_t)block);
    while (slots[at])
        at = (at + 1) % SLOTS;
    slots[at] = (uintptr_t)block | owner;
    report->live[owner]++;
    unlock();
    return block;
}

static void drop(void *block) {
    if (!block)
        return;
    lock();
    size_t at = slot_of((uintptr_t)block);
    while (slots[at] && (slots[at] & ~(uintptr_t)15) != (uintptr_t)block)
        at = (at + 1) % SLOTS;
    if (slots[at]) {
        report->live[slots[at] & 3]--;
        /* Closes the gap: no block may be behind a free slot. */
        size_t gap = at;
        for (;;) {
            at = (at + 1) % SLOTS;
            if (!slots[at])
                break;
            size_t home = slot_of(slots[at]);
            if (((at - home) % SLOTS) >= ((at - gap) % SLOTS)) {
                slots[gap] = slots[at];
                gap = at;
            }
        }
        slots[gap] = 0;
    }
    unlock();
}

/* Counts a call, and tells whether it fails. */
static int fails(size_t bytes, uintptr_t caller) {
    uint64_t call = atomic_fetch_add((_Atomic uint64_t *)&report->calls, 1) + 1;
    if (call < first_failing || call > last_failing)
        return 0;
    if (atomic_fetch_add((_Atomic uint64_t *)&report->failed, 1) == 0) {
        enum owner owner = owner_of(caller);
        report->failed_bytes = bytes;
        report->failed_owner = owner;
        report->failed_offset = owner == PROGRAM ? caller - program.base : owner == LIBPCAP ? caller - libpcap.base : 0;
    }
    errno = ENOMEM;
    return 1;
}

#define CALLER ((uintptr_t)__builtin_return_address(0))

void *malloc(size_t bytes) {
    uintptr_t caller = CALLER;
    return fails(bytes, caller) ? NULL : add(__libc_malloc(bytes), owner_of(caller));
}

void *calloc(size_t count, size_t bytes) {
    uintptr_t caller = CALLER;
    return fails(count * bytes, caller) ? NULL : add(__libc_calloc(count, bytes), owner_of(caller));
}

void *realloc(void *block, size_t bytes) {
    uintptr_t caller = CALLER;
    if (fails(bytes, caller))
        return NULL;
    drop(block);
    void *larger = __libc_realloc(block, bytes);
    if (larger || !bytes)
        return add(larger, owner_of(caller));
    add(block, owner_of(caller));
    return NULL;
}

void *memalign(size_t alignment, size_t bytes) {
    uintptr_t caller = CALLER;
    return fails(bytes, caller) ? NULL : add(__libc_memalign(alignment, bytes), owner_of(caller));
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    uintptr_t caller = CALLER;
    return fails(bytes, caller) ? NULL : add(__libc_memalign(alignment, bytes), owner_of(caller));
}

int posix_memalign(void **block, size_t alignment, size_t bytes) {
    uintptr_t caller = CALLER;
    void *found = fails(bytes, caller) ? NULL : add(__libc_memalign(alignment, bytes), owner_of(caller));
    if (!found)
        return ENOMEM;
    *block = found;
    return 0;
}

void free(void *block) {
    drop(block);
    __libc_free(block);
}

/* In glibc, these call malloc: the caller would be unknown. */
char *strndup(const char *text, size_t longest) {
    uintptr_t caller = CALLER;
    size_t length = strnlen(text, longest);
    char *copy = fails(length + 1, caller) ? NULL : add(__libc_malloc(length + 1), owner_of(caller));
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = 0;
    }
    return copy;
}

char *strdup(const char *text) {
    uintptr_t caller = CALLER;
    size_t bytes = strlen(text) + 1;
    char *copy = fails(bytes, caller) ? NULL : add(__libc_malloc(bytes), owner_of(caller));
    return copy ? memcpy(copy, text, bytes) : NULL;
}

/* Runs before main, and after the program and its libraries have been loaded. */
__attribute__((constructor)) static void start(void) {
    dl_iterate_phdr(find_ranges, NULL);
    const char *path = getenv("INJECTOR_REPORT");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *mapped = mmap(NULL, sizeof(struct report), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (mapped != MAP_FAILED) {
            memcpy(((struct report *)mapped)->live, report->live, sizeof report->live);
            report = mapped;
        }
        close(file);
    }
    const char *number = getenv("INJECTOR_ALLOCATION");
    if (number) {
        char *end;
        first_failing = strtoull(number, &end, 10);
        last_failing = *end == '+' ? UINT64_MAX : first_failing;
    }
    unsetenv("LD_PRELOAD");
}
