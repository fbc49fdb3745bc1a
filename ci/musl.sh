# shellcheck shell=sh
# Shared by the scripts that build for musl with Debian's musl-gcc and Debian's Rust. Sourced after lib.sh, not run.

# Makes gcc's stack unwinder a library with the name that Rust expects. Debian's gcc finds a program's tables through a
# function of glibc that musl lacks; this provides it in terms of dl_iterate_phdr. The unwinder refers weakly to functions
# for threads, so that the linker would not take them from the static C library; this refers to them, too.
musl_unwinder() {
    cat >"$1/find.c" <<'END'
#define _GNU_SOURCE
#include <link.h>
#include <pthread.h>

/* As in glibc's dlfcn.h. */
struct found {
    unsigned long long flags;
    void *start, *end, *map, *eh_frame;
};

struct search {
    char *place;
    struct found *found;
};

static int look(struct dl_phdr_info *info, size_t size, void *data)
{
    struct search *search = data;
    int inside = 0;
    char *tables = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        char *start = (char *)info->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_LOAD && search->place >= start && search->place < start + part->p_memsz) {
            inside = 1;
            search->found->start = start;
            search->found->end = start + part->p_memsz;
        } else if (part->p_type == PT_GNU_EH_FRAME) {
            tables = start;
        }
    }
    search->found->eh_frame = tables;
    return inside && tables;
}

void *const unwinder_threads[] = {
    pthread_once, pthread_key_create, pthread_getspecific, pthread_setspecific, pthread_mutex_lock, pthread_mutex_unlock,
};

int _dl_find_object(void *place, struct found *found)
{
    struct search search = { place, found };
    return dl_iterate_phdr(look, &search) ? 0 : -1;
}
END
    (
        cd "$1"
        musl-gcc -O2 -c find.c && ar rcs libfind.a find.o && rm find.c find.o
    ) || return 1
    echo 'GROUP ( libgcc_eh.a libfind.a )' >"$1/libunwind.a"
}

# Prepares builds for musl, with files in this folder: sets the environment for musl-gcc, and $musl_flags for rustc.
for_musl() {
    rm -rf "$1"
    mkdir -p "$1/lib"
    musl_unwinder "$1/lib" || return 1
    export "CC_$(uname -m)_unknown_linux_musl=musl-gcc"
    # Debian's Rust has no startup objects for musl; Debian's musl does.
    # shellcheck disable=SC2034 # for the scripts
    musl_flags="'-Clink-self-contained=no', '-Ctarget-feature=+crt-static', '-Crelocation-model=static', '-Lnative=$1/lib'"
}
