/*
 * Handles on many threads: distinct clients, one client for all, one limiter for two clients.
 */
#include "support.h"
#include <pthread.h>

enum { THREADS = 8, REQUESTS = 40 };

/** Walks of every style on a client of its own. */
static void *own_client(void *argument) {
    static const char *const streams[] = {"page", "offset", "cursor", "link", "next"};
    (void)argument;
    penstock_client *client = open_client();
    for (int round = 0; round < 4; round++)
        for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
            penstock_paginator *paginator = open_stream(client, streams[i]);
            CHECK_INT(drain(paginator), RECORD_TOTAL);
            penstock_paginator_free(paginator);
        }
    penstock_client_free(client);
    return NULL;
}

/** Requests, walks and failures on the same client as other threads. */
static void *one_client(void *argument) {
    penstock_client *client = argument;
    for (int i = 0; i < REQUESTS; i++) {
        penstock_page *page = get(client, "/single");
        char expected[RECORD_SIZE];
        expected_record(expected, sizeof expected, 7);
        CHECK(slice_is(penstock_page_body(page), expected));
        penstock_page_free(page);
        if (i % 10 == 0) {
            penstock_paginator *paginator = open_stream(client, "cursor");
            CHECK_INT(drain(paginator), RECORD_TOTAL);
            penstock_paginator_free(paginator);
        }
        if (i % 10 == 5) {
            penstock_error *error = NULL;
            CHECK_INT(penstock_client_request(client, "{\"path\": \"/status/404\"}", 23, -1, &page,
                                              &error),
                      PENSTOCK_ERROR_HTTP);
            CHECK_INT(penstock_error_http_status(error), 404);
            penstock_error_free(error);
        }
    }
    return NULL;
}

static void run(int count, void *(*body)(void *), void *argument) {
    pthread_t threads[THREADS];
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, body, argument);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/** A page is immutable: read by many while the last owner waits. */
static void *read_page(void *argument) {
    const penstock_page *page = argument;
    char expected[RECORD_SIZE];
    for (int round = 0; round < 200; round++) {
        size_t index = (size_t)round % 10;
        expected_record(expected, sizeof expected, index);
        CHECK(slice_is(penstock_page_record(page, index), expected));
        CHECK(slice_is(penstock_page_header(page, "X-Request-Id"), "page-1"));
        CHECK(penstock_page_metadata(page).size > 2);
        CHECK(penstock_page_headers(page).size > 2);
    }
    return NULL;
}

static void shared_page(void) {
    penstock_client *client = open_client();
    penstock_paginator *paginator = open_stream(client, "page");
    penstock_page *page = NULL;
    CHECK_CALL(penstock_paginator_next(paginator, -1, &page, &error), PENSTOCK_OK);
    penstock_paginator_free(paginator);
    penstock_client_free(client);
    run(THREADS, read_page, page);
    penstock_page_free(page);
}

static void *limited(void *argument) {
    penstock_limiter *limiter = argument;
    penstock_client *client = NULL;
    const char *source = source_text();
    CHECK_CALL(penstock_client_open(source, strlen(source), NULL, 0, limiter, &client, &error),
               PENSTOCK_OK);
    for (int i = 0; i < 15; i++)
        penstock_page_free(get(client, "/single"));
    penstock_client_free(client);
    return NULL;
}

/** 30 requests at 20 a second, at most ten at once: a second at least, however many clients. */
static void shared_limiter(void) {
    static const char limits[] = "[{\"requests\": 20, \"per\": \"1s\", \"burst\": 10}]";
    penstock_limiter *limiter = NULL;
    CHECK_CALL(penstock_limiter_open(limits, sizeof limits - 1, &limiter, &error), PENSTOCK_OK);
    int64_t begin = now_ms();
    run(2, limited, limiter);
    int64_t took = now_ms() - begin;
    CHECK(took >= 950);
    CHECK(took < 4000 * slowness());
    penstock_limiter_free(limiter);
}

/** Opened here, used there, freed elsewhere. */
static void *free_elsewhere(void *argument) {
    void **handles = argument;
    penstock_page_free(handles[2]);
    penstock_client_free(handles[0]);
    penstock_paginator_free(handles[1]);
    return NULL;
}

static void moved(void) {
    for (int i = 0; i < 20; i++) {
        penstock_client *client = open_client();
        penstock_paginator *paginator = open_stream(client, "page");
        penstock_page *page = NULL;
        CHECK_CALL(penstock_paginator_next(paginator, -1, &page, &error), PENSTOCK_OK);
        void *handles[3] = {client, paginator, page};
        run(1, free_elsewhere, handles);
    }
}

int main(void) {
    test_begin("test_threads");
    run(2, own_client, NULL);
    penstock_client *client = open_client();
    run(THREADS, one_client, client);
    penstock_client_free(client);
    shared_page();
    shared_limiter();
    moved();
    return test_end();
}
