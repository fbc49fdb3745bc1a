/* Lets one allocation fail: the first one of `size` bytes after `fail_next(size)`. For glibc. */

#include <errno.h>
#include <stddef.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);

static size_t failing;

static void fail_next(size_t size) {
    failing = size;
}

static int fails(size_t size) {
    if (!failing || size != failing)
        return 0;
    failing = 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) {
    return fails(size) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails(count * size) ? NULL : __libc_calloc(count, size);
}
