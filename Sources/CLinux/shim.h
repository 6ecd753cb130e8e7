#pragma once
// What Swift's Glibc module leaves out.
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

static inline int penstock_eventfd(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static inline void penstock_name_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}
