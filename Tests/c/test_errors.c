/*
 * What goes wrong, told precisely: documents, addresses, statuses, bodies; and that it stays told.
 */
#define _GNU_SOURCE
#include "support.h"
#include <sys/resource.h>

static void refused_document(const char *text, const char *const parts[]) {
    penstock_client *client = NULL;
    penstock_error *error = NULL;
    penstock_status status =
        penstock_client_open(text, strlen(text), NULL, 0, NULL, &client, &error);
    int before = test_failures();
    CHECK_INT(status, PENSTOCK_ERROR_CONFIG);
    CHECK(client == NULL);
    CHECK_INT(penstock_error_status(error), PENSTOCK_ERROR_CONFIG);
    for (size_t i = 0; parts[i] != NULL; i++)
        CHECK_CONTAINS(penstock_error_message(error), parts[i]);
    CHECK(strchr(penstock_error_message(error), '\n') == NULL);
    CHECK_INT(penstock_error_http_status(error), 0);
    CHECK(penstock_error_url(error) == NULL);
    CHECK_INT(penstock_error_attempts(error), 0);
    if (test_failures() > before)
        printf("     document: %s\n", text);
    penstock_error_free(error);
    penstock_client_free(client);
}

#define REFUSED(text, ...) refused_document((text), (const char *[]){__VA_ARGS__, NULL})

static void documents(void) {
    /* Not JSON: where it broke. */
    REFUSED("{\n  \"base_url\": \"http://127.0.0.1\",\n  \"streams\": {,}\n}", "line 3", "column");
    REFUSED("{\"base_url\": \"http://127.0.0.1\"", "line 1");
    REFUSED("\xff\xfe", "line 1");
    REFUSED("[]", "object");
    REFUSED("null", "line 1");

    /* JSON, but not a source: which member. */
    REFUSED("{}", "base_url");
    REFUSED("{\"base_url\": 5, \"streams\": {}}", "/base_url");
    REFUSED("{\"base_url\": \"not a url\"}", "/base_url");
    REFUSED("{\"base_url\": \"ftp://127.0.0.1/\"}", "/base_url");
    REFUSED("{\"base_url\": \"http://127.0.0.1\", \"bse\": 1}", "/bse");
    REFUSED("{\"base_url\": \"http://127.0.0.1\", \"limits\": \"ten\"}", "/limits");
    REFUSED("{\"base_url\": \"http://127.0.0.1\", \"streams\": {\"a\": {\"path\": 7}}}",
            "/streams/a/path");
    REFUSED("{\"base_url\": \"http://127.0.0.1\", \"a/b~\": 1}", "/a~1b~0");
    REFUSED("{\"base_url\": \"http://127.0.0.1\", \"streams\": {\"a\": {\"path\": \"/x\", "
            "\"pagination\": {\"type\": \"pgae\"}}}}",
            "/streams/a/pagination/type");
    REFUSED("{\"base_url\": \"http://127.0.0.1\", \"streams\": {\"a\": {\"path\": \"/x\", "
            "\"paginaton\": \"cursor\"}}}",
            "/streams/a/paginaton");
}

static void other_texts(void) {
    penstock_client *client = open_client();
    penstock_limiter *limiter = NULL;
    penstock_paginator *paginator = NULL;
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    CHECK_INT(penstock_limiter_open("\"0/s\"", 5, &limiter, &error), PENSTOCK_ERROR_CONFIG);
    penstock_error_free(error);
    CHECK_INT(penstock_limiter_open("[{\"requets\": 1}]", 16, &limiter, &error),
              PENSTOCK_ERROR_CONFIG);
    CHECK_CONTAINS(penstock_error_message(error), "/0/requets");
    penstock_error_free(error);
    CHECK_INT(penstock_paginator_open(client, "{\"stream\": \"nope\"}", 18, &paginator, &error),
              PENSTOCK_ERROR_CONFIG);
    CHECK_CONTAINS(penstock_error_message(error), "nope");
    penstock_error_free(error);
    CHECK_INT(penstock_client_request(client, "{\"pth\": \"/x\"}", 13, -1, &page, &error),
              PENSTOCK_ERROR_CONFIG);
    CHECK_CONTAINS(penstock_error_message(error), "/pth");
    CHECK_CONTAINS(penstock_error_json(error), "\"pointer\"");
    penstock_error_free(error);
    CHECK(limiter == NULL && paginator == NULL && page == NULL);
    penstock_client_free(client);
}

/** One request to a client; the error, which must have that status. */
static penstock_error *failing(penstock_client *client, const char *request,
                               penstock_status expected) {
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    penstock_status status =
        penstock_client_request(client, request, strlen(request), -1, &page, &error);
    if (!CHECK_INT(status, expected))
        printf("     %s gave %s: %s\n", request, penstock_status_name(status),
               penstock_error_message(error));
    CHECK(page == NULL);
    CHECK_INT(penstock_error_status(error), status < 16 ? PENSTOCK_OK : status);
    return error;
}

static void unreachable(void) {
    char source[512], url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", closed_port());
    snprintf(source, sizeof source, "{\"base_url\": \"%s\", \"retry\": {\"attempts\": 1}}", url);
    penstock_client *client = open_client_with(source);
    penstock_error *error = failing(client, "{\"path\": \"/x?token=abc\"}", PENSTOCK_ERROR_NETWORK);
    CHECK_CONTAINS(penstock_error_url(error), url);
    CHECK(strstr(penstock_error_url(error), "abc") == NULL);
    CHECK(strstr(penstock_error_json(error), "abc") == NULL);
    CHECK_INT(penstock_error_attempts(error), 1);
    CHECK_INT(penstock_error_http_status(error), 0);
    penstock_error_free(error);
    penstock_client_free(client);

    client = open_client_with("{\"base_url\": \"http://does-not-exist.invalid\", "
                              "\"retry\": {\"attempts\": 1}}");
    error = failing(client, "{\"path\": \"/\"}", PENSTOCK_ERROR_NETWORK);
    CHECK_CONTAINS(penstock_error_message(error), "does-not-exist.invalid");
    penstock_error_free(error);
    penstock_client_free(client);
}

static void statuses(penstock_client *client) {
    penstock_error *error = failing(client, "{\"path\": \"/status/404\"}", PENSTOCK_ERROR_HTTP);
    CHECK_INT(penstock_error_http_status(error), 404);
    CHECK_CONTAINS(penstock_error_url(error), "/status/404");
    CHECK_TEXT(penstock_error_request_id(error), "req-123");
    CHECK_INT(penstock_error_attempts(error), 1);
    CHECK_INT(penstock_error_retry_after_ms(error), -1);
    CHECK_CONTAINS(penstock_error_message(error), "404");
    const char *keys[] = {"\"status\"",   "\"http_status\"", "\"url\"", "\"request_id\"",
                          "\"attempts\"", "\"body\"",        "as asked"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        CHECK_CONTAINS(penstock_error_json(error), keys[i]);
    CHECK(strstr(penstock_error_json(error), "retry_after_ms") == NULL);
    penstock_error_free(error);

    error = failing(client, "{\"path\": \"/status/500\"}", PENSTOCK_ERROR_HTTP);
    CHECK_INT(penstock_error_http_status(error), 500);
    penstock_error_free(error);

    error = failing(client, "{\"path\": \"/status/401\"}", PENSTOCK_ERROR_AUTH);
    CHECK_INT(penstock_error_http_status(error), 401);
    penstock_error_free(error);

    /* A status that the caller wants is a page. */
    penstock_page *page = NULL;
    const char *wanted = "{\"path\": \"/status/404\", \"accept_status\": [404]}";
    CHECK_CALL(penstock_client_request(client, wanted, strlen(wanted), -1, &page, &error),
               PENSTOCK_OK);
    CHECK_INT(penstock_page_status(page), 404);
    CHECK(slice_is(penstock_page_body(page), "{\"error\": \"as asked\"}"));
    penstock_page_free(page);
}

/** The server wants a day of peace: that is told, to this request and to those that follow it. */
static void told_to_wait(void) {
    penstock_client *client = open_client();
    penstock_page *page = NULL;
    penstock_error *error = failing(client, "{\"path\": \"/status/429?retry_after=86400\"}",
                                    PENSTOCK_ERROR_RATE_LIMITED);
    CHECK_INT(penstock_error_http_status(error), 429);
    CHECK_INT(penstock_error_retry_after_ms(error), 86400000);
    penstock_error_free(error);
    CHECK_CALL(penstock_client_request(client, "{\"path\": \"/single\"}", 19, 3000, &page, &error),
               PENSTOCK_ERROR_RATE_LIMITED);
    penstock_page_free(page);
    penstock_client_free(client);
}

static void broken_answers(penstock_client *client) {
    static const struct {
        const char *path;
        penstock_status status;
    } cases[] = {
        {"/truncated", PENSTOCK_ERROR_NETWORK},
        {"/garbage", PENSTOCK_ERROR_NETWORK},
        {"/close", PENSTOCK_ERROR_NETWORK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char request[128];
        snprintf(request, sizeof request, "{\"path\": \"%s\"}", cases[i].path);
        penstock_error *error = failing(client, request, cases[i].status);
        CHECK_CONTAINS(penstock_error_url(error), cases[i].path);
        penstock_error_free(error);
    }
}

/** Bodies that a walk can't use. */
static void broken_pages(penstock_client *client) {
    static const struct {
        const char *stream;
        penstock_status status;
    } cases[] = {
        {"{\"path\": \"/html\"}", PENSTOCK_ERROR_DATA},
        {"{\"path\": \"/json/cut\"}", PENSTOCK_ERROR_DATA},
        {"{\"path\": \"/json/trailing\"}", PENSTOCK_ERROR_DATA},
        {"{\"path\": \"/json/nan\"}", PENSTOCK_ERROR_DATA},
        {"{\"path\": \"/json/utf8\"}", PENSTOCK_ERROR_DATA},
        {"{\"path\": \"/json/nul\"}", PENSTOCK_ERROR_DATA},
        {"{\"path\": \"/json/comma\"}", PENSTOCK_ERROR_DATA},
        {"{\"path\": \"/json/nothing\"}", PENSTOCK_ERROR_DATA},
        {"{\"path\": \"/json/spaces\"}", PENSTOCK_ERROR_DATA},
        {"{\"path\": \"/json/missing\", \"records\": \"data\"}", PENSTOCK_ERROR_DATA},
        {"{\"path\": \"/brackets\"}", PENSTOCK_ERROR_LIMIT},
        {"{\"path\": \"/truncated\"}", PENSTOCK_ERROR_NETWORK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char options[160];
        penstock_page *page = NULL;
        snprintf(options, sizeof options, "{\"stream\": %s}", cases[i].stream);
        penstock_paginator *paginator = open_options(client, options);
        for (int again = 0; again < 2; again++) {
            penstock_error *error = NULL;
            penstock_status status = penstock_paginator_next(paginator, -1, &page, &error);
            if (!CHECK_INT(status, cases[i].status))
                printf("     %s gave %s: %s\n", cases[i].stream, penstock_status_name(status),
                       penstock_error_message(error));
            CHECK(page == NULL);
            CHECK(penstock_error_message(error)[0] != '\0');
            CHECK(penstock_error_url(error) != NULL);
            penstock_error_free(error);
        }
        penstock_paginator_free(paginator);
    }
}

static void caps(void) {
    char source[512];
    snprintf(source, sizeof source,
             "{\"base_url\": \"%s\", \"retry\": {\"attempts\": 1}, "
             "\"caps\": {\"max_body_bytes\": 65536}}",
             server_url());
    penstock_client *client = open_client_with(source);
    penstock_error *error =
        failing(client, "{\"path\": \"/big?bytes=1000000\"}", PENSTOCK_ERROR_LIMIT);
    CHECK_CONTAINS(penstock_error_message(error), "65536");
    penstock_error_free(error);
    penstock_page *page = get(client, "/big?bytes=60000");
    CHECK_INT(penstock_page_body(page).size, 60014);
    penstock_page_free(page);
    penstock_client_free(client);
}

/** With no descriptor left every call fails with a reason; with descriptors again all is well. */
static void no_descriptors(void) {
    penstock_client *before = open_client(), *client = NULL;
    penstock_paginator *paginator = NULL;
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    const char *source = source_text(), *request = "{\"path\": \"/single\"}";
    struct rlimit usual, none;
    getrlimit(RLIMIT_NOFILE, &usual);
    none = usual;
    none.rlim_cur = 3; /* what is open stays open */
    setrlimit(RLIMIT_NOFILE, &none);

    penstock_status opened =
        penstock_client_open(source, strlen(source), NULL, 0, NULL, &client, NULL);
    penstock_status walked =
        penstock_paginator_open(before, "{\"stream\": \"page\"}", 18, &paginator, NULL);
    if (walked == PENSTOCK_OK)
        walked = penstock_paginator_next(paginator, -1, &page, NULL);
    penstock_status got =
        penstock_client_request(before, request, strlen(request), -1, &page, &error);
    setrlimit(RLIMIT_NOFILE, &usual);

    CHECK(opened == PENSTOCK_OK || opened >= PENSTOCK_ERROR_INVALID_ARGUMENT);
    CHECK(walked >= PENSTOCK_ERROR_INVALID_ARGUMENT && walked != PENSTOCK_ERROR_INTERNAL);
    CHECK(got >= PENSTOCK_ERROR_INVALID_ARGUMENT && got != PENSTOCK_ERROR_INTERNAL);
    CHECK(penstock_error_message(error)[0] != '\0');
    penstock_error_free(error);
    penstock_paginator_free(paginator);
    penstock_client_free(client);
    page = get(before, "/single");
    penstock_page_free(page);
    penstock_client_free(before);
}

/** Pages that arrived come first; then the error, again and again, equal each time. */
static void sticky(penstock_client *client, const char *stream, int pages, penstock_status expected,
                   int32_t http_status) {
    penstock_paginator *paginator = open_stream(client, stream);
    penstock_page *page = NULL;
    char first[512] = "";
    sleep_ms(100); /* the error is there before the first page is taken */
    for (int i = 0; i < pages; i++) {
        CHECK_CALL(penstock_paginator_next(paginator, -1, &page, &error), PENSTOCK_OK);
        CHECK_INT(penstock_page_index(page), i);
        penstock_page_free(page);
        page = NULL;
    }
    for (int again = 0; again < 4; again++) {
        penstock_error *error = NULL;
        penstock_status status = penstock_paginator_next(paginator, again - 1, &page, &error);
        CHECK_INT(status, expected);
        CHECK_INT(penstock_error_http_status(error), http_status);
        CHECK_CONTAINS(penstock_error_json(error), stream);
        if (again == 0)
            snprintf(first, sizeof first, "%s", penstock_error_message(error));
        CHECK_TEXT(penstock_error_message(error), first);
        penstock_error_free(error);
    }
    CHECK(page == NULL);
    CHECK_INT(penstock_paginator_next(paginator, 0, &page, NULL), expected);
    penstock_paginator_free(paginator);
}

int main(void) {
    test_begin("test_errors");
    documents();
    other_texts();
    unreachable();
    penstock_client *client = open_client();
    statuses(client);
    told_to_wait();
    broken_answers(client);
    broken_pages(client);
    sticky(client, "broken", 2, PENSTOCK_ERROR_HTTP, 404);
    sticky(client, "circle", 1, PENSTOCK_ERROR_DATA, 0);
    penstock_client_free(client);
    caps();
    no_descriptors();
    return test_end();
}
