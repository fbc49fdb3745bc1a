//! Calls of the C library that fail once, or always: a preloaded library replaces them. `ci/torture` makes all of them
//! fail.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::common::{gzip, path_arg, program, run, run_tool, sample_packets, savefile, write_file};
use crate::output_streams::command;
use crate::pcapng::bytes::{Ng, Order};

/// Compiles a library for LD_PRELOAD.
fn library(folder: &Path, source: &str) -> PathBuf {
    let source = write_file(folder, "replaced.c", source.as_bytes());
    let library = folder.join("replaced.so");
    let (to, from) = (path_arg(&library), path_arg(&source));
    run_tool("cc", &["-shared", "-fPIC", "-o", to, from, "-ldl"]);
    library
}

/// Without the first bytes, the programs took the savefile for a classic one, and dropped all but the packets.
#[test]
fn a_savefile_whose_beginning_cannot_be_read_is_not_read_as_another_format() {
    let folder = tempfile::tempdir().unwrap();
    let source = "\
        #define _GNU_SOURCE\n\
        #include <dlfcn.h>\n#include <errno.h>\n#include <stdarg.h>\n#include <stdlib.h>\n#include <string.h>\n\
        #include <sys/types.h>\n\
        static int broken = -1, failed;\n\
        static int fails(const char *name) {\n\
            const char *wanted = getenv(\"FAILING\");\n\
            return wanted && !strcmp(wanted, name) && !failed++;\n\
        }\n\
        int open64(const char *path, int flags, ...) {\n\
            va_list rest;\n\
            va_start(rest, flags);\n\
            int mode = va_arg(rest, int);\n\
            va_end(rest);\n\
            int is_broken = strstr(path, \"/broken\") != NULL;\n\
            if (is_broken && fails(\"open\")) { errno = ENFILE; return -1; }\n\
            int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, \"open64\");\n\
            int fd = real(path, flags, mode);\n\
            if (is_broken) broken = fd;\n\
            return fd;\n\
        }\n\
        ssize_t read(int fd, void *to, size_t length) {\n\
            if (fd == broken && fails(\"read\")) { errno = EIO; return -1; }\n\
            ssize_t (*real)(int, void *, size_t) = (ssize_t (*)(int, void *, size_t))dlsym(RTLD_NEXT, \"read\");\n\
            return real(fd, to, length);\n\
        }\n\
        off64_t lseek64(int fd, off64_t to, int from) {\n\
            if (fd == broken && fails(\"lseek\")) { errno = EIO; return -1; }\n\
            off64_t (*real)(int, off64_t, int) = (off64_t (*)(int, off64_t, int))dlsym(RTLD_NEXT, \"lseek64\");\n\
            return real(fd, to, from);\n\
        }\n";
    let library = library(folder.path(), source);
    let mut ng = Ng::new(Order::Little);
    ng.section(-1, &[(1, b"a comment")]);
    ng.interface(1, 0, &[]);
    ng.packet(0, 0, &[1; 60], &[]);
    let input = write_file(folder.path(), "broken.pcapng", &ng.bytes);
    let output = folder.path().join("out.pcapng");
    for (failing, expected) in [
        ("open", "cannot open `"),
        ("read", "cannot read `"),
        ("lseek", "cannot read `"),
        ("nothing", ""),
    ] {
        let mut filter = program("filter");
        filter.args([&input, &output]).env("LD_PRELOAD", &library);
        let ran = run(filter.env("FAILING", failing));
        if failing == "nothing" {
            assert_eq!(ran.status, Some(0), "{}", ran.stderr);
            let copied = fs::read(&output).unwrap();
            assert!(copied.windows(9).any(|bytes| bytes == b"a comment"));
            continue;
        }
        assert_eq!(ran.status, Some(1), "{failing}: {}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{failing}: {}", ran.stderr);
        assert!(!output.exists(), "{failing}");
    }
}

/// Some file systems only report a failed write when the file is closed.
#[test]
fn a_failed_close_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let source = "\
        #define _GNU_SOURCE\n\
        #include <dlfcn.h>\n#include <errno.h>\n#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\n\
        int close(int fd) {\n\
            static int (*real)(int);\n\
            char link[64], path[4096];\n\
            if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, \"close\");\n\
            snprintf(link, sizeof link, \"/proc/self/fd/%d\", fd);\n\
            ssize_t length = readlink(link, path, sizeof path - 1);\n\
            int status = real(fd);\n\
            if (length < 0) return status;\n\
            path[length] = 0;\n\
            if (!strstr(path, \"/broken\")) return status;\n\
            errno = EIO;\n\
            return -1;\n\
        }\n";
    let library = library(folder.path(), source);
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    let input = path_arg(&input);
    let out = |name: &str| folder.path().join(name);
    let (plain, gz, ng) = (
        out("broken.pcap"),
        out("broken.pcap.gz"),
        out("broken.pcapng"),
    );
    let prefix = out("broken");
    for words in [
        &["filter", input, path_arg(&plain)][..],
        &["filter", input, path_arg(&gz)],
        &["recode", input, path_arg(&plain)],
        &["recode", input, path_arg(&gz)],
        &["recode", input, path_arg(&ng)],
        &["recode", "--compress", "gzip", input, path_arg(&ng)],
        &["merge", input, "-w", path_arg(&plain)],
        &[
            "split",
            input,
            "--force",
            "--packets",
            "100",
            "-o",
            path_arg(&prefix),
        ],
    ] {
        let mut command = command(words);
        let ran = run(command.env("LD_PRELOAD", &library));
        assert_eq!(ran.status, Some(1), "{words:?}: {}", ran.stderr);
        let error = ran.stderr.lines().last().unwrap();
        assert!(error.contains(": cannot close `"), "{words:?}: {error}");
        assert!(error.contains("Input/output error"), "{words:?}: {error}");
    }
    let lines = fs::File::create(out("broken.txt")).unwrap();
    let mut child = command(&["read", input])
        .env("LD_PRELOAD", &library)
        .stdout(lines)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut error = String::new();
    let stderr = child.stderr.as_mut().unwrap();
    stderr.read_to_string(&mut error).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(
        error.contains("standard output: Input/output error"),
        "{error}"
    );
}

#[test]
fn a_thread_that_cannot_be_started_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let source = "\
        #define _GNU_SOURCE\n\
        #include <dlfcn.h>\n#include <errno.h>\n#include <pthread.h>\n#include <stdlib.h>\n\
        static int calls;\n\
        int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *with) {\n\
            if (__sync_add_and_fetch(&calls, 1) == atoi(getenv(\"FAILING\"))) return EAGAIN;\n\
            int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);\n\
            real = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))\n\
                dlsym(RTLD_NEXT, \"pthread_create\");\n\
            return real(thread, how, run, with);\n\
        }\n";
    let library = library(folder.path(), source);
    let packets = savefile(false, false, 1, &sample_packets());
    let plain = write_file(folder.path(), "in.pcap", &packets);
    let zipped = write_file(folder.path(), "in.pcap.gz", &gzip(&packets));
    let (plain, zipped) = (path_arg(&plain), path_arg(&zipped));
    for words in [
        &["info", plain][..],
        &["top", "--json", "-r", plain],
        &["read", zipped],
        &["demo"],
    ] {
        let mut reported = false;
        for failing in ["1", "2", "3", "4"] {
            let mut command = command(words);
            command.env("LD_PRELOAD", &library).env("FAILING", failing);
            let ran = run(&mut command);
            assert!(
                matches!(ran.status, Some(0 | 1)) && !ran.stderr.contains("panicked"),
                "{words:?}: {:?} {}",
                ran.status,
                ran.stderr
            );
            // The thread may also be the one that prints a line at the end.
            reported |= ran.stderr.contains("Resource temporarily unavailable");
        }
        assert!(reported, "{words:?}");
    }
}
