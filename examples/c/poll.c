/*
 * Pages in an event loop: nothing blocks but poll(2), which also watches other descriptors.
 *
 *     cc -std=c99 poll.c -o poll $(pkg-config --cflags --libs penstock)
 *     ./poll source.json '{"stream": "users"}' '{"stream": "events"}'
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L
#include "example.h"
#include <errno.h>
#include <poll.h>
#include <string.h>

enum { MOST_STREAMS = 16 };

typedef struct walk {
    const char *options;
    penstock_paginator *paginator;
    size_t records;
} walk;

/** Takes every page that is ready. 1 when the walk goes on, 0 at its end, -1 on failure. */
static int take_ready(walk *self) {
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    penstock_status status;
    while ((status = penstock_paginator_next(self->paginator, 0, &page, &error)) == PENSTOCK_OK) {
        self->records += penstock_page_record_count(page);
        penstock_page_free(page);
    }
    if (status == PENSTOCK_PENDING)
        return 1;
    if (status == PENSTOCK_END) {
        printf("%s: %zu records\n", self->options, self->records);
        return 0;
    }
    failed(status, error);
    return -1;
}

int main(int argc, char **argv) {
    walk walks[MOST_STREAMS];
    struct pollfd waits[MOST_STREAMS];
    penstock_error *error = NULL;
    int count = argc - 2, running = 0, result = EXIT_SUCCESS;
    if (count < 1 || count > MOST_STREAMS) {
        fprintf(stderr, "usage: %s SOURCE.json PAGINATOR_OPTIONS...\n", argv[0]);
        return 2;
    }
    penstock_client *client = open_client(argv[1], NULL);
    if (client == NULL)
        return EXIT_FAILURE;

    memset(walks, 0, sizeof walks);
    for (int i = 0; i < count; i++) {
        walks[i].options = argv[2 + i];
        penstock_status status = penstock_paginator_open(
            client, walks[i].options, strlen(walks[i].options), &walks[i].paginator, &error);
        if (status != PENSTOCK_OK)
            result = failed(status, error);
        else
            running++;
        waits[i].fd = penstock_paginator_fd(walks[i].paginator); /* -1 for NULL: poll skips it */
        waits[i].events = POLLIN;
    }
    while (running > 0) {
        /* The descriptors of a program's other business go into the same call. */
        if (poll(waits, (nfds_t)count, -1) < 0) {
            if (errno == EINTR)
                continue;
            perror("poll");
            result = EXIT_FAILURE;
            break;
        }
        for (int i = 0; i < count; i++) {
            if (waits[i].fd < 0 || waits[i].revents == 0)
                continue;
            int goes_on = take_ready(&walks[i]);
            if (goes_on < 0)
                result = EXIT_FAILURE;
            if (goes_on <= 0) {
                waits[i].fd = -1;
                running--;
            }
        }
    }
    for (int i = 0; i < count; i++)
        penstock_paginator_free(walks[i].paginator);
    penstock_client_free(client);
    return result;
}
