/*
 * A stand-in for libpenstock that does what it is told, without a network: it lets the tests see
 * every status, count live handles exactly, and make a call wait for as long as they like.
 *
 * Words in the documents steer it (they are searched, not parsed):
 *   "fail:N"     open returns error status N
 *   "pages:N"    the walk has N pages of two records each
 *   "then:N"     the walk ends with error status N instead of END
 *   "stuck"      no page ever comes; only cancel or free ends the wait
 *   "apart"      the records don't stand together in the body
 */
#define _GNU_SOURCE
#include <penstock.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { CLIENT, LIMITER, PAGINATOR, PAGE, SYNC, TEXT, ERROR, KINDS };
static atomic_int live[KINDS];
int double_live(int kind) {
    return live[kind];
}

struct penstock_error {
    penstock_status status;
    char message[96], json[512];
};
struct penstock_limiter {
    int unused;
};
struct penstock_client {
    atomic_int cancelled;
    pid_t owner;
};
struct penstock_paginator {
    penstock_client *client;
    pid_t owner;
    int fd, apart, stuck;
    long pages, next, then;
    atomic_int cancelled;
};
struct penstock_page {
    uint64_t index;
    int apart, more;
    char body[128];
};
struct penstock_sync {
    long then;
    int polls;
    atomic_int cancelled;
};
struct penstock_text {
    char json[2048];
};

static void *made(int kind, size_t size) {
    live[kind]++;
    return calloc(1, size);
}
static void gone(int kind, void *pointer) {
    if (pointer)
        live[kind]--;
    free(pointer);
}

static penstock_status fail(penstock_error **error, long status) {
    if (!error)
        return status;
    penstock_error *made_error = made(ERROR, sizeof *made_error);
    made_error->status = status;
    snprintf(made_error->message, sizeof made_error->message,
             "told to fail with %ld at /streams/users", status);
    snprintf(made_error->json, sizeof made_error->json,
             "{\"status\":%ld,\"message\":\"%s\",\"http_status\":503,\"url\":\"http://127.0.0.1/"
             "users?page=…\","
             "\"request_id\":\"req-1\",\"retry_after_ms\":1500,\"attempts\":3,\"stream\":\"users\","
             "\"page\":4,"
             "\"pointer\":\"/streams/users\",\"body\":\"no\"}",
             status, made_error->message);
    *error = made_error;
    return status;
}

static long number(const char *json, size_t size, const char *word, long otherwise) {
    char *found = json ? memmem(json, size, word, strlen(word)) : NULL;
    return found ? strtol(found + strlen(word), NULL, 10) : otherwise;
}
static int says(const char *json, size_t size, const char *word) {
    return json && memmem(json, size, word, strlen(word)) != NULL;
}

const char *penstock_version(void) {
    return PENSTOCK_VERSION;
}
int penstock_abi_version(void) {
    const char *told = getenv("DOUBLE_ABI");
    return told ? atoi(told) : PENSTOCK_ABI_VERSION;
}
const char *penstock_status_name(penstock_status status) {
    return status == PENSTOCK_END ? "PENSTOCK_END" : "PENSTOCK_UNKNOWN";
}
const char *penstock_schema(void) {
    return "{\"$defs\":{}}";
}

penstock_status penstock_source_explain(const char *source, size_t source_size, const char *options,
                                        size_t options_size, penstock_text **out,
                                        penstock_error **error) {
    long status = number(source, source_size, "fail:", number(options, options_size, "fail:", 0));
    if (status)
        return fail(error, status);
    *out = made(TEXT, sizeof **out);
    snprintf(
        (*out)->json, sizeof(*out)->json,
        "{\"base_url\":\"http://127.0.0.1\",\"limits\":[\"none given\"],\"streams\":[{\"name\":"
        "\"users\",\"request\":\"GET http://127.0.0.1/users\",\"paging\":\"there is one "
        "page\",\"stops\":[\"at once\",\"or later\"]}],\"notes\":[\"secrets: %s\"]}",
        says(options, options_size, "skip") ? "skipped" : "read");
    return PENSTOCK_OK;
}

penstock_status penstock_limiter_open(const char *json, size_t size, penstock_limiter **out,
                                      penstock_error **error) {
    long status = number(json, size, "fail:", 0);
    if (status)
        return fail(error, status);
    *out = made(LIMITER, sizeof **out);
    return PENSTOCK_OK;
}
penstock_status penstock_limiter_acquire(penstock_limiter *limiter, const char *options,
                                         size_t size, int64_t timeout_ms, uint64_t *permit,
                                         penstock_error **error) {
    (void)limiter, (void)timeout_ms;
    long status = number(options, size, "fail:", 0);
    if (status)
        return fail(error, status);
    *permit = 7;
    return PENSTOCK_OK;
}
penstock_status penstock_limiter_release(penstock_limiter *limiter, uint64_t permit,
                                         int64_t actual_cost, penstock_error **error) {
    (void)limiter, (void)actual_cost;
    return permit == 7 ? PENSTOCK_OK : fail(error, PENSTOCK_ERROR_INVALID_ARGUMENT);
}
void penstock_limiter_cancel(penstock_limiter *limiter) {
    (void)limiter;
}
penstock_status penstock_limiter_state(penstock_limiter *limiter, penstock_text **out,
                                       penstock_error **error) {
    (void)limiter, (void)error;
    *out = made(TEXT, sizeof **out);
    snprintf((*out)->json, sizeof(*out)->json, "{\"waiting\":0}");
    return PENSTOCK_OK;
}
void penstock_limiter_free(penstock_limiter *limiter) {
    gone(LIMITER, limiter);
}

penstock_status penstock_client_open(const char *source, size_t source_size, const char *options,
                                     size_t options_size, penstock_limiter *limiter,
                                     penstock_client **out, penstock_error **error) {
    (void)limiter;
    long status = number(source, source_size, "fail:", number(options, options_size, "fail:", 0));
    if (status == 99) {
        *error = NULL;
        return 99;
    }
    if (status)
        return fail(error, status);
    *out = made(CLIENT, sizeof **out);
    (*out)->owner = getpid();
    return PENSTOCK_OK;
}
penstock_status penstock_client_set_credential(penstock_client *client, const char *name,
                                               penstock_credential_callback callback, void *context,
                                               penstock_release release, penstock_error **error) {
    (void)client, (void)callback, (void)context, (void)release;
    return *name ? PENSTOCK_OK : fail(error, PENSTOCK_ERROR_INVALID_ARGUMENT);
}
void penstock_credential_reply_token(penstock_credential_reply *reply, const char *token,
                                     size_t size, int64_t life_ms) {
    (void)reply, (void)token, (void)size, (void)life_ms;
}
void penstock_credential_reply_header(penstock_credential_reply *reply, const char *name,
                                      const char *value) {
    (void)reply, (void)name, (void)value;
}
void penstock_credential_reply_fail(penstock_credential_reply *reply, const char *message) {
    (void)reply, (void)message;
}

penstock_status penstock_client_request(penstock_client *client, const char *request, size_t size,
                                        int64_t timeout_ms, penstock_page **page,
                                        penstock_error **error) {
    (void)client, (void)request, (void)size, (void)timeout_ms, (void)page;
    return fail(error, PENSTOCK_ERROR_INTERNAL);
}
penstock_status penstock_client_state(penstock_client *client, penstock_text **out,
                                      penstock_error **error) {
    (void)client;
    (void)error;
    *out = made(TEXT, sizeof **out);
    snprintf((*out)->json, sizeof(*out)->json, "{\"in_flight\":0,\"waiting\":0,\"hosts\":[]}");
    return PENSTOCK_OK;
}
penstock_status penstock_client_metrics(penstock_client *client, const char *format,
                                        penstock_text **out, penstock_error **error) {
    (void)client, (void)format, (void)error;
    *out = made(TEXT, sizeof **out);
    snprintf((*out)->json, sizeof(*out)->json, "{\"version\":1,\"streams\":[],\"waiting\":[]}");
    return PENSTOCK_OK;
}
penstock_status penstock_client_trace(penstock_client *client, const char *options, size_t size,
                                      penstock_text **out, penstock_error **error) {
    (void)client, (void)options, (void)size, (void)error;
    *out = made(TEXT, sizeof **out);
    snprintf((*out)->json, sizeof(*out)->json, "[]");
    return PENSTOCK_OK;
}
penstock_status penstock_sync_metrics(penstock_sync *sync, const char *format, penstock_text **out,
                                      penstock_error **error) {
    (void)sync, (void)format, (void)error;
    *out = made(TEXT, sizeof **out);
    snprintf((*out)->json, sizeof(*out)->json, "{\"version\":1,\"streams\":[],\"waiting\":[]}");
    return PENSTOCK_OK;
}
penstock_status penstock_client_events(penstock_client *client, const char *options, size_t size,
                                       penstock_events **out, penstock_error **error) {
    (void)client, (void)options, (void)size, (void)out;
    return fail(error, PENSTOCK_ERROR_INTERNAL);
}
penstock_status penstock_sync_events(penstock_sync *sync, const char *options, size_t size,
                                     penstock_events **out, penstock_error **error) {
    (void)sync, (void)options, (void)size, (void)out;
    return fail(error, PENSTOCK_ERROR_INTERNAL);
}
penstock_status penstock_events_next(penstock_events *events, int64_t timeout_ms,
                                     penstock_text **event, penstock_error **error) {
    (void)events, (void)timeout_ms, (void)event, (void)error;
    return PENSTOCK_END;
}
int penstock_events_fd(const penstock_events *events) {
    (void)events;
    return -1;
}
penstock_status penstock_events_listen(penstock_events *events, penstock_event_callback callback,
                                       void *context, penstock_release release,
                                       penstock_error **error) {
    (void)events, (void)callback, (void)context, (void)release;
    return fail(error, PENSTOCK_ERROR_INTERNAL);
}
void penstock_events_free(penstock_events *events) {
    (void)events;
}
void penstock_client_cancel(penstock_client *client) {
    client->cancelled = 1;
}
void penstock_client_free(penstock_client *client) {
    gone(CLIENT, client);
}

penstock_status penstock_paginator_open(penstock_client *client, const char *options, size_t size,
                                        penstock_paginator **out, penstock_error **error) {
    long status = number(options, size, "fail:", 0);
    if (client->owner != getpid())
        status = PENSTOCK_ERROR_STATE;
    if (status)
        return fail(error, status);
    penstock_paginator *paginator = made(PAGINATOR, sizeof *paginator);
    paginator->client = client;
    paginator->owner = getpid();
    paginator->pages = number(options, size, "pages:", 1);
    paginator->then = number(options, size, "then:", 0);
    paginator->stuck = says(options, size, "stuck");
    paginator->apart = says(options, size, "apart");
    paginator->fd = eventfd(paginator->stuck ? 0 : 1, EFD_CLOEXEC);
    *out = paginator;
    return PENSTOCK_OK;
}
penstock_status penstock_request_open(penstock_client *client, const char *request, size_t size,
                                      penstock_paginator **out, penstock_error **error) {
    return penstock_paginator_open(client, request, size, out, error);
}
penstock_status penstock_paginator_next(penstock_paginator *paginator, int64_t timeout_ms,
                                        penstock_page **page, penstock_error **error) {
    if (paginator->owner != getpid())
        return fail(error, PENSTOCK_ERROR_STATE);
    if (paginator->stuck)
        poll(&(struct pollfd){paginator->fd, POLLIN, 0}, 1, (int)timeout_ms);
    if (paginator->cancelled)
        return fail(error, PENSTOCK_ERROR_CANCELLED);
    if (paginator->stuck)
        return PENSTOCK_PENDING;
    if (paginator->next == paginator->pages)
        return paginator->then ? fail(error, paginator->then) : PENSTOCK_END;
    penstock_page *made_page = made(PAGE, sizeof *made_page);
    made_page->index = paginator->next++;
    made_page->apart = paginator->apart;
    made_page->more = paginator->next < paginator->pages;
    snprintf(made_page->body, sizeof made_page->body,
             "{\"data\":[{\"id\":%llu,\"n\":1},{\"id\":%llu,\"n\":2}]}",
             (unsigned long long)made_page->index % 10, (unsigned long long)made_page->index % 10);
    *page = made_page;
    return PENSTOCK_OK;
}
int penstock_paginator_fd(const penstock_paginator *paginator) {
    return paginator->owner == getpid() ? paginator->fd : -1;
}
void penstock_paginator_cancel(penstock_paginator *paginator) {
    paginator->cancelled = 1;
    eventfd_write(paginator->fd, 1);
}
void penstock_paginator_free(penstock_paginator *paginator) {
    if (paginator)
        close(paginator->fd);
    gone(PAGINATOR, paginator);
}

static penstock_slice slice(const char *text) {
    return (penstock_slice){text, strlen(text)};
}
penstock_slice penstock_page_body(const penstock_page *page) {
    return slice(page->body);
}
size_t penstock_page_record_count(const penstock_page *page) {
    (void)page;
    return 2;
}
penstock_slice penstock_page_record(const penstock_page *page, size_t index) {
    return (penstock_slice){page->body + 9 + index * 15, 14};
}
penstock_slice penstock_page_record_array(const penstock_page *page) {
    return page->apart ? (penstock_slice){NULL, 0} : (penstock_slice){page->body + 8, 31};
}
int32_t penstock_page_status(const penstock_page *page) {
    (void)page;
    return 200;
}
penstock_slice penstock_page_header(const penstock_page *page, const char *name) {
    (void)page;
    return strcasecmp(name, "x-a") ? (penstock_slice){NULL, 0} : slice("1, 2");
}
penstock_slice penstock_page_headers(const penstock_page *page) {
    (void)page;
    return slice("[[\"X-A\",\"1\"],[\"Content-Type\",\"application/json\"],[\"x-a\",\"2\"]]");
}
int64_t penstock_page_limit_remaining(const penstock_page *page) {
    return page->index ? -1 : 7;
}
int64_t penstock_page_limit_reset_ms(const penstock_page *page) {
    return page->index ? -1 : 2500;
}
penstock_slice penstock_page_next_token(const penstock_page *page) {
    return page->more ? slice("t\303\251") : (penstock_slice){NULL, 0};
}
int32_t penstock_page_has_more(const penstock_page *page) {
    return page->more;
}
int64_t penstock_page_total(const penstock_page *page) {
    return page->index ? -1 : 6;
}
uint64_t penstock_page_index(const penstock_page *page) {
    return page->index;
}
penstock_slice penstock_page_checkpoint(const penstock_page *page) {
    return page->more ? slice("{\"penstock\":1}") : (penstock_slice){NULL, 0};
}
penstock_slice penstock_page_metadata(const penstock_page *page) {
    (void)page;
    return slice("{\"url\":\"http://127.0.0.1/users\",\"request_id\":\"req-9\",\"warnings\":[]}");
}
void penstock_page_free(penstock_page *page) {
    // A view that outlives its page must show up, not read the same bytes by luck.
    if (page)
        memset(page->body, '!', sizeof page->body);
    gone(PAGE, page);
}

penstock_status penstock_sync_open(const char *job, size_t size, penstock_sync **out,
                                   penstock_error **error) {
    long status = number(job, size, "fail:", 0);
    if (status)
        return fail(error, status);
    *out = made(SYNC, sizeof **out);
    (*out)->then = number(job, size, "then:", 0);
    (*out)->polls = says(job, size, "stuck") ? 1 << 30 : 3;
    return PENSTOCK_OK;
}
penstock_status penstock_sync_wait(penstock_sync *sync, int64_t timeout_ms,
                                   penstock_error **error) {
    if (sync->cancelled)
        return fail(error, PENSTOCK_ERROR_CANCELLED);
    if (--sync->polls > 0) {
        nanosleep(&(struct timespec){timeout_ms / 1000, timeout_ms % 1000 * 1000000}, NULL);
        return PENSTOCK_PENDING;
    }
    return sync->then ? fail(error, sync->then) : PENSTOCK_OK;
}
penstock_status penstock_sync_progress(const penstock_sync *sync, penstock_text **out,
                                       penstock_error **error) {
    (void)error;
    *out = made(TEXT, sizeof **out);
    const char *row = "\"pages\":1,\"bytes\":9,\"requests\":2,\"retries\":1,\"elapsed_ms\":1500,"
                      "\"records_per_second\":2.0";
    int done = sync->cancelled || sync->polls <= 0;
    char why[128] = "";
    if (sync->then)
        snprintf(why, sizeof why,
                 ",\"error\":{\"status\":%ld,\"message\":\"broken\",\"attempts\":2}", sync->then);
    snprintf((*out)->json, sizeof(*out)->json,
             "{\"done\":%s,\"elapsed_ms\":2000,\"streams\":["
             "{\"source\":\"a\",\"stream\":\"users\",\"file\":\"out/"
             "users.jsonl\",\"state\":\"%s\",\"records\":3,\"total\":3,%s},"
             "{\"source\":\"a\",\"stream\":\"events\",\"file\":\"out/"
             "events.jsonl\",\"state\":\"%s\",\"records\":4,\"total\":null,%s%s}]}",
             done ? "true" : "false",
             sync->cancelled ? "cancelled"
             : done          ? "done"
                             : "running",
             row,
             sync->then        ? "failed"
             : sync->cancelled ? "cancelled"
             : done            ? "done"
                               : "running",
             row, why);
    return PENSTOCK_OK;
}
void penstock_sync_cancel(penstock_sync *sync) {
    sync->cancelled = 1;
}
void penstock_sync_park(penstock_sync *sync) {
    sync->cancelled = 1;
}
penstock_status penstock_sync_open_with_batch(const char *job, size_t size,
                                              penstock_batch_callback callback, void *context,
                                              penstock_release release, penstock_sync **out,
                                              penstock_error **error) {
    (void)callback, (void)context, (void)release;
    return penstock_sync_open(job, size, out, error);
}
const char *penstock_batch_stream(const penstock_batch *batch) {
    (void)batch;
    return "";
}
size_t penstock_batch_record_count(const penstock_batch *batch) {
    (void)batch;
    return 0;
}
penstock_slice penstock_batch_record(const penstock_batch *batch, size_t index) {
    (void)batch, (void)index;
    return (penstock_slice){NULL, 0};
}
void penstock_batch_keep(penstock_batch *batch, size_t index) {
    (void)batch, (void)index;
}
penstock_status penstock_batch_write(penstock_batch *batch, const char *record, size_t size,
                                     penstock_error **error) {
    (void)batch, (void)record, (void)size;
    return fail(error, PENSTOCK_ERROR_INVALID_ARGUMENT);
}
void penstock_batch_fail(penstock_batch *batch, const char *message) {
    (void)batch, (void)message;
}
void penstock_sync_free(penstock_sync *sync) {
    gone(SYNC, sync);
}

penstock_status penstock_store_register(const char *name, const penstock_store *store,
                                        void *context, penstock_release release,
                                        penstock_error **error) {
    (void)name, (void)store, (void)context, (void)release, (void)error;
    return PENSTOCK_OK;
}
void penstock_store_reply_item(penstock_store_reply *reply, const char *key, const char *value,
                               size_t value_size) {
    (void)reply, (void)key, (void)value, (void)value_size;
}
void penstock_store_reply_refuse(penstock_store_reply *reply, const char *name) {
    (void)reply, (void)name;
}
void penstock_store_reply_fail(penstock_store_reply *reply, const char *message) {
    (void)reply, (void)message;
}

penstock_status penstock_state_open(const char *place, penstock_state **out,
                                    penstock_error **error) {
    (void)place;
    (void)out;
    return fail(error, PENSTOCK_ERROR_STORAGE);
}
penstock_status penstock_state_export(const penstock_state *state, penstock_text **out,
                                      penstock_error **error) {
    (void)state;
    (void)out;
    return fail(error, PENSTOCK_ERROR_STORAGE);
}
penstock_status penstock_state_import(penstock_state *state, const char *json, size_t size,
                                      penstock_error **error) {
    (void)state;
    (void)json;
    (void)size;
    return fail(error, PENSTOCK_ERROR_STORAGE);
}
penstock_status penstock_state_reset(penstock_state *state, const char *stream,
                                     penstock_error **error) {
    (void)state;
    (void)stream;
    return fail(error, PENSTOCK_ERROR_STORAGE);
}
penstock_status penstock_state_verify(const penstock_state *state, penstock_text **out,
                                      penstock_error **error) {
    (void)state;
    (void)out;
    return fail(error, PENSTOCK_ERROR_STORAGE);
}
void penstock_state_free(penstock_state *state) {
    (void)state;
}

penstock_slice penstock_text_slice(const penstock_text *text) {
    return slice(text->json);
}
void penstock_text_free(penstock_text *text) {
    gone(TEXT, text);
}

penstock_status penstock_error_status(const penstock_error *error) {
    return error ? error->status : PENSTOCK_OK;
}
const char *penstock_error_message(const penstock_error *error) {
    return error ? error->message : "";
}
int32_t penstock_error_http_status(const penstock_error *error) {
    return error ? 503 : 0;
}
const char *penstock_error_url(const penstock_error *error) {
    return error ? "http://127.0.0.1/" : NULL;
}
const char *penstock_error_request_id(const penstock_error *error) {
    return error ? "req-1" : NULL;
}
int64_t penstock_error_retry_after_ms(const penstock_error *error) {
    return error ? 1500 : -1;
}
int32_t penstock_error_attempts(const penstock_error *error) {
    return error ? 3 : 0;
}
const char *penstock_error_json(const penstock_error *error) {
    return error ? error->json : "{}";
}
void penstock_error_free(penstock_error *error) {
    gone(ERROR, error);
}
