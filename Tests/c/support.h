/*
 * What the conformance tests share: checks, the test server's address and records, and a client
 * of it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include "penstock.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Starts a test: its name, and an alarm, since a call that hangs is a failure too. */
void test_begin(const char *name);
/** Prints the one line of the test and gives its exit code. */
int test_end(void);
/** How many checks failed so far. */
int test_failures(void);
/** 1, or more where everything is slower (valgrind, sanitizers): multiply times with it. */
int slowness(void);
/**
 * What must not wait is done within this, times slowness(). Well above what a busy machine takes,
 * and below the second after which a wakeup that was lost is made up for.
 */
enum { SOON_MS = 900 };

int check_that(int holds, const char *text, const char *file, int line);
int check_int(int64_t actual, int64_t expected, const char *text, const char *file, int line);
int check_text(const char *actual, const char *expected, const char *text, const char *file,
               int line);
int check_contains(const char *actual, const char *part, const char *text, const char *file,
                   int line);
/** Compares, says the message when it differs, and releases the error. */
int check_status(penstock_status actual, penstock_status expected, penstock_error *error,
                 const char *text, const char *file, int line);

/* All are safe from several threads and give whether they held. */
#define CHECK(condition) check_that((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define CHECK_INT(actual, expected)                                                                \
    check_int((int64_t)(actual), (int64_t)(expected), #actual, __FILE__, __LINE__)
#define CHECK_TEXT(actual, expected) check_text((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK_CONTAINS(actual, part) check_contains((actual), (part), #actual, __FILE__, __LINE__)
#define CHECK_STATUS(call, expected, error)                                                        \
    check_status((call), (expected), (error), #call, __FILE__, __LINE__)

/** The same for a call that is given `&error`: evaluated before the error is looked at. */
#define CHECK_CALL(call, expected)                                                                 \
    do {                                                                                           \
        penstock_error *error = NULL;                                                              \
        penstock_status status_ = (call);                                                          \
        check_status(status_, (expected), error, #call, __FILE__, __LINE__);                       \
    } while (0)

/** Where the server listens; ends the program when the runner didn't say. */
const char *server_url(void);
/** A counter of the server: "requests", "connections", "hanging". -1 on failure. */
long server_count(const char *name);
/** A loopback port where nothing listens. */
int closed_port(void);

/** The server's records, and how many there are without "total" in the query. */
enum { RECORD_TOTAL = 25, RECORD_SIZE = 160 };
void expected_record(char *out, size_t size, uint64_t number);

/** The source document of the tests. Static. */
const char *source_text(void);
penstock_client *open_client(void);
penstock_client *open_client_with(const char *document);
/** A paginator of a stream of source_text(). */
penstock_paginator *open_stream(penstock_client *client, const char *stream);
penstock_paginator *open_options(penstock_client *client, const char *options);
/** Sends a GET; NULL after a failed check. */
penstock_page *get(penstock_client *client, const char *path);
/** Walks to the end; the number of records, or -1 after a failed check. */
int64_t drain(penstock_paginator *paginator);

int64_t now_ms(void);
void sleep_ms(int64_t duration);
int count_entries(const char *directory);
/**
 * This process's threads, once they are `expected`, or after 10 s of waiting for it: a thread that
 * was joined stands in /proc a moment longer.
 */
int count_threads(int expected);
int slice_is(penstock_slice slice, const char *text);
/** A fresh directory; remove_directory() removes it and the files in it. */
char *make_directory(void);
void remove_directory(char *path);

#endif
