/*
 * Ends that the caller makes: cancel from another thread, cancel before, free while a request is
 * under way.
 */
#include "support.h"
#include <poll.h>
#include <pthread.h>

typedef struct waiter {
    penstock_client *client;
    penstock_paginator *paginator;
    penstock_status status;
    int64_t returned_at;
} waiter;

static void *wait_for_page(void *argument) {
    waiter *self = argument;
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    self->status = penstock_paginator_next(self->paginator, -1, &page, &error);
    self->returned_at = now_ms();
    CHECK(page == NULL);
    CHECK_INT(penstock_error_status(error), self->status);
    penstock_error_free(error);
    return NULL;
}

static void *wait_for_request(void *argument) {
    waiter *self = argument;
    penstock_page *page = NULL;
    self->status =
        penstock_client_request(self->client, "{\"path\": \"/hang\"}", 17, -1, &page, NULL);
    self->returned_at = now_ms();
    return NULL;
}

/** Waits until the server has as many requests hanging as there should be. */
#define UNTIL_HANGING(count)                                                                       \
    do {                                                                                           \
        int64_t end = now_ms() + 5000;                                                             \
        while (server_count("hanging") != (count) && now_ms() < end)                               \
            sleep_ms(5);                                                                           \
        CHECK_INT(server_count("hanging"), (count));                                               \
    } while (0)

typedef void ending(waiter *self);

static void cancel_paginator(waiter *self) {
    penstock_paginator_cancel(self->paginator);
}

static void cancel_client(waiter *self) {
    penstock_client_cancel(self->client);
}

static void free_client(waiter *self) {
    penstock_client_free(self->client);
    self->client = NULL;
}

static void while_waiting(const char *how, void *(*body)(void *), ending *end_it) {
    int before = test_failures();
    waiter self = {.client = open_client()};
    pthread_t thread;
    if (body == wait_for_page)
        self.paginator = open_stream(self.client, "hang");
    pthread_create(&thread, NULL, body, &self);
    UNTIL_HANGING(1);
    sleep_ms(20); /* the thread waits by now */
    int64_t begin = now_ms();
    end_it(&self);
    pthread_join(thread, NULL);
    CHECK_INT(self.status, PENSTOCK_ERROR_CANCELLED);
    CHECK(self.returned_at - begin < SOON_MS * slowness());
    UNTIL_HANGING(0); /* the connection is given up, not kept for nobody */
    penstock_paginator_free(self.paginator);
    penstock_client_free(self.client);
    if (test_failures() > before)
        printf("     when %s\n", how);
}

static void cancelled_before(void) {
    penstock_client *client = open_client();
    penstock_paginator *paginator = open_stream(client, "hang"), *later = NULL;
    penstock_page *page = NULL;
    penstock_paginator_cancel(paginator);
    penstock_paginator_cancel(paginator);
    for (int i = 0; i < 3; i++)
        CHECK_CALL(penstock_paginator_next(paginator, i - 1, &page, &error),
                   PENSTOCK_ERROR_CANCELLED);
    struct pollfd wait = {.fd = penstock_paginator_fd(paginator), .events = POLLIN};
    CHECK_INT(poll(&wait, 1, 0), 1);
    penstock_paginator_free(paginator);

    /* Only that paginator was ended. */
    paginator = open_stream(client, "page");
    CHECK_INT(drain(paginator), RECORD_TOTAL);
    penstock_paginator_cancel(paginator); /* after the end it changes nothing that was seen */
    penstock_status status = penstock_paginator_next(paginator, 0, &page, NULL);
    CHECK_INT(status, PENSTOCK_END);
    penstock_paginator_free(paginator);

    penstock_client_cancel(client);
    penstock_client_cancel(client);
    CHECK_CALL(penstock_client_request(client, "{\"path\": \"/single\"}", 19, -1, &page, &error),
               PENSTOCK_ERROR_CANCELLED);
    status = penstock_paginator_open(client, "{\"stream\": \"page\"}", 18, &later, NULL);
    if (status == PENSTOCK_OK)
        status = penstock_paginator_next(later, -1, &page, NULL);
    CHECK_INT(status, PENSTOCK_ERROR_CANCELLED);
    penstock_paginator_free(later);
    penstock_client_free(client);
}

/** Nothing waits; requests are under way in every state. */
static void freed_under_way(void) {
    penstock_client *client = open_client();
    penstock_paginator *hanging = open_stream(client, "hang");
    UNTIL_HANGING(1);
    int64_t begin = now_ms();
    penstock_paginator_free(hanging);
    CHECK(now_ms() - begin < SOON_MS * slowness());
    UNTIL_HANGING(0);

    penstock_paginator *live[3] = {open_stream(client, "hang"), open_stream(client, "page"),
                                   open_stream(client, "cursor")};
    penstock_page *page = NULL;
    CHECK_CALL(penstock_paginator_next(live[1], -1, &page, &error), PENSTOCK_OK);
    UNTIL_HANGING(1);
    begin = now_ms();
    penstock_client_free(client);
    CHECK(now_ms() - begin < SOON_MS * slowness());
    for (int i = 0; i < 3; i++) {
        penstock_page *rest = NULL;
        penstock_status status;
        while ((status = penstock_paginator_next(live[i], -1, &rest, NULL)) == PENSTOCK_OK)
            penstock_page_free(rest);
        CHECK(status == PENSTOCK_ERROR_CANCELLED || (i > 0 && status == PENSTOCK_END));
        penstock_paginator_cancel(live[i]);
        penstock_paginator_free(live[i]);
    }
    CHECK_INT(penstock_page_record_count(page), 10);
    penstock_page_free(page);
    UNTIL_HANGING(0);
}

/** A request's own time limit ends it, and the client lives on. */
static void given_up(void) {
    penstock_client *client = open_client();
    penstock_page *page = NULL;
    int64_t begin = now_ms();
    CHECK_CALL(penstock_client_request(client, "{\"path\": \"/hang\"}", 17, 100, &page, &error),
               PENSTOCK_ERROR_TIMEOUT);
    int64_t took = now_ms() - begin;
    CHECK(took >= 90 && took < 100 + SOON_MS * slowness());
    UNTIL_HANGING(0);
    page = get(client, "/single");
    penstock_page_free(page);
    penstock_client_free(client);
}

int main(void) {
    test_begin("test_cancel");
    while_waiting("a page's paginator is cancelled", wait_for_page, cancel_paginator);
    while_waiting("a page's client is cancelled", wait_for_page, cancel_client);
    while_waiting("a page's client is freed", wait_for_page, free_client);
    while_waiting("a request's client is cancelled", wait_for_request, cancel_client);
    cancelled_before();
    freed_under_way();
    given_up();
    return test_end();
}
