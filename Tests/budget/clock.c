// Preloaded into a server: its calendar is off by CLOCK_OFF seconds, its other clocks are right.
// libfaketime does not get along with the allocator that redis-server is linked with.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long off(void) {
    const char *text = getenv("CLOCK_OFF");
    return text ? atol(text) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    int result = (int)syscall(SYS_clock_gettime, clock, out);
    if (result == 0 && clock == CLOCK_REALTIME)
        out->tv_sec += off();
    return result;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    int result = (int)syscall(SYS_gettimeofday, out, zone);
    if (result == 0)
        out->tv_sec += off();
    return result;
}
