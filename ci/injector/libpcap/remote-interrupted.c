/*
 * A signal makes requests to a daemon fail, or wait for ever.
 *
 *     rpcapd -n -4 -b 127.0.0.1 -p 2002 &
 *     cc -o remote-interrupted remote-interrupted.c -lpcap && ./remote-interrupted
 *
 * Expected: "100 lists". Observed: an error about the daemon's answer, or no end.
 */

#include <pcap/pcap.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

static void nothing(int number) {
    (void)number;
}

int main(void) {
    struct sigaction action = {.sa_handler = nothing}; /* without SA_RESTART */
    sigaction(SIGALRM, &action, NULL);
    struct itimerval often = {{0, 1000}, {0, 1000}};
    setitimer(ITIMER_REAL, &often, NULL);
    for (int count = 0; count < 100; count++) {
        char error[PCAP_ERRBUF_SIZE];
        pcap_if_t *devices;
        if (pcap_findalldevs_ex("rpcap://127.0.0.1:2002/", NULL, &devices, error) != 0) {
            printf("pcap_findalldevs_ex: %s\n", error);
            return 1;
        }
        pcap_freealldevs(devices);
    }
    printf("100 lists\n");
    return 0;
}
