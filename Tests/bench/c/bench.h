/*
 * What the three loops share: arguments, and the one line that run.sh reads.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { PER_PAGE = 100 };

typedef struct bench {
    const char *name;
    const char *url; /* of the server, without a path */
    uint64_t wanted; /* records */
    uint64_t records;
    uint64_t pages;
    uint64_t bytes; /* of the records that were taken: proof that they were */
    struct timespec begin;
} bench;

static inline bench bench_begin(const char *name, int argc, char **argv) {
    bench self = {0};
    if (argc < 3) {
        fprintf(stderr, "usage: %s URL RECORDS [dump]\n", argv[0]);
        exit(2);
    }
    self.name = name;
    self.url = argv[1];
    self.wanted = strtoull(argv[2], NULL, 10);
    clock_gettime(CLOCK_MONOTONIC, &self.begin);
    return self;
}

/** Prints the line; 1 when not all records came. */
static inline int bench_end(const bench *self) {
    struct timespec end;
    struct rusage usage;
    clock_gettime(CLOCK_MONOTONIC, &end);
    getrusage(RUSAGE_SELF, &usage);
    double wall = (double)(end.tv_sec - self->begin.tv_sec) +
                  (double)(end.tv_nsec - self->begin.tv_nsec) / 1e9;
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    double pages = self->pages > 0 ? (double)self->pages : 1;
    printf(
        "%s records=%llu pages=%llu bytes=%llu wall_s=%.3f us_per_page=%.2f cpu_us_per_page=%.2f "
        "rss_kb=%ld\n",
        self->name, (unsigned long long)self->records, (unsigned long long)self->pages,
        (unsigned long long)self->bytes, wall, wall * 1e6 / pages, cpu * 1e6 / pages,
        usage.ru_maxrss);
    if (self->records == self->wanted)
        return 0;
    fprintf(stderr, "%s: %llu records, not %llu\n", self->name, (unsigned long long)self->records,
            (unsigned long long)self->wanted);
    return 1;
}

#endif
