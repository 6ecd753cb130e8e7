/*
 * Penstock: whole datasets out of paginated, rate-limited REST APIs.
 *
 * SPDX-License-Identifier: MIT
 *
 * A program opens a client from a source document (JSON text that describes one API), opens a
 * paginator for one of its streams, and takes pages until PENSTOCK_END:
 *
 *     penstock_client *client = NULL;
 *     penstock_paginator *paginator = NULL;
 *     penstock_page *page = NULL;
 *     penstock_error *error = NULL;
 *     penstock_status status = penstock_client_open(text, size, NULL, 0, NULL, &client, &error);
 *     if (status == PENSTOCK_OK)
 *         status = penstock_paginator_open(client, "{\"stream\":\"users\"}", 18, &paginator, &error);
 *     while (status == PENSTOCK_OK &&
 *            (status = penstock_paginator_next(paginator, -1, &page, &error)) == PENSTOCK_OK) {
 *         for (size_t i = 0; i < penstock_page_record_count(page); i++) {
 *             penstock_slice record = penstock_page_record(page, i);
 *             fwrite(record.data, 1, record.size, stdout);
 *         }
 *         penstock_page_free(page);
 *     }
 *
 * OWNERSHIP
 *   1. What comes to you through a pointer-to-pointer is yours: release it with the matching _free,
 *      in any order, on any thread. Every _free takes NULL and then does nothing.
 *   2. What a function returns directly (a pointer or a penstock_slice) is borrowed and lives as
 *      long as the handle you asked.
 *   3. What you pass in is copied before the call returns.
 *
 * ERRORS
 *   A function that can fail returns a penstock_status and takes a `penstock_error **error` as its
 *   last argument. Outputs are written only on success, *error only on failure (status >= 16); it
 *   is not read, so it need not be initialised. `error` may be NULL when you don't want to know.
 *   A status >= 16 is an error, known to you or not: more may be added, none is ever renumbered.
 *   A required pointer that is NULL gives PENSTOCK_ERROR_INVALID_ARGUMENT (or, from a function
 *   that has no status, the value stated for "unknown"), never a crash.
 *
 * THREADS
 *   Distinct handles may be used on distinct threads freely. A function that takes a
 *   `const penstock_x *` may run concurrently with others like it on the same handle; any other
 *   function needs the handle for itself. Exceptions: penstock_*_cancel() is safe from any thread
 *   at any time, and clients and limiters may be used by many threads at once.
 *   No function is async-signal-safe.
 *
 * FORK
 *   After fork() a handle made by the parent is useless in the child: functions return
 *   PENSTOCK_ERROR_STATE (or "unknown"), and _free releases memory without touching the parent's
 *   connections. Nothing hangs. The child may open handles of its own.
 *
 * TEXT
 *   All text is UTF-8. JSON goes in as pointer and length and need not end in NUL. Text that comes
 *   out as `const char *` ends in NUL; a penstock_slice does not.
 *
 * TIME
 *   Times are in milliseconds. A `timeout_ms` below 0 waits as long as it takes (every wait of the
 *   library has an end of its own), 0 only looks, above 0 waits so long at most.
 */
#ifndef PENSTOCK_H
#define PENSTOCK_H

#include <stddef.h>
#include <stdint.h>

/** The version this header belongs to. Compare with penstock_version(). */
#define PENSTOCK_VERSION "0.1.0"
#define PENSTOCK_VERSION_MAJOR 0
#define PENSTOCK_VERSION_MINOR 1
#define PENSTOCK_VERSION_PATCH 0

/** The ABI this header describes. Compare with penstock_abi_version(): a binding refuses another. */
#define PENSTOCK_ABI_VERSION 0

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What a call came to. 0 to 15 are not errors; from 16 up they are. Never renumbered.
 */
typedef enum penstock_status {
    /** Done; outputs are written. */
    PENSTOCK_OK = 0,
    /** The iteration is over; nothing was written. Sticky. */
    PENSTOCK_END = 1,
    /** Nothing was ready in time; nothing is lost; call again. */
    PENSTOCK_PENDING = 2,

    /** The caller passed something the function can't take, such as NULL for a required pointer. */
    PENSTOCK_ERROR_INVALID_ARGUMENT = 16,
    /** A document or options text is wrong; the message names the place (line, JSON Pointer). */
    PENSTOCK_ERROR_CONFIG = 17,
    /** The handle can't do that now: used after fork(), or already finished. */
    PENSTOCK_ERROR_STATE = 18,
    /** Ended by penstock_*_cancel() or because the client was freed. */
    PENSTOCK_ERROR_CANCELLED = 19,
    /** A time limit passed: connect, first byte, idle, or total. The message says which. */
    PENSTOCK_ERROR_TIMEOUT = 20,
    /** No answer, or a broken one: name lookup, connection, protocol. */
    PENSTOCK_ERROR_NETWORK = 21,
    /** TLS refused: certificate, host name, protocol version. */
    PENSTOCK_ERROR_TLS = 22,
    /** The server answered with a status that is an error here. See penstock_error_http_status(). */
    PENSTOCK_ERROR_HTTP = 23,
    /** The server's limit was hit and the wait it asks for is longer than allowed. See
     *  penstock_error_retry_after_ms(). */
    PENSTOCK_ERROR_RATE_LIMITED = 24,
    /** The circuit breaker of that host is open. */
    PENSTOCK_ERROR_CIRCUIT_OPEN = 25,
    /** Credentials missing, malformed or refused (401). */
    PENSTOCK_ERROR_AUTH = 26,
    /** The body is not what was promised: not JSON, a selector that doesn't match, paging in a circle. */
    PENSTOCK_ERROR_DATA = 27,
    /** A cap was reached: body bytes, header bytes, redirects, depth. */
    PENSTOCK_ERROR_LIMIT = 28,
    /** A file could not be read or written: permission, disk full. */
    PENSTOCK_ERROR_STORAGE = 29,
    /** No memory. */
    PENSTOCK_ERROR_NO_MEMORY = 30,
    /** A fault of this library. Please report it. */
    PENSTOCK_ERROR_INTERNAL = 31
} penstock_status;

/** Bytes that belong to a handle; not NUL-terminated. `data` is NULL when there is nothing. */
typedef struct penstock_slice {
    const char *data;
    size_t size;
} penstock_slice;

/** Connections, credentials and limits of one source. Thread-safe. */
typedef struct penstock_client penstock_client;
/** A budget that one or more clients share. Thread-safe. */
typedef struct penstock_limiter penstock_limiter;
/** An iterator over the pages of one stream, or the one answer of a single request. One thread at a time. */
typedef struct penstock_paginator penstock_paginator;
/** Where a credential callback puts its answer. Valid for as long as the callback runs. */
typedef struct penstock_credential_reply penstock_credential_reply;
/** One response and the records in it. Immutable, independent of the paginator and client it came from. */
typedef struct penstock_page penstock_page;
/** One run of one or more sources into files. */
typedef struct penstock_sync penstock_sync;
/** Records on their way into a file, in a function of the host. Valid for as long as that runs. */
typedef struct penstock_batch penstock_batch;
/** Where the streams of runs stand. Thread-safe. */
typedef struct penstock_state penstock_state;
/** Where a function of a host's store puts its answer. Valid for as long as the function runs. */
typedef struct penstock_store_reply penstock_store_reply;
/** Events on their way to the host. Thread-safe. */
typedef struct penstock_events penstock_events;
/** What went wrong. Immutable. */
typedef struct penstock_error penstock_error;
/** A text that the library made for you. Immutable. */
typedef struct penstock_text penstock_text;
/** Called with a context that is no longer used. */
typedef void (*penstock_release)(void *context);

/* ------------------------------------------------------------------------------------ library */

/**
 * The version of the library, such as "0.1.0". Static; never NULL.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
const char *penstock_version(void);

/**
 * The ABI of the library. It changes only when programs built against an earlier one would break.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
int penstock_abi_version(void);

/**
 * The name of a status, such as "PENSTOCK_END"; "PENSTOCK_UNKNOWN" for a number it doesn't know.
 * Static; never NULL.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
const char *penstock_status_name(penstock_status status);

/**
 * The JSON Schema (draft 2020-12) of a source document, as JSON text. It is the one place that
 * states keys, units, defaults and bounds; under "$defs" stand the schemas of the other JSON texts
 * that functions take: "client_options", "request", "paginator_options", "limiter", "acquire",
 * "events_options", "trace_options" and "job".
 * Static; never NULL.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
const char *penstock_schema(void);

/**
 * What a source document means, in plain words and without a request: what is sent where, which
 * limits hold, how pages follow each other and what ends a walk. The document is read and checked
 * as penstock_client_open() does, so what that refuses is refused here, too. No secret is in the
 * text; of parameters' values only the base URL.
 *
 * @param source        The source document (JSON; penstock_schema()).
 * @param source_size   Its length in bytes.
 * @param options       As for penstock_client_open(); `{"secrets": "skip"}` looks up no secrets, for
 *                      machines that don't have them. NULL for none.
 * @param options_size  Their length in bytes.
 * @param out           A JSON object with "source" (the name), "description", "base_url",
 *                      "credentials", "sends", "limits", "errors", "retries", "timeouts",
 *                      "redirects", "streams" and "notes" (what deserves a second look); each
 *                      stream has "name", "description", "request", "sends", "body", "needs",
 *                      "paging", "stops", "records", "changes", "key", "errors", "retries",
 *                      "timeouts", "over", "parallel" and "read_ahead". Values are sentences or
 *                      arrays of them; what doesn't apply is absent. The sentences may change with any
 *                      version. Yours; penstock_text_free().
 * @param error         See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_CONFIG,
 *         PENSTOCK_ERROR_AUTH (a secret is missing or malformed).
 *
 * Threads: any. Blocks: no (reads the files that the document refers to). Since 0.1.0.
 */
penstock_status penstock_source_explain(const char *source, size_t source_size, const char *options,
                                        size_t options_size, penstock_text **out,
                                        penstock_error **error);

/* ------------------------------------------------------------------------------------ limiter */

/**
 * Open a limiter that clients can share; and other processes, where it says so: "limiter" in the
 * schema.
 *
 * With `"share": {"file": …}` processes of one user on one host that name the same file share the
 * budget. What was used stays in the file, over the end of processes and over a restart of the
 * host. A process that dies leaves at once what it had under way, however it dies. The file is
 * mapped; as long as a limiter is open, a handler for SIGBUS sees to it that a file truncated by
 * somebody else is an error (PENSTOCK_ERROR_STORAGE of the next request) and not the end of the
 * process; it hands every other SIGBUS on to the handler before it.
 *
 * With `"share": {"redis": …, "key": …}` processes on any hosts share it through Redis, by Redis'
 * clock. The library hiredis is loaded then; the connection is made by a thread of the limiter's
 * own when the first request wants a permit. "away" says what holds while Redis does not answer.
 *
 * @param json   Limits as in a source document's "limits": `"10/s"`, or
 *               `[{"requests": 10, "per": "1s", "burst": 50}, {"concurrent": 8}]`; or an object:
 *               `{"limits": "10/s", "share": {"file": "/run/example.budget"}}`,
 *               `{"limits": "10/s", "share": {"redis": {"env": "REDIS_URL"}, "key": "example"}}`.
 * @param size   Its length in bytes.
 * @param out    The limiter. Yours; penstock_limiter_free().
 * @param error  See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_CONFIG,
 *         PENSTOCK_ERROR_STORAGE (the file).
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_status penstock_limiter_open(const char *json, size_t size, penstock_limiter **out,
                                      penstock_error **error);

/**
 * Wait for a permit for a request that the caller makes itself; with or without clients that share
 * the limiter: all wait in one line, first come, first served within a priority. All limits that
 * are about such a request are taken at once, or none.
 *
 * @param options     JSON ("acquire" in the schema): what the request is, for limits that tell
 *                    requests apart, what it costs, and its priority, such as
 *                    `{"method": "POST", "path": "/search", "cost": 5, "priority": "high"}`.
 *                    NULL for none, which is the fastest.
 * @param size        Their length in bytes.
 * @param timeout_ms  See TIME above. 0 takes a permit only if it can be had at once. When the time is
 *                    up the place in the line is lost, unless the options say `"keep_place": true`:
 *                    then it stays this thread's, which asks again with the same options (or gives
 *                    it up by asking for something else, or without that). A thread must not
 *                    end while a place is kept for it.
 * @param permit      A number, to be given back with penstock_limiter_release() when the response is
 *                    in. NULL where nothing is to be given back: the request counts as answered
 *                    now. Not with a limit on what is under way ("concurrent").
 * @param error       See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_PENDING (not in time), PENSTOCK_ERROR_CANCELLED,
 *         PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_CONFIG (the options; or a cost that is
 *         above what a limit ever gives at once), PENSTOCK_ERROR_STATE, PENSTOCK_ERROR_STORAGE.
 *
 * Threads: many at once. Blocks: yes; penstock_limiter_cancel() ends it. Since 0.1.0.
 */
penstock_status penstock_limiter_acquire(penstock_limiter *limiter, const char *options,
                                         size_t size, int64_t timeout_ms, uint64_t *permit,
                                         penstock_error **error);

/**
 * Give a permit back: the response is in, or will never come.
 *
 * @param permit       From penstock_limiter_acquire().
 * @param actual_cost  What the request came to, for limits that count points; below 0 as asked for.
 * @param error        See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT (no such permit: given back already),
 *         PENSTOCK_ERROR_STATE.
 *
 * Threads: many at once, whoever acquired it. Blocks: no. Since 0.1.0.
 */
penstock_status penstock_limiter_release(penstock_limiter *limiter, uint64_t permit,
                                         int64_t actual_cost, penstock_error **error);

/**
 * End every penstock_limiter_acquire() with PENSTOCK_ERROR_CANCELLED, also those that come later.
 * Permits may still be given back; clients that share the limiter go on. Idempotent.
 *
 * Threads: any, at any time. Blocks: no. Since 0.1.0.
 */
void penstock_limiter_cancel(penstock_limiter *limiter);

/**
 * What a limiter is about to allow, for people and monitoring.
 *
 * @param out    A JSON object with "limits" (objects with "limit", a sentence; "unit"; "most", what
 *               it gives at once; and "used" of that, unless other processes share it; where there
 *               is a budget for each host or stream, of the fullest), "waiting" (places in the
 *               line), "earliest_ms" (from now; absent: when something under way is over),
 *               "paused_ms" (how long a server still wants to be left alone) and "failure" (why a shared
 *               budget gives nothing). Keys may be added. Yours; penstock_text_free().
 * @param error  See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_STATE.
 *
 * Threads: many at once. Blocks: no. Since 0.1.0.
 */
penstock_status penstock_limiter_state(penstock_limiter *limiter, penstock_text **out,
                                       penstock_error **error);

/**
 * Release a limiter; a penstock_limiter_acquire() that waits ends as cancelled. Clients that were
 * opened with it keep their share of it.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
void penstock_limiter_free(penstock_limiter *limiter);

/* ------------------------------------------------------------------------------------- client */

/**
 * Open a client for one source. No connection is made and no thread is started yet; secrets that
 * the document refers to (`{"env": …}`, `{"file": …}`) are read and checked now.
 *
 * @param source        The source document (JSON; penstock_schema()).
 * @param source_size   Its length in bytes.
 * @param options       Options (JSON; "client_options" in the schema), such as
 *                      `{"params": {"base_url": "https://sandbox.example.com"}}`; NULL for none.
 * @param options_size  Their length in bytes.
 * @param limiter       A shared budget that applies besides the document's own "limits"; NULL for none.
 * @param out           The client. Yours; penstock_client_free().
 * @param error         See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_CONFIG,
 *         PENSTOCK_ERROR_AUTH (a secret is missing or malformed), PENSTOCK_ERROR_STATE.
 *
 * Threads: any. Blocks: no (reads the files that the document refers to). Since 0.1.0.
 */
penstock_status penstock_client_open(const char *source, size_t source_size, const char *options,
                                     size_t options_size, penstock_limiter *limiter,
                                     penstock_client **out, penstock_error **error);

/**
 * Send one request and wait for its answer. Limits, credentials and retries of the source apply.
 * A request whose method is not idempotent (POST, PATCH) is retried only when it carries an
 * idempotency key (`"idempotency_key"`: a text, or true for one that is made; the page's metadata
 * and the error tell it) or is marked `"idempotent": true` (RFC 9110 section 9.2.2). While the
 * circuit breaker is open it fails at once with PENSTOCK_ERROR_CIRCUIT_OPEN.
 *
 * @param request     The request (JSON; "request" in the schema), such as
 *                    `{"path": "/users/7"}` or `{"method": "POST", "path": "/users", "json": {…}}`.
 * @param size        Its length in bytes.
 * @param timeout_ms  See TIME above; when it passes the request is given up (PENSTOCK_ERROR_TIMEOUT).
 * @param page        The response. Yours; penstock_page_free().
 * @param error       See ERRORS above. A status of 400 or more is PENSTOCK_ERROR_HTTP (_AUTH for 401)
 *                    unless the request says `"accept_status": […]`.
 * @return PENSTOCK_OK or any error.
 *
 * Threads: many at once. Blocks: yes; penstock_client_cancel() ends it. Since 0.1.0.
 */
penstock_status penstock_client_request(penstock_client *client, const char *request, size_t size,
                                        int64_t timeout_ms, penstock_page **page,
                                        penstock_error **error);

/**
 * Where the client's requests, its servers' own limits and its circuit breakers stand, as a JSON
 * object: "in_flight", "waiting" (for a permit, a backoff or a breaker) and "hosts", an array with,
 * for each origin that was called, "origin", "in_flight", "concurrency" (how many requests at once
 * the server is found to bear, where that is found out), "limits" (what its responses told last:
 * "resource", "name", "unit", "limit", "remaining", "window_ms", "reset_ms"; after refusals that
 * named no time "paused_ms" and "requests_per_second") and "breakers" ("stream", absent for single
 * requests, "state": "closed", "open", "half_open" or "disabled", "failures_in_a_row", "open_ms",
 * and where a rate is counted "calls", "failures" and "slow"). Keys that don't apply are absent;
 * more may be added.
 *
 * @param out    The text. Yours; penstock_text_free().
 * @param error  See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_STATE.
 *
 * Threads: many at once. Blocks: until the I/O thread answers (well under a millisecond). Since 0.1.0.
 */
penstock_status penstock_client_state(penstock_client *client, penstock_text **out,
                                      penstock_error **error);

/**
 * What the client has counted since it was opened, and what each of its walks waits for now and
 * until when.
 *
 * As JSON: "streams", for each stream that was asked for ("stream" is null for single requests):
 * "requests" (as the server counts them: attempts, redirects, hidden re-sends), "statuses",
 * "failures" (without an answer, by cause), "error_rate", "latency_ms" ("average", "p50", "p95",
 * "p99", "max"), "latency_ms_by_status" (the same; "none": without an answer), "limit_hits", "retries" by cause, "connections", "bytes" ("wire", "decoded"),
 * "pages", "records", "duplicates", "filtered", "missing", "total", "complete" (received of total),
 * "cursor" (the latest time that an incremental stream has seen) and "cursor_lag_ms" (how long ago that
 * was), "checks" and "schema_drift" (of a run),
 * "committed", "runs", "time_ms" and "spent": where that time went, by "on": "response", "host" (who
 * has not taken pages), "limit" (with the limit's text), "shared_limit", "server_pause",
 * "server_quota", "server_concurrency", "breaker", "retry", "token", "line". "waiting": for each
 * walk under way "stream", "for", "limit", "since_ms", "left_ms", "until". "breakers",
 * "breakers_opened", "tokens_renewed", "tokens_failed", "in_flight", "events_dropped". Keys that
 * don't apply are absent; more may be added.
 *
 * No figure holds a secret, and no label a text of the server's.
 *
 * @param format  "json", "prometheus" (text format 0.0.4) or "openmetrics" (1.0); NULL: "json".
 * @param out     The text. Yours; penstock_text_free().
 * @param error   See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_STATE.
 *
 * Threads: many at once. Blocks: until the I/O thread answers (well under a millisecond). Since 0.1.0.
 */
penstock_status penstock_client_metrics(penstock_client *client, const char *format,
                                        penstock_text **out, penstock_error **error);

/**
 * The last 256 requests, waits, retries and errors of the client, the oldest first: a JSON array of
 * events. An event has "v" (1), "seq", "time" (RFC 3339), "level", "event", "source" and "stream"
 * where there is one, and what belongs to its kind: "request" ("method", "url" with its query's
 * values hidden, "status", "attempt", "ms", "request_id", "trace", "error"…), "waiting" ("for",
 * "limit", "until"), "retry" ("cause", "in_ms", "error", "body"…), "limit_hit", "breaker_changed",
 * "token_renewed", "token_failed", "stream_started", "stream_finished", "stream_failed", "check" and
 * "schema_drift" (of a run; as in penstock_sync_progress()).
 *
 * Secrets are in none of it, by value and by name; what servers said is cut and its control
 * characters are written out.
 *
 * @param options  JSON object ("trace_options" in the schema), or NULL: "curl": true gives each
 *                 request also as a line for a shell.
 * @param size     Bytes in `options`.
 * @param out      The text. Yours; penstock_text_free().
 * @param error    See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_CONFIG, PENSTOCK_ERROR_STATE.
 *
 * Threads: many at once. Blocks: until the I/O thread answers (well under a millisecond). Since 0.1.0.
 */
penstock_status penstock_client_trace(penstock_client *client, const char *options, size_t size,
                                      penstock_text **out, penstock_error **error);

/**
 * Listen to what happens on the client: a queue of events, from those that penstock_client_trace()
 * still has. Take them with penstock_events_next(), or have a function called with each:
 * penstock_events_listen(). Who takes them too slowly loses some (4096 wait at most), is told how many
 * by an event "dropped", and keeps no request waiting.
 *
 * Logs need no queue: the client option "log" and the environment variable PENSTOCK_LOG ("debug",
 * "info", "warning", "error") write the same events to a file or file descriptor.
 *
 * @param options  JSON object ("events_options" in the schema), or NULL: "level", of the least
 *                 important event that is wanted: "debug", "info" (the default), "warning", "error".
 * @param size     Bytes in `options`.
 * @param out      The queue. Yours; penstock_events_free().
 * @param error    See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_CONFIG (the options),
 *         PENSTOCK_ERROR_STATE, PENSTOCK_ERROR_NO_MEMORY (no file descriptor left).
 *
 * Threads: many at once. Blocks: no. Since 0.1.0.
 */
penstock_status penstock_client_events(penstock_client *client, const char *options, size_t size,
                                       penstock_events **out, penstock_error **error);

/**
 * The next event: a JSON object as penstock_client_trace() describes them, besides "page"
 * ("page", "records", "bytes"…), "waited" ("on", "limit", "ms") and "batch_committed" ("records",
 * "bytes").
 *
 * @param timeout_ms  See TIME above.
 * @param event       The text. Yours; penstock_text_free().
 * @param error       See ERRORS above.
 * @return PENSTOCK_OK; PENSTOCK_PENDING when none came in time; PENSTOCK_END when its clients were
 *         freed and every event was taken; PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_STATE.
 *
 * Threads: many at once; each event goes to one. Blocks: up to timeout_ms. Since 0.1.0.
 */
penstock_status penstock_events_next(penstock_events *events, int64_t timeout_ms,
                                     penstock_text **event, penstock_error **error);

/**
 * A file descriptor that is readable when penstock_events_next() would not wait. Never read, write
 * or close it. -1 for NULL and after fork.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
int penstock_events_fd(const penstock_events *events);

/**
 * Takes an event, as penstock_events_next() gives it. `event.data` ends in a NUL that is not counted,
 * and is borrowed for as long as the function runs.
 *
 * It is called on a thread of these events' own, never twice at once, and may call any function,
 * penstock_events_free() of its own events included: no lock is held and no request waits for it. One
 * that blocks loses events, as a queue that nobody empties does.
 */
typedef void (*penstock_event_callback)(void *context, penstock_slice event);

/**
 * Have a function called with each event from here on, until the clients were freed and all was told,
 * or until penstock_events_free(). In place of penstock_events_next(): each event goes to one.
 *
 * @param callback  The function.
 * @param context   Handed to it. May be NULL.
 * @param release   Called with the context when the function is called no more. NULL for nothing. Not
 *                  called when this function fails.
 * @param error     See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_STATE (somebody listens
 *         already), PENSTOCK_ERROR_NO_MEMORY (no thread left).
 *
 * Threads: many at once. Blocks: no. Since 0.1.0.
 */
penstock_status penstock_events_listen(penstock_events *events, penstock_event_callback callback,
                                       void *context, penstock_release release,
                                       penstock_error **error);

/**
 * Stop listening. When it returns no function of penstock_events_listen() is running or will be; called
 * from within that function, it is the last call. NULL is allowed.
 *
 * Threads: any, once nobody else uses it. Blocks: until the function that listens returns, else no.
 * Since 0.1.0.
 */
void penstock_events_free(penstock_events *events);

/**
 * End everything that runs on the client: paginators and requests return
 * PENSTOCK_ERROR_CANCELLED, also those opened later. Idempotent.
 *
 * Threads: any, at any time. Blocks: no. Since 0.1.0.
 */
void penstock_client_cancel(penstock_client *client);

/**
 * Release a client. Its paginators end with PENSTOCK_ERROR_CANCELLED; pages stay valid. The I/O
 * thread is stopped and joined.
 *
 * Threads: any. Blocks: for the time the I/O thread takes to stop (milliseconds). Since 0.1.0.
 */
void penstock_client_free(penstock_client *client);

/** What a credential callback is asked. Borrowed for as long as the callback runs. */
typedef struct penstock_credential_request {
    /** The credential's "name" in the document. */
    const char *name;
    /** The request to be signed, such as "POST"; NULL when a token is wanted. */
    const char *method;
    /** Its URL as it goes out; NULL when a token is wanted. */
    const char *url;
    /** Its body. */
    penstock_slice body;
} penstock_credential_request;

/**
 * A function of the host that gives a token ("type": "host_token": penstock_credential_reply_token()) or the
 * header fields that sign a request ("type": "host_signature": penstock_credential_reply_header(), once for
 * each). When it can't it says why: penstock_credential_reply_fail().
 *
 * It is called on the client's I/O thread, never twice at once for one client, and nothing of that
 * client moves while it runs: it should return soon. It may not call functions of this client but
 * penstock_client_set_credential() and penstock_client_cancel().
 */
typedef void (*penstock_credential_callback)(void *context,
                                             const penstock_credential_request *request,
                                             penstock_credential_reply *reply);

/**
 * Set the function that a document's credential of type "host_token" or "host_signature" names. To
 * be set before the first request; a request that needs one that is not set fails with
 * PENSTOCK_ERROR_STATE. A token is asked for when a request needs one, when it is about to end and
 * when the server refuses it; a signature for every attempt of every request to the base URL's origin.
 *
 * @param name      The credential's "name" in the document.
 * @param callback  Replaces an earlier one; NULL takes it away.
 * @param context   Handed to the callback. May be NULL.
 * @param release   Called with the context when it is no longer used: replaced, or the client is
 *                  freed. On any thread. NULL for nothing. Not called when this function fails.
 * @param error     See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_STATE.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_status penstock_client_set_credential(penstock_client *client, const char *name,
                                               penstock_credential_callback callback, void *context,
                                               penstock_release release, penstock_error **error);

/**
 * Answer with a token. It is copied, kept in memory and never shown.
 *
 * @param token    Text (UTF-8) without line breaks.
 * @param size     Its length in bytes.
 * @param life_ms  How long it lives; below 0 when that is not known: "life" of the document then.
 *
 * Threads: the callback's. Blocks: no. Since 0.1.0.
 */
void penstock_credential_reply_token(penstock_credential_reply *reply, const char *token,
                                     size_t size, int64_t life_ms);

/**
 * Answer with a header field, which replaces one of the same name. Both are copied.
 *
 * Threads: the callback's. Blocks: no. Since 0.1.0.
 */
void penstock_credential_reply_header(penstock_credential_reply *reply, const char *name,
                                      const char *value);

/**
 * Answer that there is no token or signature. The requests that wait for it fail with
 * PENSTOCK_ERROR_AUTH.
 *
 * @param message  Why, in one line; it becomes part of the error. Copied.
 *
 * Threads: the callback's. Blocks: no. Since 0.1.0.
 */
void penstock_credential_reply_fail(penstock_credential_reply *reply, const char *message);

/* ---------------------------------------------------------------------------------- paginator */

/**
 * Open an iterator over the pages of a stream. The first request leaves at once; later ones ahead
 * of the caller, as far as "read_ahead" allows.
 *
 * @param options  JSON; "paginator_options" in the schema: `{"stream": "users"}` names a stream of
 *                 the source, `{"stream": {"path": "/users"}}` describes one on the spot; "params",
 *                 "query", "max_pages", "max_records", "read_ahead", "parallel", "order",
 *                 "look_ahead" and "checkpoint" (see penstock_page_checkpoint()) may be added.
 * @param size     Its length in bytes.
 * @param out      The paginator. Yours; penstock_paginator_free().
 * @param error    See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_CONFIG,
 *         PENSTOCK_ERROR_STATE, PENSTOCK_ERROR_CANCELLED, PENSTOCK_ERROR_NO_MEMORY.
 *
 * Threads: many at once. Blocks: no. Since 0.1.0.
 */
penstock_status penstock_paginator_open(penstock_client *client, const char *options, size_t size,
                                        penstock_paginator **out, penstock_error **error);

/**
 * Open a single request as an iterator that gives one page and then PENSTOCK_END: the form of
 * penstock_client_request() for hosts that must not block.
 *
 * @param request  As for penstock_client_request().
 * @param size     Its length in bytes.
 * @param out      The paginator. Yours; penstock_paginator_free().
 * @param error    See ERRORS above.
 * @return As for penstock_paginator_open().
 *
 * Threads: many at once. Blocks: no. Since 0.1.0.
 */
penstock_status penstock_request_open(penstock_client *client, const char *request, size_t size,
                                      penstock_paginator **out, penstock_error **error);

/**
 * The next page.
 *
 * @param timeout_ms  See TIME above.
 * @param page        The page. Yours; penstock_page_free(). It depends on nothing else.
 * @param error       See ERRORS above.
 * @return PENSTOCK_OK with a page; PENSTOCK_END after the last one; PENSTOCK_PENDING when none is
 *         ready in time (nothing is lost, call again); or an error. END and errors are sticky:
 *         the same comes again. Pages that arrived before an error are handed over first.
 *
 * Threads: one at a time. Blocks: up to timeout_ms; penstock_paginator_cancel() ends it.
 * Since 0.1.0.
 */
penstock_status penstock_paginator_next(penstock_paginator *paginator, int64_t timeout_ms,
                                        penstock_page **page, penstock_error **error);

/**
 * A file descriptor that is readable while penstock_paginator_next() would not return
 * PENSTOCK_PENDING, for poll(), epoll, asyncio and the like. Only wait on it: don't read or close
 * it. It belongs to the paginator. -1 for NULL or after fork().
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
int penstock_paginator_fd(const penstock_paginator *paginator);

/**
 * End the paginator: a waiting or later penstock_paginator_next() returns
 * PENSTOCK_ERROR_CANCELLED; pages that are ready already may still be handed over. Ends waits for limits and
 * retries too. Idempotent and sticky.
 *
 * Threads: any, at any time before _free. Blocks: no. Since 0.1.0.
 */
void penstock_paginator_cancel(penstock_paginator *paginator);

/**
 * Release a paginator; a request under way is given up.
 *
 * Threads: any, while no other call uses it. Blocks: no. Since 0.1.0.
 */
void penstock_paginator_free(penstock_paginator *paginator);

/* --------------------------------------------------------------------------------------- page */

/**
 * The decoded body, byte for byte as the server sent it. Empty for NULL.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_slice penstock_page_body(const penstock_page *page);

/**
 * The number of records of the page. 0 for NULL.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
size_t penstock_page_record_count(const penstock_page *page);

/**
 * A record: one JSON value, exactly the server's bytes, inside penstock_page_body(). Where the
 * document asks for changes ("shape", "add") it is written anew around the server's bytes, and all
 * records of the page stand elsewhere in it, in one stretch and in their order. Empty when there is
 * no such record.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_slice penstock_page_record(const penstock_page *page, size_t index);

/**
 * All records of the page as one JSON array, exactly the server's bytes, where they stand together
 * in the body ("[…]"); empty where they don't (a single object, a wildcard selector, records that
 * were changed, filtered or left out as duplicates).
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_slice penstock_page_record_array(const penstock_page *page);

/**
 * The HTTP status, such as 200. 0 for NULL.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
int32_t penstock_page_status(const penstock_page *page);

/**
 * A header of the response by name, whatever the case. Several fields of one name are joined
 * with ", " (RFC 9110 section 5.3). Empty when there is none.
 *
 * @param name  NUL-terminated.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_slice penstock_page_header(const penstock_page *page, const char *name);

/**
 * All headers in the order of arrival, as a JSON array of [name, value].
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_slice penstock_page_headers(const penstock_page *page);

/**
 * How many requests the server's limit still allows, as it said in this response; -1 if it did not.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
int64_t penstock_page_limit_remaining(const penstock_page *page);

/**
 * In how many milliseconds after this response the server's limit starts anew; -1 if it did not say.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
int64_t penstock_page_limit_reset_ms(const penstock_page *page);

/**
 * What the next request is made with: a cursor, a URL, a page number or an offset, as text. Empty
 * when the walk ends here or there is no paging.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_slice penstock_page_next_token(const penstock_page *page);

/**
 * Whether another page follows: 1 yes, 0 no, -1 not known (no paging, or NULL).
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
int32_t penstock_page_has_more(const penstock_page *page);

/**
 * The total number of records, as the server said; -1 if it did not.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
int64_t penstock_page_total(const penstock_page *page);

/**
 * The number of the page in its walk, from 0.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
uint64_t penstock_page_index(const penstock_page *page);

/**
 * From where a walk goes on behind this page: JSON text for "checkpoint" of the options of
 * penstock_paginator_open(), in this process or a later one, with this version of the library or a
 * later one. Who stores it together with the page's records, in one transaction, gets each record
 * exactly once, however often the process dies. A walk that goes on from its last page's checkpoint
 * is at its end at once, without a request.
 *
 * Pages come in the order in which they are to be stored: the checkpoint of a page covers all pages
 * that were handed over before it. It is refused (PENSTOCK_ERROR_CONFIG) when it was cut off or
 * edited, and when the stream asks for other data by now; limits, credentials, headers, bounds and
 * speed may change. It holds no secrets. Not in it: the keys by which the walk would tell records
 * that it had before.
 *
 * Empty for the answer to a single request.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_slice penstock_page_checkpoint(const penstock_page *page);

/**
 * What else is known, as a JSON object: "url" (redacted), "method", "status", "request_id",
 * "http_version", "attempts", "redirects", "idempotency_key", "elapsed_ms", "first_byte_ms", "wire_bytes",
 * "body_bytes", "records", "filtered" (records that a filter left out), "duplicates" (left out
 * since their key came before), "without_key", "missing" (on the last page: how many records fewer
 * came than the server said there were), "limit", "detected" (on the first page of a walk whose
 * paging or record list was found by detection: what was found and why), "detected_pagination", "detected_records" and
 * "detected_size" (the same as a source document says it), "beyond" (where "max_pages" or
 * "max_records" ended the walk: what the next request would have been made with) and "warnings"
 * (texts). "limit" has "policies" where the response states limits: "name", "limit", "remaining",
 * "window_ms", "reset_ms" and "unit" of each. A page of a stream that is walked over something has
 * "over" (an object: the names and values that it was asked for; a list where values go in batches)
 * and "page" (its number among the pages of those, from 0). Where a walk with a "restart" has
 * started again from page one, or does behind this page: "restart" with "number" (how often before),
 * "value" (what the page was asked for from) and "next" (what those behind it are asked for from).
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_slice penstock_page_metadata(const penstock_page *page);

/**
 * Release a page and its bytes.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
void penstock_page_free(penstock_page *page);

/* --------------------------------------------------------------------------------------- sync */

/**
 * Start a run: all streams of one or more sources at once, each into a JSON Lines file
 * `<directory>/<stream>.jsonl` (`<source>.<stream>.jsonl` when the job has several sources). While
 * the stream runs the file has `.part` behind its name; it is made durable and renamed, over an
 * older one, when the stream has ended well: a reader never sees half a run. One failing stream
 * doesn't stop the others; what it wrote stays in its `.part` file, whole lines only.
 *
 * With "state" in the job a run that ended otherwise, be it by SIGKILL or a power cut, is taken up by
 * opening the same job again: the `.part` file is written on behind what was committed, so that
 * each record is in it exactly once. A stream that is done is begun anew. Refused where the state
 * and the file, or the state and the source, don't fit each other any more; penstock_state_reset()
 * lets the stream begin anew.
 *
 * With "compress" in "output" the files are packed: `<stream>.jsonl.gz`, `<stream>.jsonl.zst`. Each commit
 * ends a member or frame. With "rotate" they are many, `<stream>.000001.jsonl` and so on, each of which
 * is committed and never touched again when it has lost its `.part`.
 *
 * @param job    JSON; "job" in the schema: `{"sources": [{"source": {…}}], "output": {"directory": "out"}}`.
 * @param size   Its length in bytes.
 * @param out    The run. Yours; penstock_sync_free().
 * @param error  See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_CONFIG, PENSTOCK_ERROR_AUTH,
 *         PENSTOCK_ERROR_STORAGE (directory), PENSTOCK_ERROR_STATE.
 *
 * Threads: any. Blocks: with a "state" in the job as penstock_state_open(). Since 0.1.0.
 */
penstock_status penstock_sync_open(const char *job, size_t size, penstock_sync **out,
                                   penstock_error **error);

/**
 * A function of the host between page and file: what it hands to penstock_batch_keep() and
 * penstock_batch_write() goes into the file, in that order; what it does not is left out. All of a
 * batch is committed together with what came of it, or nothing: after a crash the same records come
 * again.
 *
 * It is called on the run's one thread, never twice at once, for streams in turn; while it runs nothing is
 * written. It may not call functions of the run it belongs to but penstock_sync_cancel() and
 * penstock_sync_park().
 */
typedef void (*penstock_batch_callback)(void *context, penstock_batch *batch);

/**
 * As penstock_sync_open(), with a function between page and file. It gets whole pages' records, up to
 * "batch_records" of the job (1,000) at once; they wait for each other up to a second.
 *
 * @param job       As for penstock_sync_open().
 * @param size      Its length in bytes.
 * @param callback  The function.
 * @param context   Handed to the callback. May be NULL.
 * @param release   Called with the context when the run is freed and no longer uses it. NULL for
 *                  nothing. Not called when this function fails.
 * @param out       The run. Yours; penstock_sync_free().
 * @param error     See ERRORS above.
 * @return As penstock_sync_open().
 *
 * Threads: any. Blocks: with a "state" in the job as penstock_state_open(). Since 0.1.0.
 */
penstock_status penstock_sync_open_with_batch(const char *job, size_t size,
                                              penstock_batch_callback callback, void *context,
                                              penstock_release release, penstock_sync **out,
                                              penstock_error **error);

/**
 * The stream of a batch ("source.stream" where a job has several sources). "" for NULL; never NULL.
 *
 * Threads: the callback's. Blocks: no. Since 0.1.0.
 */
const char *penstock_batch_stream(const penstock_batch *batch);

/**
 * The number of records of a batch. 0 for NULL.
 *
 * Threads: the callback's. Blocks: no. Since 0.1.0.
 */
size_t penstock_batch_record_count(const penstock_batch *batch);

/**
 * A record of a batch; see penstock_page_record(). Empty when there is no such record.
 *
 * Threads: the callback's. Blocks: no. Since 0.1.0.
 */
penstock_slice penstock_batch_record(const penstock_batch *batch, size_t index);

/**
 * The record goes into the file as it came. Nothing when there is no such record.
 *
 * Threads: the callback's. Blocks: for the write. Since 0.1.0.
 */
void penstock_batch_keep(penstock_batch *batch, size_t index);

/**
 * A record of the host's goes into the file, in place of one or besides.
 *
 * @param record  One JSON value. Copied.
 * @param size    Its length in bytes.
 * @param error   See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT (no JSON value: nothing was written).
 *
 * Threads: the callback's. Blocks: for the write. Since 0.1.0.
 */
penstock_status penstock_batch_write(penstock_batch *batch, const char *record, size_t size,
                                     penstock_error **error);

/**
 * The stream ends with PENSTOCK_ERROR_DATA; nothing of this batch is committed.
 *
 * @param message  Why, in one line; it becomes part of the error. Copied.
 *
 * Threads: the callback's. Blocks: no. Since 0.1.0.
 */
void penstock_batch_fail(penstock_batch *batch, const char *message);

/**
 * Wait until every stream has ended.
 *
 * @return PENSTOCK_OK when all streams succeeded; PENSTOCK_PENDING when the run goes on; else the
 *         error of the first stream that failed (all results stand in penstock_sync_progress()).
 *
 * Threads: many at once. Blocks: up to timeout_ms; penstock_sync_cancel() ends it. Since 0.1.0.
 */
penstock_status penstock_sync_wait(penstock_sync *sync, int64_t timeout_ms, penstock_error **error);

/**
 * Where the run stands, as a JSON object: "done", "elapsed_ms" and "streams", an array with, for
 * each stream, "source", "stream", "file", "state" ("waiting", "running", "done", "failed",
 * "cancelled", "parked": stopped by "max_duration" or penstock_sync_park()), "records", "earlier_records" (what earlier runs
 * had written, where this one went on), "pages", "bytes", "requests", "retries", "total" (or null),
 * "duplicates", "filtered", "missing" (where they apply; see penstock_page_metadata()), "unchanged" and
 * "changed" (with "across_runs": records of earlier runs that were left out, and that came as updates),
 * "checks" (what does not hold of the stream's "expect": "check", "failed", "message"), "drift"
 * (what is not as in the schema of the run before: "change" ("new", "gone", "type", "null_share"),
 * "path", "types_before", "types_now", "share_before", "share_now", "failed", "message"; the first
 * hundred, and in "drift_more" how many more), "cursor" and "cursor_lag_ms" (as in
 * penstock_client_metrics()), "elapsed_ms", "records_per_second", when it went on without some of its parents "skipped"
 * ("count", and "first": why, of the first few) and, when it failed, "error" (as
 * penstock_error_json()).
 *
 * @param out    The text. Yours; penstock_text_free().
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_STATE.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_status penstock_sync_progress(const penstock_sync *sync, penstock_text **out,
                                       penstock_error **error);

/**
 * What the run's clients have counted: penstock_client_metrics() of all of them in one text, with
 * the name of its source in "source" of each entry, or as a label.
 *
 * @param format  "json", "prometheus" or "openmetrics"; NULL: "json".
 * @param out     The text. Yours; penstock_text_free().
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_STATE.
 *
 * Threads: many at once. Blocks: until the I/O threads answer (well under a millisecond). Since 0.1.0.
 */
penstock_status penstock_sync_metrics(penstock_sync *sync, const char *format, penstock_text **out,
                                      penstock_error **error);

/**
 * Listen to what happens in a run: penstock_client_events() of all its sources in one queue.
 *
 * @param options  As penstock_client_events(); may be NULL.
 * @param out      The queue. Yours; penstock_events_free().
 * @return As penstock_client_events().
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_status penstock_sync_events(penstock_sync *sync, const char *options, size_t size,
                                     penstock_events **out, penstock_error **error);

/**
 * End the run: streams that are not done end as "cancelled"; what they wrote stays in their `.part`
 * files, whole lines only.
 *
 * Threads: any, at any time before _free. Blocks: no. Since 0.1.0.
 */
void penstock_sync_cancel(penstock_sync *sync);

/**
 * Stop a run in good order: what came is committed, streams that are not done end as "parked", and opening
 * the job again goes on with them. Without "state" in the job as penstock_sync_cancel().
 *
 * Threads: any, at any time before _free. Blocks: no. Since 0.1.0.
 */
void penstock_sync_park(penstock_sync *sync);

/**
 * Release a run; ends it first when it is not done.
 *
 * Threads: any, while no other call uses it. Blocks: for the time its threads take to stop. Since 0.1.0.
 */
void penstock_sync_free(penstock_sync *sync);

/* -------------------------------------------------------------------------------------- state */

/**
 * Open a state, the one that a job names under "state": a file (SQLite, made when it is missing, readable
 * by its owner only); "redis://[user:password@]host[:port][/database]" or "unix:///path", with
 * "?prefix=NAME&lease=15s" behind it or not; or "host:NAME", a store that penstock_store_register()
 * knows by that name. Many processes may use it at once; each stream has one writer.
 *
 * @param place  Path or URL.
 * @param out    The state. Yours; penstock_state_free().
 * @param error  See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_STORAGE (damaged, of another
 *         program, from a newer library, on a full or read-only disk; Redis does not answer; the
 *         store's function failed), PENSTOCK_ERROR_AUTH (Redis), PENSTOCK_ERROR_CONFIG (the library
 *         hiredis is not there), PENSTOCK_ERROR_STATE (no such store).
 *
 * Threads: any. Blocks: while another process commits (10 s at most); for Redis' answer (5 s at most); as
 * long as the store's functions. Since 0.1.0.
 */
penstock_status penstock_state_open(const char *place, penstock_state **out,
                                    penstock_error **error);

/**
 * All that a state knows, as a JSON object: "penstock_state" (1), "streams", an array with "name",
 * "phase" ("running": its records are on their way into the `.part` file; "ended": all are there;
 * "done": the file has its name; "closing": all are there, and more follow in another file), "file", "checkpoint", "bytes", "records", "pages", "commits",
 * "updated_at" and "pieces" (what each commit added to the file: its number, first byte, the byte
 * behind its last one, records, SHA-256, with "canonical_hash" that of its records whatever their order),
 * "schema" where runs looked at it ("records" looked at, and "fields": "path", "of" how many objects or arrays, and
 * how many values by type); files of a stream that were closed before its last one, of this run ("closed"), of
 * those that are kept ("done") and of the one that this one replaces ("replaced"), as streams named
 * "users/users.000001.jsonl"; and "runs", the last thousand, the newest first.
 *
 * @param out  The text. Yours; penstock_text_free().
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_STATE, PENSTOCK_ERROR_STORAGE.
 *
 * Threads: any. Blocks: as penstock_state_open(). Since 0.1.0.
 */
penstock_status penstock_state_export(const penstock_state *state, penstock_text **out,
                                      penstock_error **error);

/**
 * Take in the streams of an exported text, in place of those of the same names.
 *
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_CONFIG (the text),
 *         PENSTOCK_ERROR_STATE (a stream is being written), PENSTOCK_ERROR_STORAGE.
 *
 * Threads: any. Blocks: as penstock_state_open(). Since 0.1.0.
 */
penstock_status penstock_state_import(penstock_state *state, const char *json, size_t size,
                                      penstock_error **error);

/**
 * Forget where a stream stands: its next run begins anew. Its files stay.
 *
 * @param stream  Its name ("source.stream" where a job has several sources); NULL for all streams.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT (there is no such stream),
 *         PENSTOCK_ERROR_STATE (it is being written), PENSTOCK_ERROR_STORAGE.
 *
 * Threads: any. Blocks: as penstock_state_open(). Since 0.1.0.
 */
penstock_status penstock_state_reset(penstock_state *state, const char *stream,
                                     penstock_error **error);

/**
 * Read the files of all streams and hold each of them against its commits, SHA-256 by SHA-256.
 *
 * @param out  A JSON object: "ok" and "streams", an array with "name", "file", "bytes", "records",
 *             "commits", "ok" and, where it is not what was written, "problem". Yours;
 *             penstock_text_free().
 * @return PENSTOCK_OK (whatever was found), PENSTOCK_ERROR_INVALID_ARGUMENT, PENSTOCK_ERROR_STATE,
 *         PENSTOCK_ERROR_STORAGE (the state itself can't be read).
 *
 * Threads: any. Blocks: while it reads. Since 0.1.0.
 */
penstock_status penstock_state_verify(const penstock_state *state, penstock_text **out,
                                      penstock_error **error);

/**
 * Release a state.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
void penstock_state_free(penstock_state *state);

/* -------------------------------------------------------------------------------------- store */

/** What a commit does with a document of a store. */
typedef enum penstock_store_change_kind {
    /** The document is there from now on, in place of one of the same key. */
    PENSTOCK_STORE_PUT = 1,
    /** There is none of that key any more; nothing when there was none. */
    PENSTOCK_STORE_DELETE = 2,
    /** The collection is empty. */
    PENSTOCK_STORE_CLEAR = 3
} penstock_store_change_kind;

/** One change of a commit. */
typedef struct penstock_store_change {
    /** A penstock_store_change_kind. */
    uint32_t kind;
    const char *collection;
    /** "" for PENSTOCK_STORE_CLEAR. */
    const char *key;
    /** UTF-8 text, a JSON object as a rule; empty but for PENSTOCK_STORE_PUT. */
    penstock_slice value;
} penstock_store_change;

/**
 * A store of the host's: where states are kept in place of a file. It holds documents (texts), each
 * known by a collection and a key, and leases. What the documents mean is the library's business.
 *
 * Collections and keys are UTF-8 texts without a NUL, case counts; a key has at most some hundred
 * bytes, a document some kilobytes as a rule (a checkpoint of a walk over many parents may have megabytes).
 *
 * Every function gets the context and a reply, and tells the reply what it has to say:
 * penstock_store_reply_item(), _refuse(), _fail(). What it is given is borrowed for as long as it
 * runs. A function that says nothing has succeeded.
 *
 * Threads: functions are called on threads of the library and on the caller's of penstock_state_…() and
 * penstock_sync_open(); of one opened state never two at once, of several at the same time.
 * They may wait: that holds up the commits of the runs that use the state, and, once the pages that are read
 * ahead are there, their next requests. One that waits longer than the time of a lease may lose it. They may not
 * call functions of a run, a client or a state that uses them but _cancel and _park.
 */
typedef struct penstock_store {
    /** sizeof(penstock_store): a later library may know more functions. */
    size_t size;

    /** Give those documents of a collection that there are, in any order. */
    void (*get)(void *context, const char *collection, const char *const *keys, size_t count,
                penstock_store_reply *reply);

    /** Give all documents of a collection, in any order; none when there is no such collection. */
    void (*scan)(void *context, const char *collection, penstock_store_reply *reply);

    /**
     * If `holder` has all these leases, and none has ended: make all changes, in their order, and let
     * the leases hold for `lease_ms` from now on. Else make none, and refuse with the name of one that it
     * has not. Nobody may ever see a part of the changes, and a process or a power that fails in between
     * leaves all or none. When the function returns they are as durable as the store makes them:
     * what it promises there is what the files of a run are worth after a crash of the store.
     * There may be no changes (then the leases are renewed), or no leases. A commit of which the library
     * heard that it failed may come again.
     */
    void (*commit)(void *context, const penstock_store_change *changes, size_t count,
                   const char *const *leases, size_t lease_count, const char *holder,
                   int64_t lease_ms, penstock_store_reply *reply);

    /**
     * Let `holder` have a lease for `lease_ms` from now on, if nobody else has it or the other's has ended.
     * Else refuse with the name of who has it: by that name the library can tell when that was a process of
     * this host that is gone, and releases it at once.
     */
    void (*acquire)(void *context, const char *lease, const char *holder, int64_t lease_ms,
                    penstock_store_reply *reply);

    /** End a lease if `holder` has it; else do nothing. */
    void (*release)(void *context, const char *lease, const char *holder,
                    penstock_store_reply *reply);
} penstock_store;

/**
 * Make a store known in this process: wherever a state is named ("state" of a job,
 * penstock_state_open()) "host:NAME" means it from then on.
 *
 * @param name     Letters, digits, ".", "_" and "-". One that is known by that name is replaced; what
 *                 is open goes on with the one it has.
 * @param store    Its functions, all of them. Copied. NULL: the name is known no more.
 * @param context  Handed to the functions. May be NULL.
 * @param release  Called with the context when neither the name nor anything that is open uses it any
 *                 more. NULL for nothing. Not called when this function fails.
 * @param error    See ERRORS above.
 * @return PENSTOCK_OK, PENSTOCK_ERROR_INVALID_ARGUMENT.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_status penstock_store_register(const char *name, const penstock_store *store,
                                        void *context, penstock_release release,
                                        penstock_error **error);

/**
 * A document, for get and scan. Nothing for NULL.
 *
 * @param key         Its key; NUL-terminated. Copied.
 * @param value       The document. Copied.
 * @param value_size  Its length in bytes.
 *
 * Threads: the function's. Blocks: no. Since 0.1.0.
 */
void penstock_store_reply_item(penstock_store_reply *reply, const char *key, const char *value,
                               size_t value_size);

/**
 * It can't be, because of a lease. Nothing for NULL.
 *
 * @param name  Of commit: the lease that the holder has not. Of acquire: who has it; NULL for one who is
 *              not known. Copied.
 *
 * Threads: the function's. Blocks: no. Since 0.1.0.
 */
void penstock_store_reply_refuse(penstock_store_reply *reply, const char *name);

/**
 * It did not work. A commit may have been made or not. Nothing for a reply that is NULL.
 *
 * @param message  Why, in one line; it becomes part of the error. Copied.
 *
 * Threads: the function's. Blocks: no. Since 0.1.0.
 */
void penstock_store_reply_fail(penstock_store_reply *reply, const char *message);

/* --------------------------------------------------------------------------------------- text */

/**
 * The bytes of a text; followed by a NUL that is not counted. Empty for NULL.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_slice penstock_text_slice(const penstock_text *text);

/**
 * Release a text.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
void penstock_text_free(penstock_text *text);

/* -------------------------------------------------------------------------------------- error */

/**
 * The status that the failing function returned. PENSTOCK_OK for NULL.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
penstock_status penstock_error_status(const penstock_error *error);

/**
 * What went wrong and where, in one line for people. No secrets. "" for NULL; never NULL.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
const char *penstock_error_message(const penstock_error *error);

/**
 * The status of the HTTP response that the error is about; 0 when there is none.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
int32_t penstock_error_http_status(const penstock_error *error);

/**
 * The URL of the request that failed, without userinfo and with query values hidden; NULL when the
 * error is not about a request.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
const char *penstock_error_url(const penstock_error *error);

/**
 * The request id that the server gave (X-Request-Id, X-Amzn-RequestId, CF-Ray and the like), for
 * its support desk; NULL when there is none.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
const char *penstock_error_request_id(const penstock_error *error);

/**
 * How long the server asks to wait before the next try, in milliseconds; -1 when it doesn't say.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
int64_t penstock_error_retry_after_ms(const penstock_error *error);

/**
 * How many times the request was sent. 0 when the error is not about a request.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
int32_t penstock_error_attempts(const penstock_error *error);

/**
 * All of it as a JSON object: "status", "message", "http_status", "url", "request_id",
 * "retry_after_ms", "attempts", "idempotency_key", "stream", "over" (as in penstock_page_metadata()), "page",
 * "pointer", "body" (start of the error body, sanitised); keys that don't apply are absent. "{}" for
 * NULL; never NULL.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
const char *penstock_error_json(const penstock_error *error);

/**
 * Release an error.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
void penstock_error_free(penstock_error *error);

#ifdef __cplusplus
}
#endif

#endif
