/*
 * Two clients on two threads that share one budget: together they stay below it.
 *
 *     cc -std=c99 -pthread shared_limiter.c -o shared_limiter \
 *         $(pkg-config --cflags --libs penstock)
 *     ./shared_limiter '"10/s"' one.json users other.json events
 *
 * SPDX-License-Identifier: MIT
 */
#include "example.h"
#include <pthread.h>
#include <string.h>

typedef struct worker {
    penstock_client *client;
    const char *stream;
    size_t records;
    size_t pages;
    penstock_status status;
    penstock_error *error;
} worker;

static void *walk(void *argument) {
    worker *self = argument;
    penstock_paginator *paginator = NULL;
    penstock_page *page = NULL;
    char options[256];
    int size = snprintf(options, sizeof options, "{\"stream\": \"%s\"}", self->stream);
    if (size < 0 || (size_t)size >= sizeof options) {
        self->status = PENSTOCK_ERROR_INVALID_ARGUMENT;
        return NULL;
    }
    self->status =
        penstock_paginator_open(self->client, options, (size_t)size, &paginator, &self->error);
    while (self->status == PENSTOCK_OK &&
           (self->status = penstock_paginator_next(paginator, -1, &page, &self->error)) ==
               PENSTOCK_OK) {
        self->records += penstock_page_record_count(page);
        self->pages += 1;
        penstock_page_free(page);
    }
    penstock_paginator_free(paginator);
    return NULL;
}

int main(int argc, char **argv) {
    penstock_limiter *limiter = NULL;
    penstock_error *error = NULL;
    worker workers[2];
    pthread_t threads[2];
    int started = 0, result = EXIT_SUCCESS;
    if (argc != 6) {
        fprintf(stderr, "usage: %s LIMITS SOURCE.json STREAM SOURCE.json STREAM\n", argv[0]);
        return 2;
    }
    penstock_status status = penstock_limiter_open(argv[1], strlen(argv[1]), &limiter, &error);
    if (status != PENSTOCK_OK)
        return failed(status, error);

    memset(workers, 0, sizeof workers);
    for (int i = 0; i < 2; i++) {
        workers[i].client = open_client(argv[2 + 2 * i], limiter);
        workers[i].stream = argv[3 + 2 * i];
        if (workers[i].client == NULL)
            result = EXIT_FAILURE;
    }
    penstock_limiter_free(limiter); /* the clients keep their share */

    while (result == EXIT_SUCCESS && started < 2) {
        if (pthread_create(&threads[started], NULL, walk, &workers[started]) != 0) {
            perror("pthread_create");
            result = EXIT_FAILURE;
        } else {
            started++;
        }
    }
    for (int i = 0; i < 2; i++) {
        if (i < started) {
            pthread_join(threads[i], NULL);
            printf("%s: %zu records on %zu pages\n", workers[i].stream, workers[i].records,
                   workers[i].pages);
            if (workers[i].status != PENSTOCK_END)
                result = failed(workers[i].status, workers[i].error);
        }
        penstock_client_free(workers[i].client);
    }
    return result;
}
