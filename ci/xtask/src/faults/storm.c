/* Interrupts system calls: a signal each millisecond, whose handler does not restart them. Preloaded. */
#include <signal.h>
#include <sys/time.h>

static void nothing(int number) { (void)number; }

__attribute__((constructor)) static void start(void) {
    struct sigaction action = {.sa_handler = nothing};
    struct itimerval interval = {{0, 1000}, {0, 1000}};
    sigaction(SIGALRM, &action, 0);
    setitimer(ITIMER_REAL, &interval, 0);
}
