/*
 * Handles freed in every order; what was made by another handle stays usable without it.
 */
#include "support.h"

enum { LIMITER, CLIENT, PAGINATOR, PAGE, ERROR, SYNC, KINDS };

typedef struct handles {
    penstock_limiter *limiter;
    penstock_client *client;
    penstock_paginator *paginator;
    penstock_page *page;
    penstock_error *error;
    penstock_sync *sync;
} handles;

static char job[6000];

static handles open_all(void) {
    handles all;
    penstock_error *error = NULL;
    const char *source = source_text();
    memset(&all, 0, sizeof all);
    CHECK_STATUS(penstock_limiter_open("\"1000/s\"", 8, &all.limiter, &error), PENSTOCK_OK, error);
    CHECK_CALL(
        penstock_client_open(source, strlen(source), NULL, 0, all.limiter, &all.client, &error),
        PENSTOCK_OK);
    all.paginator = open_stream(all.client, "page");
    CHECK_CALL(penstock_paginator_next(all.paginator, -1, &all.page, &error), PENSTOCK_OK);
    CHECK_INT(penstock_client_request(all.client, "{\"path\": 1}", 11, -1, NULL, &all.error),
              PENSTOCK_ERROR_INVALID_ARGUMENT);
    penstock_error_free(all.error);
    all.error = NULL;
    penstock_page *none = NULL;
    CHECK_INT(penstock_client_request(all.client, "{\"path\": 1}", 11, -1, &none, &all.error),
              PENSTOCK_ERROR_CONFIG);
    CHECK_CALL(penstock_sync_open(job, strlen(job), &all.sync, &error), PENSTOCK_OK);
    return all;
}

static void check_page(const penstock_page *page) {
    char expected[RECORD_SIZE];
    CHECK_INT(penstock_page_record_count(page), 10);
    for (size_t i = 0; i < penstock_page_record_count(page); i++) {
        expected_record(expected, sizeof expected, i);
        CHECK(slice_is(penstock_page_record(page, i), expected));
    }
    CHECK_INT(penstock_page_status(page), 200);
    CHECK(slice_is(penstock_page_header(page, "x-request-id"), "page-1"));
    CHECK(penstock_page_metadata(page).size > 2);
}

static void free_one(handles *all, int kind) {
    switch (kind) {
    case LIMITER:
        penstock_limiter_free(all->limiter);
        all->limiter = NULL;
        break;
    case CLIENT:
        penstock_client_free(all->client);
        all->client = NULL;
        break;
    case PAGINATOR:
        penstock_paginator_free(all->paginator);
        all->paginator = NULL;
        break;
    case PAGE:
        penstock_page_free(all->page);
        all->page = NULL;
        break;
    case ERROR:
        penstock_error_free(all->error);
        all->error = NULL;
        break;
    default:
        penstock_sync_free(all->sync);
        all->sync = NULL;
    }
}

/** Everything that is left answers as if nothing had been freed. */
static void use_rest(const handles *all, int client_freed) {
    if (all->page != NULL)
        check_page(all->page);
    if (all->error != NULL) {
        CHECK_INT(penstock_error_status(all->error), PENSTOCK_ERROR_CONFIG);
        CHECK(penstock_error_message(all->error)[0] != '\0');
    }
    if (all->paginator != NULL && client_freed) {
        /* Pages that were ready may come first. */
        penstock_page *page = NULL;
        penstock_status status;
        while ((status = penstock_paginator_next(all->paginator, -1, &page, NULL)) == PENSTOCK_OK)
            penstock_page_free(page);
        CHECK(status == PENSTOCK_ERROR_CANCELLED || status == PENSTOCK_END);
    }
    if (all->sync != NULL) {
        penstock_text *text = NULL;
        CHECK_CALL(penstock_sync_progress(all->sync, &text, &error), PENSTOCK_OK);
        penstock_text_free(text);
    }
}

static void free_in_order(const int *order) {
    handles all = open_all();
    int client_freed = 0;
    for (int i = 0; i < KINDS; i++) {
        free_one(&all, order[i]);
        client_freed |= order[i] == CLIENT;
        use_rest(&all, client_freed);
    }
}

/** Heap's algorithm, without recursion; every `step`-th of the 720 orders. */
static int all_orders(int step) {
    int order[KINDS], counts[KINDS] = {0}, done = 0, seen = 0;
    for (int i = 0; i < KINDS; i++)
        order[i] = i;
    free_in_order(order);
    done++;
    for (int i = 1; i < KINDS;) {
        if (counts[i] >= i) {
            counts[i++] = 0;
            continue;
        }
        int other = i % 2 == 0 ? 0 : counts[i], kept = order[other];
        order[other] = order[i];
        order[i] = kept;
        counts[i]++;
        i = 1;
        if (++seen % step == 0 && test_failures() < 20) {
            free_in_order(order);
            done++;
        }
    }
    return done;
}

/** Many pages of many walks, used after everything else is gone. */
static void pages_alone(void) {
    penstock_client *client = open_client();
    penstock_page *pages[12];
    size_t count = 0;
    for (int walk = 0; walk < 4; walk++) {
        penstock_paginator *paginator = open_stream(client, "page");
        while (count < 12 &&
               penstock_paginator_next(paginator, -1, &pages[count], NULL) == PENSTOCK_OK)
            count++;
        penstock_paginator_free(paginator);
    }
    penstock_client_free(client);
    CHECK_INT(count, 12);
    for (size_t i = 0; i < count; i++) {
        char expected[RECORD_SIZE];
        CHECK_INT(penstock_page_index(pages[i]), i % 3);
        expected_record(expected, sizeof expected, i % 3 * 10);
        CHECK(slice_is(penstock_page_record(pages[i], 0), expected));
        penstock_page_free(pages[i]);
    }
}

int main(void) {
    test_begin("test_free_order");
    char *directory = make_directory();
    snprintf(job, sizeof job,
             "{\"sources\": [{\"source\": %s, \"streams\": [\"page\"]}], "
             "\"output\": {\"directory\": \"%s\"}}",
             source_text(), directory);
    int done = all_orders(slowness() > 1 ? 29 : 1);
    CHECK(slowness() > 1 || done == 720);
    pages_alone();
    remove_directory(directory);
    return test_end();
}
