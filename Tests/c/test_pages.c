/*
 * Every accessor of a page, for each style of paging, and what next() promises about time.
 */
#define _GNU_SOURCE
#include "support.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

/** The records, one after the other, are the server's bytes, inside the body, in order. */
static void check_records(const penstock_page *page, uint64_t first) {
    penstock_slice body = penstock_page_body(page);
    const char *before = body.data;
    for (size_t i = 0; i < penstock_page_record_count(page); i++) {
        char expected[RECORD_SIZE];
        penstock_slice record = penstock_page_record(page, i);
        expected_record(expected, sizeof expected, first + i);
        if (!CHECK(slice_is(record, expected)))
            continue;
        CHECK(record.data >= before && record.data + record.size <= body.data + body.size);
        before = record.data + record.size;
        CHECK(penstock_page_record(page, i).data == record.data);
    }
    CHECK(penstock_page_record(page, penstock_page_record_count(page)).data == NULL);
}

static void check_array(const penstock_page *page) {
    penstock_slice array = penstock_page_record_array(page), body = penstock_page_body(page);
    if (!CHECK(array.data != NULL && array.size >= 2))
        return;
    CHECK(array.data[0] == '[' && array.data[array.size - 1] == ']');
    CHECK(array.data >= body.data && array.data + array.size <= body.data + body.size);
    penstock_slice first = penstock_page_record(page, 0);
    CHECK(first.data >= array.data && first.data + first.size <= array.data + array.size);
}

static void check_token(const penstock_page *page, const char *token) {
    penstock_slice slice = penstock_page_next_token(page);
    if (token == NULL)
        CHECK(slice.data == NULL && slice.size == 0);
    else if (!CHECK(slice_is(slice, token)))
        printf("     it is '%.*s'\n", (int)slice.size, slice.data ? slice.data : "");
}

/** Walks 25 records in pages of ten; tokens[i] stands on page i. */
static void walk_style(penstock_client *client, const char *stream, const char *const tokens[3],
                       const int more[3], int64_t total) {
    penstock_paginator *paginator = open_stream(client, stream);
    penstock_page *page = NULL;
    int before = test_failures();
    for (int i = 0; i < 3; i++) {
        CHECK_CALL(penstock_paginator_next(paginator, -1, &page, &error), PENSTOCK_OK);
        CHECK_INT(penstock_page_index(page), i);
        CHECK_INT(penstock_page_status(page), 200);
        CHECK_INT(penstock_page_record_count(page), i < 2 ? 10 : 5);
        check_records(page, (uint64_t)i * 10);
        check_array(page);
        check_token(page, tokens[i]);
        CHECK_INT(penstock_page_has_more(page), more[i]);
        CHECK_INT(penstock_page_total(page), total);
        CHECK_CONTAINS(penstock_page_metadata(page).data, "\"url\"");
        penstock_page_free(page);
    }
    for (int again = 0; again < 3; again++) {
        penstock_page *untouched = NULL;
        CHECK_CALL(penstock_paginator_next(paginator, again - 1, &untouched, &error), PENSTOCK_END);
        CHECK(untouched == NULL);
    }
    if (test_failures() > before)
        printf("     in the stream '%s'\n", stream);
    penstock_paginator_free(paginator);
}

static void styles(penstock_client *client) {
    char url_one[256], url_two[256], link_one[256], link_two[256];
    snprintf(url_one, sizeof url_one, "%s/next?start=10", server_url());
    snprintf(url_two, sizeof url_two, "%s/next?start=20", server_url());
    snprintf(link_one, sizeof link_one, "%s/link?page=2&per_page=10", server_url());
    snprintf(link_two, sizeof link_two, "%s/link?page=3&per_page=10", server_url());
    const int more[3] = {1, 1, 0};
    walk_style(client, "page", (const char *[]){"2", "3", NULL}, more, RECORD_TOTAL);
    walk_style(client, "offset", (const char *[]){"10", "20", NULL}, more, -1);
    walk_style(client, "cursor", (const char *[]){"c10", "c20", NULL}, more, -1);
    walk_style(client, "link", (const char *[]){link_one, link_two, NULL}, more, -1);
    walk_style(client, "next", (const char *[]){url_one, url_two, NULL}, more, -1);
}

static void one_object(penstock_client *client) {
    char expected[RECORD_SIZE];
    penstock_page *page = get(client, "/single");
    expected_record(expected, sizeof expected, 7);
    CHECK(slice_is(penstock_page_body(page), expected));
    CHECK(slice_is(penstock_page_header(page, "etag"), "\"v1\""));
    CHECK(slice_is(penstock_page_header(page, "X-MULTI"), "a, b"));
    CHECK(penstock_page_header(page, "X-Absent").data == NULL);
    penstock_slice headers = penstock_page_headers(page);
    CHECK(headers.size > 2 && headers.data[0] == '[');
    CHECK_INT(penstock_page_limit_remaining(page), -1);
    CHECK_INT(penstock_page_limit_reset_ms(page), -1);
    CHECK_INT(penstock_page_has_more(page), -1);
    CHECK_INT(penstock_page_total(page), -1);
    CHECK_INT(penstock_page_index(page), 0);
    check_token(page, NULL);
    penstock_page_free(page);

    /* As a stream: one record, no array around it. */
    penstock_paginator *paginator = open_stream(client, "single");
    CHECK_CALL(penstock_paginator_next(paginator, -1, &page, &error), PENSTOCK_OK);
    CHECK_INT(penstock_page_record_count(page), 1);
    CHECK(slice_is(penstock_page_record(page, 0), expected));
    CHECK(penstock_page_record_array(page).data == NULL);
    penstock_page_free(page);
    CHECK_CALL(penstock_paginator_next(paginator, -1, &page, &error), PENSTOCK_END);
    penstock_paginator_free(paginator);

    /* As a request that doesn't block. */
    CHECK_CALL(
        penstock_request_open(client, "{\"path\": \"/page?page=2\"}", 24, &paginator, &error),
        PENSTOCK_OK);
    CHECK_CALL(penstock_paginator_next(paginator, -1, &page, &error), PENSTOCK_OK);
    CHECK_INT(penstock_page_limit_remaining(page), 998);
    int64_t reset = penstock_page_limit_reset_ms(page);
    CHECK(reset > 50000 && reset <= 61000);
    CHECK(slice_is(penstock_page_header(page, "x-request-id"), "page-2"));
    penstock_page_free(page);
    CHECK_CALL(penstock_paginator_next(paginator, -1, &page, &error), PENSTOCK_END);
    penstock_paginator_free(paginator);
}

static void empty_stream(penstock_client *client) {
    penstock_paginator *paginator = open_stream(client, "empty");
    CHECK_INT(drain(paginator), 0);
    penstock_paginator_free(paginator);
}

/** What the caller puts into the options. */
static void options_of_a_walk(penstock_client *client) {
    static const struct {
        const char *options;
        int64_t records;
    } cases[] = {
        {"{\"stream\": \"page\", \"max_pages\": 2}", 20},
        {"{\"stream\": \"page\", \"max_records\": 13}", 13},
        {"{\"stream\": \"page\", \"read_ahead\": 1}", 25},
        {"{\"stream\": {\"path\": \"/link\", \"pagination\": \"link\"}}", 25},
        {"{\"stream\": {\"path\": \"/cursor\"}}", 25},
        {"{\"stream\": \"page\", \"query\": {\"total\": \"42\"}}", 42},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        penstock_paginator *paginator = open_options(client, cases[i].options);
        if (!CHECK_INT(drain(paginator), cases[i].records))
            printf("     options: %s\n", cases[i].options);
        penstock_paginator_free(paginator);
    }
}

/** PENDING comes in time and loses nothing. */
static void pending(penstock_client *client) {
    penstock_paginator *silent = open_stream(client, "hang");
    penstock_page *page = NULL;
    for (int32_t timeout = 0; timeout < 2; timeout++) {
        int64_t begin = now_ms();
        CHECK_CALL(penstock_paginator_next(silent, timeout, &page, &error), PENSTOCK_PENDING);
        CHECK(now_ms() - begin < SOON_MS * slowness());
        CHECK(page == NULL);
    }
    penstock_paginator_free(silent);
    penstock_paginator *paginator =
        open_options(client, "{\"stream\": \"page\", \"query\": {\"delay_ms\": \"150\"}}");
    int64_t records = 0, waits = 0;
    penstock_status status;
    while ((status = penstock_paginator_next(paginator, waits % 3, &page, NULL)) != PENSTOCK_END) {
        if (status == PENSTOCK_PENDING) {
            waits++;
            continue;
        }
        if (!CHECK_INT(status, PENSTOCK_OK))
            break;
        check_records(page, (uint64_t)records);
        records += (int64_t)penstock_page_record_count(page);
        penstock_page_free(page);
    }
    CHECK_INT(records, RECORD_TOTAL);
    CHECK(waits > 0);
    penstock_paginator_free(paginator);
}

/** The descriptor is readable exactly while next() would not give PENDING. */
static void descriptor(penstock_client *client) {
    penstock_paginator *paginator =
        open_options(client, "{\"stream\": \"page\", \"query\": {\"delay_ms\": \"60\"}}");
    penstock_page *page = NULL;
    struct pollfd wait = {.fd = penstock_paginator_fd(paginator), .events = POLLIN};
    int64_t records = 0;
    penstock_status status = PENSTOCK_PENDING;
    CHECK(wait.fd >= 0);
    CHECK_INT(poll(&wait, 1, 0), 0);
    for (int turn = 0; turn < 100 && status != PENSTOCK_END; turn++) {
        if (!CHECK_INT(poll(&wait, 1, 10000), 1) || !CHECK_INT(wait.revents, POLLIN))
            break;
        status = penstock_paginator_next(paginator, 0, &page, NULL);
        if (!CHECK(status == PENSTOCK_OK || status == PENSTOCK_END))
            break;
        if (status == PENSTOCK_OK) {
            records += (int64_t)penstock_page_record_count(page);
            penstock_page_free(page);
        }
    }
    CHECK_INT(records, RECORD_TOTAL);
    CHECK_INT(poll(&wait, 1, 0), 1); /* END is sticky, and so is the descriptor */
    penstock_paginator_free(paginator);
}

static volatile sig_atomic_t signals;
static atomic_int calm;

static void count_signal(int number) {
    (void)number;
    signals++;
}

static void *annoy(void *argument) {
    while (!atomic_load(&calm)) {
        pthread_kill(*(pthread_t *)argument, SIGUSR1);
        sleep_ms(2);
    }
    return NULL;
}

/** Signals that interrupt every system call change nothing. */
static void interrupted(penstock_client *client) {
    struct sigaction action = {.sa_handler = count_signal}; /* no SA_RESTART */
    pthread_t self = pthread_self(), thread;
    sigaction(SIGUSR1, &action, NULL);
    pthread_create(&thread, NULL, annoy, &self);
    penstock_paginator *paginator =
        open_options(client, "{\"stream\": \"page\", \"query\": {\"delay_ms\": \"40\"}}");
    CHECK_INT(drain(paginator), RECORD_TOTAL);
    penstock_page *page = NULL;
    int64_t begin = now_ms();
    CHECK_CALL(penstock_client_request(client, "{\"path\": \"/hang\"}", 17, 100, &page, &error),
               PENSTOCK_ERROR_TIMEOUT);
    CHECK(now_ms() - begin >= 95); /* an interrupted wait goes on from where it was, not anew */
    CHECK(now_ms() - begin < 100 + SOON_MS * slowness());
    atomic_store(&calm, 1);
    pthread_join(thread, NULL);
    CHECK(signals > 10);
    penstock_paginator_free(paginator);
}

/** What a request may bring besides JSON: nothing, text, a flag. */
static void other_bodies(penstock_client *client) {
    penstock_page *page = get(client, "/html");
    CHECK(slice_is(penstock_page_header(page, "Content-Type"), "text/html"));
    CHECK(slice_is(penstock_page_body(page), "<!doctype html><title>Maintenance</title>"));
    penstock_page_free(page);
    page = get(client, "/json/nothing");
    CHECK(penstock_page_body(page).data == NULL && penstock_page_body(page).size == 0);
    CHECK_INT(penstock_page_record_count(page), 0);
    CHECK(penstock_page_record_array(page).data == NULL);
    penstock_page_free(page);

    const char *post = "{\"method\": \"POST\", \"path\": \"/echo\", \"json\": {\"a\": 1.10}}";
    CHECK_CALL(penstock_client_request(client, post, strlen(post), -1, &page, &error), PENSTOCK_OK);
    penstock_slice body = penstock_page_body(page);
    CHECK(memmem(body.data, body.size, "\"POST\"", 6) != NULL);
    CHECK(memmem(body.data, body.size, "application/json", 16) != NULL);
    penstock_page_free(page);
}

int main(void) {
    test_begin("test_pages");
    penstock_client *client = open_client();
    styles(client);
    one_object(client);
    empty_stream(client);
    options_of_a_walk(client);
    pending(client);
    descriptor(client);
    other_bodies(client);
    interrupted(client);
    penstock_client_free(client);
    return test_end();
}
