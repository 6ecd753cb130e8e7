/*
 * NULL in every place of every function: a status or "unknown", outputs untouched, no crash.
 */
#include "support.h"

/* What outputs hold before a call that must not write them. */
static char mark;
#define UNTOUCHED(type) ((type *)(void *)&mark)

static void never(void *context, penstock_batch *batch) {
    (void)context, (void)batch;
}

/** The error of a call that must fail, looked at from every side. */
static void refused(penstock_status status, penstock_error *error, const char *what) {
    CHECK_INT(status, PENSTOCK_ERROR_INVALID_ARGUMENT);
    if (!CHECK(error != NULL && error != UNTOUCHED(penstock_error))) {
        printf("     after %s\n", what);
        return;
    }
    CHECK_INT(penstock_error_status(error), PENSTOCK_ERROR_INVALID_ARGUMENT);
    CHECK(penstock_error_message(error)[0] != '\0');
    CHECK_INT(penstock_error_http_status(error), 0);
    CHECK(penstock_error_url(error) == NULL);
    CHECK(penstock_error_request_id(error) == NULL);
    CHECK_INT(penstock_error_retry_after_ms(error), -1);
    CHECK_INT(penstock_error_attempts(error), 0);
    CHECK_CONTAINS(penstock_error_json(error), "\"message\"");
    penstock_error_free(error);
}

/* Each call once with an error that is not initialised to NULL, once without one. */
#define REFUSED(call)                                                                              \
    do {                                                                                           \
        penstock_error *error = UNTOUCHED(penstock_error);                                         \
        penstock_error **where = &error;                                                           \
        penstock_status status = (call);                                                           \
        refused(status, error, #call);                                                             \
        where = NULL;                                                                              \
        CHECK_INT((call), PENSTOCK_ERROR_INVALID_ARGUMENT);                                        \
    } while (0)

static void functions_with_status(void) {
    penstock_client *client = UNTOUCHED(penstock_client);
    penstock_limiter *limiter = UNTOUCHED(penstock_limiter);
    penstock_paginator *paginator = UNTOUCHED(penstock_paginator);
    penstock_page *page = UNTOUCHED(penstock_page);
    penstock_sync *sync = UNTOUCHED(penstock_sync);
    penstock_state *state = UNTOUCHED(penstock_state);
    penstock_text *text = UNTOUCHED(penstock_text);
    penstock_client *open = open_client();
    penstock_paginator *walk = open_stream(open, "page");
    const char *source = source_text(), *request = "{\"path\": \"/single\"}";

    REFUSED(penstock_client_set_credential(NULL, "a", NULL, NULL, NULL, where));
    REFUSED(penstock_client_set_credential(open, NULL, NULL, NULL, NULL, where));
    penstock_credential_reply_token(NULL, NULL, 0, 0);
    penstock_credential_reply_header(NULL, NULL, NULL);
    penstock_credential_reply_fail(NULL, NULL);

    REFUSED(penstock_limiter_open(NULL, 0, &limiter, where));
    REFUSED(penstock_limiter_open(NULL, 6, &limiter, where));
    REFUSED(penstock_limiter_open("\"10/s\"", 6, NULL, where));
    uint64_t permit = 99;
    penstock_limiter *budget = NULL;
    CHECK_INT(penstock_limiter_open("{\"concurrent\": 1}", 17, &budget, NULL), PENSTOCK_OK);
    REFUSED(penstock_limiter_acquire(NULL, NULL, 0, -1, &permit, where));
    REFUSED(penstock_limiter_acquire(NULL, "{}", 2, 0, &permit, where));
    REFUSED(penstock_limiter_acquire(budget, NULL, 0, -1, NULL, where));
    REFUSED(penstock_limiter_release(NULL, 1, -1, where));
    REFUSED(penstock_limiter_release(budget, 0, -1, where));
    REFUSED(penstock_limiter_release(budget, UINT64_MAX, 5, where));
    REFUSED(penstock_limiter_state(NULL, &text, where));
    REFUSED(penstock_limiter_state(budget, NULL, where));
    CHECK_INT((int64_t)permit, 99);
    penstock_limiter_free(budget);

    REFUSED(penstock_source_explain(NULL, 0, NULL, 0, &text, where));
    REFUSED(penstock_source_explain(NULL, 10, NULL, 0, &text, where));
    REFUSED(penstock_source_explain(source, strlen(source), NULL, 0, NULL, where));

    REFUSED(penstock_client_open(NULL, 0, NULL, 0, NULL, &client, where));
    REFUSED(penstock_client_open(NULL, 10, NULL, 0, NULL, &client, where));
    REFUSED(penstock_client_open(source, strlen(source), NULL, 0, NULL, NULL, where));

    REFUSED(penstock_client_request(NULL, request, strlen(request), -1, &page, where));
    REFUSED(penstock_client_request(open, NULL, 0, -1, &page, where));
    REFUSED(penstock_client_request(open, NULL, 3, -1, &page, where));
    REFUSED(penstock_client_request(open, request, strlen(request), -1, NULL, where));

    REFUSED(penstock_paginator_open(NULL, "{\"stream\":\"page\"}", 17, &paginator, where));
    REFUSED(penstock_paginator_open(open, NULL, 0, &paginator, where));
    REFUSED(penstock_paginator_open(open, NULL, 3, &paginator, where));
    REFUSED(penstock_paginator_open(open, "{\"stream\":\"page\"}", 17, NULL, where));

    REFUSED(penstock_request_open(NULL, request, strlen(request), &paginator, where));
    REFUSED(penstock_request_open(open, NULL, 0, &paginator, where));
    REFUSED(penstock_request_open(open, request, strlen(request), NULL, where));

    REFUSED(penstock_paginator_next(NULL, 0, &page, where));
    REFUSED(penstock_paginator_next(NULL, -1, &page, where));
    REFUSED(penstock_paginator_next(walk, 0, NULL, where));
    REFUSED(penstock_paginator_next(walk, -1, NULL, where));

    REFUSED(penstock_client_state(NULL, &text, where));
    REFUSED(penstock_client_state(open, NULL, where));
    REFUSED(penstock_client_metrics(NULL, "json", &text, where));
    REFUSED(penstock_client_metrics(open, "json", NULL, where));
    REFUSED(penstock_client_metrics(open, "xml", &text, where));
    REFUSED(penstock_client_trace(NULL, NULL, 0, &text, where));
    REFUSED(penstock_client_trace(open, NULL, 0, NULL, where));
    REFUSED(penstock_sync_metrics(NULL, NULL, &text, where));
    penstock_events *events = NULL;
    REFUSED(penstock_client_events(NULL, NULL, 0, &events, where));
    REFUSED(penstock_client_events(open, NULL, 0, NULL, where));
    REFUSED(penstock_sync_events(NULL, NULL, 0, &events, where));
    REFUSED(penstock_events_next(NULL, 0, &text, where));
    REFUSED(penstock_events_listen(NULL, NULL, NULL, NULL, where));
    CHECK(penstock_events_fd(NULL) == -1);
    penstock_events_free(NULL);

    REFUSED(penstock_sync_open(NULL, 0, &sync, where));
    REFUSED(penstock_sync_open("{}", 2, NULL, where));
    REFUSED(penstock_sync_wait(NULL, 0, where));
    REFUSED(penstock_sync_wait(NULL, -1, where));
    REFUSED(penstock_sync_progress(NULL, &text, where));

    REFUSED(penstock_state_open(NULL, &state, where));
    REFUSED(penstock_state_open("state.db", NULL, where));
    REFUSED(penstock_state_export(NULL, &text, where));
    REFUSED(penstock_state_import(NULL, "{}", 2, where));
    REFUSED(penstock_state_reset(NULL, NULL, where));
    REFUSED(penstock_sync_open_with_batch(NULL, 0, never, NULL, NULL, &sync, where));
    REFUSED(penstock_sync_open_with_batch("{}", 2, NULL, NULL, NULL, &sync, where));
    REFUSED(penstock_sync_open_with_batch("{}", 2, never, NULL, NULL, NULL, where));
    REFUSED(penstock_batch_write(NULL, "1", 1, where));
    REFUSED(penstock_state_verify(NULL, &text, where));

    penstock_store none = {0}, empty = {.size = sizeof empty};
    REFUSED(penstock_store_register(NULL, NULL, NULL, NULL, where));
    REFUSED(penstock_store_register("a/b", NULL, NULL, NULL, where));
    REFUSED(penstock_store_register("none", &none, NULL, NULL, where));
    REFUSED(penstock_store_register("empty", &empty, NULL, NULL, where));
    CHECK_CALL(penstock_store_register("nobody", NULL, NULL, NULL, &error), PENSTOCK_OK);
    penstock_store_reply_item(NULL, NULL, NULL, 0);
    penstock_store_reply_refuse(NULL, NULL);
    penstock_store_reply_fail(NULL, NULL);

    CHECK(client == UNTOUCHED(penstock_client) && limiter == UNTOUCHED(penstock_limiter));
    CHECK(paginator == UNTOUCHED(penstock_paginator) && page == UNTOUCHED(penstock_page));
    CHECK(sync == UNTOUCHED(penstock_sync) && text == UNTOUCHED(penstock_text));
    CHECK(state == UNTOUCHED(penstock_state));

    /* A refused call leaves the walk as it was. */
    CHECK_INT(drain(walk), RECORD_TOTAL);
    penstock_paginator_free(walk);
    penstock_client_free(open);
}

/** Texts of no bytes are wrong texts, not missing ones. */
static void empty_texts(void) {
    penstock_client *open = open_client(), *client = NULL;
    penstock_limiter *limiter = NULL;
    penstock_paginator *paginator = NULL;
    penstock_page *page = NULL;
    penstock_sync *sync = NULL;
    CHECK_CALL(penstock_limiter_open("", 0, &limiter, &error), PENSTOCK_ERROR_CONFIG);
    CHECK_CALL(penstock_client_open("", 0, NULL, 0, NULL, &client, &error), PENSTOCK_ERROR_CONFIG);
    penstock_text *text = NULL;
    CHECK_CALL(penstock_source_explain("", 0, NULL, 0, &text, &error), PENSTOCK_ERROR_CONFIG);
    CHECK(text == NULL);
    CHECK_CALL(penstock_client_request(open, "", 0, -1, &page, &error), PENSTOCK_ERROR_CONFIG);
    CHECK_CALL(penstock_paginator_open(open, "", 0, &paginator, &error), PENSTOCK_ERROR_CONFIG);
    CHECK_CALL(penstock_request_open(open, "", 0, &paginator, &error), PENSTOCK_ERROR_CONFIG);
    CHECK_CALL(penstock_sync_open("", 0, &sync, &error), PENSTOCK_ERROR_CONFIG);
    CHECK(client == NULL && limiter == NULL && paginator == NULL && page == NULL && sync == NULL);

    /* Only the length counts: what follows it is not read. */
    const char *source = source_text();
    char *longer = malloc(strlen(source) + 8);
    strcpy(longer, source);
    strcat(longer, "garbage");
    CHECK_CALL(penstock_client_open(longer, strlen(source), NULL, 0, NULL, &client, &error),
               PENSTOCK_OK);
    free(longer);
    penstock_client_free(client);
    penstock_client_free(open);
}

static void empty(penstock_slice slice) {
    CHECK(slice.data == NULL);
    CHECK_INT(slice.size, 0);
}

static void functions_without_status(void) {
    penstock_limiter_free(NULL);
    penstock_client_cancel(NULL);
    penstock_limiter_cancel(NULL);
    penstock_client_free(NULL);
    penstock_paginator_cancel(NULL);
    penstock_paginator_free(NULL);
    penstock_page_free(NULL);
    penstock_sync_cancel(NULL);
    penstock_sync_park(NULL);
    CHECK_INT(strlen(penstock_batch_stream(NULL)), 0);
    CHECK_INT(penstock_batch_record_count(NULL), 0);
    empty(penstock_batch_record(NULL, 0));
    penstock_batch_keep(NULL, 0);
    penstock_batch_fail(NULL, NULL);
    penstock_sync_free(NULL);
    penstock_state_free(NULL);
    penstock_text_free(NULL);
    penstock_error_free(NULL);

    CHECK_INT(penstock_paginator_fd(NULL), -1);

    empty(penstock_page_body(NULL));
    CHECK_INT(penstock_page_record_count(NULL), 0);
    empty(penstock_page_record(NULL, 0));
    empty(penstock_page_record_array(NULL));
    CHECK_INT(penstock_page_status(NULL), 0);
    empty(penstock_page_header(NULL, "ETag"));
    empty(penstock_page_header(NULL, NULL));
    empty(penstock_page_headers(NULL));
    CHECK_INT(penstock_page_limit_remaining(NULL), -1);
    CHECK_INT(penstock_page_limit_reset_ms(NULL), -1);
    empty(penstock_page_next_token(NULL));
    CHECK_INT(penstock_page_has_more(NULL), -1);
    CHECK_INT(penstock_page_total(NULL), -1);
    CHECK_INT(penstock_page_index(NULL), 0);
    empty(penstock_page_checkpoint(NULL));
    empty(penstock_page_metadata(NULL));
    empty(penstock_text_slice(NULL));

    CHECK_INT(penstock_error_status(NULL), PENSTOCK_OK);
    CHECK_TEXT(penstock_error_message(NULL), "");
    CHECK_INT(penstock_error_http_status(NULL), 0);
    CHECK(penstock_error_url(NULL) == NULL);
    CHECK(penstock_error_request_id(NULL) == NULL);
    CHECK_INT(penstock_error_retry_after_ms(NULL), -1);
    CHECK_INT(penstock_error_attempts(NULL), 0);
    CHECK_TEXT(penstock_error_json(NULL), "{}");
}

static void header_without_name(void) {
    penstock_client *client = open_client();
    penstock_page *page = get(client, "/single");
    empty(penstock_page_header(page, NULL));
    empty(penstock_page_header(page, ""));
    empty(penstock_page_record(page, SIZE_MAX));
    penstock_page_free(page);
    penstock_client_free(client);
}

static void library_functions(void) {
    CHECK_TEXT(penstock_version(), PENSTOCK_VERSION);
    CHECK_INT(penstock_abi_version(), PENSTOCK_ABI_VERSION);
    CHECK_TEXT(penstock_status_name(PENSTOCK_OK), "PENSTOCK_OK");
    CHECK_TEXT(penstock_status_name(PENSTOCK_END), "PENSTOCK_END");
    CHECK_TEXT(penstock_status_name(PENSTOCK_PENDING), "PENSTOCK_PENDING");
    CHECK_TEXT(penstock_status_name(PENSTOCK_ERROR_INVALID_ARGUMENT),
               "PENSTOCK_ERROR_INVALID_ARGUMENT");
    CHECK_TEXT(penstock_status_name(PENSTOCK_ERROR_CIRCUIT_OPEN), "PENSTOCK_ERROR_CIRCUIT_OPEN");
    CHECK_TEXT(penstock_status_name(PENSTOCK_ERROR_INTERNAL), "PENSTOCK_ERROR_INTERNAL");
    for (int number = 0; number < 64; number++) {
        int known = number <= 2 || (number >= 16 && number <= 31);
        const char *name = penstock_status_name((penstock_status)number);
        CHECK(name != NULL && (strcmp(name, "PENSTOCK_UNKNOWN") != 0) == known);
    }
    CHECK_TEXT(penstock_status_name((penstock_status)0x7fffffff), "PENSTOCK_UNKNOWN");
    CHECK_CONTAINS(penstock_schema(), "https://json-schema.org/draft/2020-12/schema");
    const char *definitions[] = {"client_options", "request", "paginator_options", "limiter",
                                 "job"};
    for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++)
        CHECK_CONTAINS(penstock_schema(), definitions[i]);
    CHECK(penstock_schema() == penstock_schema());
    CHECK(penstock_version() == penstock_version());
}

int main(void) {
    test_begin("test_null");
    functions_with_status();
    empty_texts();
    functions_without_status();
    header_without_name();
    library_functions();
    return test_end();
}
