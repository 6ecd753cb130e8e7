#pragma once
// What Swift's Glibc module leaves out.
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static inline int penstock_eventfd(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static inline int penstock_timerfd(void) {
    return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
}

// Readable from that time since boot on; setting it anew makes it unreadable again.
static inline int penstock_timerfd_set(int timer, int64_t nanoseconds) {
    struct itimerspec at = {.it_value = {nanoseconds / 1000000000, nanoseconds % 1000000000}};
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, 0);
}

// The kernel begins to write that stretch of a file and waits for nothing; who waits for all of it
// later waits less. SYNC_FILE_RANGE_WRITE is 2. It promises nothing, so neither does a failure
// matter.
static inline void penstock_begin_writing(int file, int64_t offset, int64_t size) {
    syscall(SYS_sync_file_range, file, offset, size, 2);
}

static inline void penstock_name_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

// Words in memory that processes share. Nanoseconds below 0: for as long as it takes.
static inline int penstock_futex_wait(void *word, uint32_t value, int64_t nanoseconds) {
    struct timespec most = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    long result = syscall(SYS_futex, word, FUTEX_WAIT, value, nanoseconds < 0 ? 0 : &most, 0, 0);
    return result == 0 ? 0 : errno;
}

static inline void penstock_futex_wake(void *word, int count) {
    syscall(SYS_futex, word, FUTEX_WAKE, count, 0, 0, 0);
}

// Locks of an open file rather than of a process: the kernel gives them up when the last process
// that has it open ends, in whatever PID namespace. The numbers are Linux's; its headers name them
// only for GNU sources.
enum { penstock_ofd_getlk = 36, penstock_ofd_setlk = 37 };

static inline int penstock_lock_byte(int file, int64_t byte, short type) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    return fcntl(file, penstock_ofd_setlk, &lock) == 0 ? 0 : errno;
}

// 1: another open file has a lock in there; 0: none; -1: not known.
static inline int penstock_is_locked(int file, int64_t first, int64_t count) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = first, .l_len = count};
    if (fcntl(file, penstock_ofd_getlk, &lock) != 0)
        return -1;
    return lock.l_type != F_UNLCK;
}

static inline int64_t penstock_file_system(int file) {
    struct statfs status;
    return fstatfs(file, &status) == 0 ? (int64_t)(uint32_t)status.f_type : -1;
}

static inline void *penstock_fault_address(const siginfo_t *info) {
    return info->si_addr;
}

typedef void (*penstock_signal_action)(int, siginfo_t *, void *);

static inline int penstock_handle_bus(penstock_signal_action action, struct sigaction *before) {
    struct sigaction mine = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    mine.sa_sigaction = action;
    sigemptyset(&mine.sa_mask);
    return sigaction(SIGBUS, &mine, before);
}

// What would have happened without penstock_handle_bus().
static inline void penstock_pass_bus(const struct sigaction *before, int number, siginfo_t *info,
                                     void *context) {
    if (before->sa_flags & SA_SIGINFO) {
        before->sa_sigaction(number, info, context);
    } else if (before->sa_handler == SIG_DFL || before->sa_handler == SIG_IGN) {
        sigaction(SIGBUS, before, 0); // the access is made again and ends the process
    } else {
        before->sa_handler(number);
    }
}
