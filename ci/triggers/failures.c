/*
 * Makes calls of the C library fail, for vulnerabilities that need it. ci/vulnerabilities preloads it.
 *
 *   FAIL=ring       the kernel has no ring buffers (CONFIG_PACKET_MMAP)
 *   FAIL=resolver   the third look-up of an address fails, as when a name server does not answer in time
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int fails(const char *what)
{
	const char *wanted = getenv("FAIL");
	return wanted && !strcmp(wanted, what);
}

int setsockopt(int socket, int level, int name, const void *value, socklen_t length)
{
	int (*real)(int, int, int, const void *, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");
	if (level == SOL_PACKET && name == PACKET_RX_RING && fails("ring")) {
		errno = ENOPROTOOPT;
		return -1;
	}
	return real(socket, level, name, value, length);
}

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **list)
{
	static int calls;
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
	    dlsym(RTLD_NEXT, "getaddrinfo");
	if (fails("resolver") && ++calls == 3)
		return EAI_AGAIN;
	return real(host, port, hints, list);
}
