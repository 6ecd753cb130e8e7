/*
 * What a permit costs, beside the least that it can cost: a generic cell rate algorithm in one
 * atomic word, with the same clock.
 *
 *     acquire [FILE]          FILE: a shared budget to make
 *
 * Prints "name value" lines: nanoseconds a permit, and the fairness of 64 threads.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "penstock.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 7, TIMES = 1000000, THREADS = 64, FAIR_SECONDS = 4 };

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static _Atomic int64_t full_at;

static int gcra(int64_t interval, int64_t tolerance) {
    int64_t now = now_ns(), at = atomic_load_explicit(&full_at, memory_order_relaxed);
    for (;;) {
        int64_t base = at > now ? at : now;
        if (base - now > tolerance)
            return 0;
        if (atomic_compare_exchange_weak(&full_at, &at, base + interval))
            return 1;
    }
}

static penstock_limiter *open_limiter(const char *limits) {
    penstock_limiter *limiter = NULL;
    penstock_error *error = NULL;
    if (penstock_limiter_open(limits, strlen(limits), &limiter, &error) != PENSTOCK_OK) {
        fprintf(stderr, "%s\n", penstock_error_message(error));
        exit(1);
    }
    return limiter;
}

static void take(penstock_limiter *limiter, int holds) {
    uint64_t permit;
    if (penstock_limiter_acquire(limiter, NULL, 0, -1, holds ? &permit : NULL, NULL) != PENSTOCK_OK)
        exit(1);
    if (holds && penstock_limiter_release(limiter, permit, -1, NULL) != PENSTOCK_OK)
        exit(1);
}

/* The best of some rounds: the others say how busy the machine is. */
static void report(const char *name, penstock_limiter *limiter, int holds, int times) {
    int64_t best = INT64_MAX, granted = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = now_ns();
        for (int i = 0; i < times; i++) {
            if (limiter != NULL)
                take(limiter, holds);
            else
                granted += gcra(1, INT64_MAX / 2);
        }
        int64_t took = now_ns() - start;
        best = took < best ? took : best;
    }
    if (limiter == NULL && granted != (int64_t)ROUNDS * times)
        exit(1);
    printf("%-44s %8.1f ns\n", name, (double)best / times);
    fflush(stdout);
    penstock_limiter_free(limiter);
}

typedef struct worker {
    pthread_t thread;
    penstock_limiter *limiter;
    int64_t end;
    long granted;
} worker;

static void *work(void *context) {
    worker *one = context;
    while (now_ns() < one->end)
        if (penstock_limiter_acquire(one->limiter, NULL, 0, 100, NULL, NULL) == PENSTOCK_OK)
            one->granted++;
    return NULL;
}

static void fairness(void) {
    static worker workers[THREADS];
    penstock_limiter *limiter =
        open_limiter("{\"requests\": 5000, \"per\": \"1s\", \"burst\": 10}");
    int64_t end = now_ns() + (int64_t)FAIR_SECONDS * 1000000000;
    long least = INT32_MAX, most = 0, all = 0;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.limiter = limiter, .end = end};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            exit(1);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        all += workers[i].granted;
        least = workers[i].granted < least ? workers[i].granted : least;
        most = workers[i].granted > most ? workers[i].granted : most;
    }
    double mean = (double)all / THREADS;
    printf(
        "%d threads at 5000/s: %ld permits in %d s, least %.1f %%, most %+.1f %% from the mean\n",
        THREADS, all, FAIR_SECONDS, (least / mean - 1) * 100, (most / mean - 1) * 100);
    penstock_limiter_free(limiter);
}

int main(int argc, char **argv) {
    const char *bucket = "{\"requests\": 1000000000, \"per\": \"1s\", \"burst\": 1000000000}";
    report("C: one atomic word, clock", NULL, 0, TIMES);
    report("penstock: bucket", open_limiter(bucket), 0, TIMES);
    report("penstock: bucket, held and released", open_limiter(bucket), 1, TIMES);
    report("penstock: window of 1000000000",
           open_limiter("{\"requests\": 1000000000, \"per\": \"1s\"}"), 0, TIMES);
    if (argc > 1) {
        char limits[4352];
        snprintf(limits, sizeof limits, "{\"limits\": %s, \"share\": {\"file\": \"%s\"}}", bucket,
                 argv[1]);
        report("penstock: bucket shared by a host's file", open_limiter(limits), 0, TIMES);
    }
    fairness();
    return 0;
}
