/*
 * A child made by fork(): the parent's handles are refused, nothing hangs, new ones work, and the
 * parent doesn't notice.
 */
#define _GNU_SOURCE
#include "support.h"
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct parent {
    penstock_limiter *limiter;
    penstock_client *client;
    penstock_paginator *paginator;
    penstock_page *page;
    penstock_error *error;
    penstock_sync *sync;
} parent;

static void *hanging_request(void *argument) {
    penstock_page *page = NULL;
    CHECK_INT(penstock_client_request(argument, "{\"path\": \"/hang\"}", 17, -1, &page, NULL),
              PENSTOCK_ERROR_CANCELLED);
    return NULL;
}

static void refused_in_child(const parent *handles) {
    const char *source = source_text(), *request = "{\"path\": \"/single\"}";
    penstock_client *client = NULL;
    penstock_paginator *paginator = NULL;
    penstock_page *page = NULL;
    penstock_text *text = NULL;
    CHECK_CALL(
        penstock_client_open(source, strlen(source), NULL, 0, handles->limiter, &client, &error),
        PENSTOCK_ERROR_STATE);
    CHECK_CALL(
        penstock_client_request(handles->client, request, strlen(request), -1, &page, &error),
        PENSTOCK_ERROR_STATE);
    CHECK_CALL(
        penstock_paginator_open(handles->client, "{\"stream\": \"page\"}", 18, &paginator, &error),
        PENSTOCK_ERROR_STATE);
    CHECK_CALL(penstock_request_open(handles->client, request, strlen(request), &paginator, &error),
               PENSTOCK_ERROR_STATE);
    CHECK_CALL(penstock_paginator_next(handles->paginator, -1, &page, &error),
               PENSTOCK_ERROR_STATE);
    CHECK_INT(penstock_paginator_fd(handles->paginator), -1);
    CHECK_CALL(penstock_sync_wait(handles->sync, -1, &error), PENSTOCK_ERROR_STATE);
    CHECK_CALL(penstock_sync_progress(handles->sync, &text, &error), PENSTOCK_ERROR_STATE);
    CHECK(client == NULL && paginator == NULL && page == NULL && text == NULL);

    penstock_paginator_cancel(handles->paginator);
    penstock_client_cancel(handles->client);
    penstock_sync_cancel(handles->sync);
}

/** Pages and errors are memory: either they answer as before, or "unknown". */
static void memory_in_child(const parent *handles) {
    size_t count = penstock_page_record_count(handles->page);
    CHECK(count == 10 || count == 0);
    (void)penstock_page_body(handles->page);
    (void)penstock_page_checkpoint(handles->page);
    (void)penstock_page_metadata(handles->page);
    CHECK(penstock_error_message(handles->error) != NULL);
    CHECK(penstock_error_json(handles->error) != NULL);
}

static void freed_in_child(parent *handles) {
    int64_t begin = now_ms();
    penstock_sync_free(handles->sync);
    penstock_page_free(handles->page);
    penstock_client_free(handles->client);
    penstock_paginator_free(handles->paginator);
    penstock_limiter_free(handles->limiter);
    penstock_error_free(handles->error);
    CHECK(now_ms() - begin < SOON_MS * slowness());
}

static void new_in_child(void) {
    penstock_client *client = open_client();
    penstock_paginator *paginator = open_stream(client, "cursor");
    CHECK_INT(drain(paginator), RECORD_TOTAL);
    penstock_paginator_free(paginator);
    penstock_client_free(client);
    /* One more stays open: the exit handlers have to live with it. */
    client = open_client();
    penstock_page_free(get(client, "/single"));
}

static void *knock(void *argument) {
    for (int i = 0; i < 50000 / slowness(); i++)
        penstock_paginator_cancel(argument);
    return NULL;
}

/**
 * The thread that forked, and threads that the child made, at the same locks: a lock that knows its
 * owner by a thread id from before the fork shows here.
 */
static void crowd_in_child(void) {
    penstock_client *client = open_client();
    penstock_paginator *paginator = open_stream(client, "page");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, knock, paginator);
    knock(paginator);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    penstock_paginator_free(paginator);
    penstock_client_free(client);
}

/** How the child ends: what it frees, and through exit() with every handler. */
static void child(parent handles, int frees_first) {
    alarm((unsigned)(30 * slowness()));
    refused_in_child(&handles);
    memory_in_child(&handles);
    if (frees_first) {
        freed_in_child(&handles);
        new_in_child();
    } else {
        new_in_child();
        freed_in_child(&handles);
    }
    for (int round = 0; round < 3; round++)
        crowd_in_child();
    exit(test_failures() == 0 ? 0 : 1);
}

static void check_child(pid_t process) {
    int status = 0;
    CHECK(waitpid(process, &status, 0) == process);
    if (WIFSIGNALED(status))
        printf("     the child was ended by signal %d (%s)\n", WTERMSIG(status),
               strsignal(WTERMSIG(status)));
    CHECK(WIFEXITED(status));
    /* valgrind looks for leaks in the child too, where the stacks of the parent's threads are lost.
     */
    CHECK(WEXITSTATUS(status) == 0 || (slowness() > 1 && WEXITSTATUS(status) == 99));
}

static void forked(int frees_first, const char *directory) {
    parent handles;
    pthread_t thread;
    char job[6000];
    const char *source = source_text();
    memset(&handles, 0, sizeof handles);
    snprintf(job, sizeof job,
             "{\"sources\": [{\"source\": %s, \"streams\": [\"page\", \"hang\"]}], "
             "\"output\": {\"directory\": \"%s\"}}",
             source, directory);
    CHECK_CALL(penstock_limiter_open("\"1000/s\"", 8, &handles.limiter, &error), PENSTOCK_OK);
    CHECK_CALL(penstock_client_open(source, strlen(source), NULL, 0, handles.limiter,
                                    &handles.client, &error),
               PENSTOCK_OK);
    handles.paginator =
        open_options(handles.client, "{\"stream\": \"page\", \"query\": {\"delay_ms\": \"100\"}}");
    CHECK_CALL(penstock_paginator_next(handles.paginator, -1, &handles.page, &error), PENSTOCK_OK);
    CHECK_INT(penstock_client_request(handles.client, "{}", 2, -1, &(penstock_page *){NULL},
                                      &handles.error),
              PENSTOCK_ERROR_CONFIG);
    CHECK_CALL(penstock_sync_open(job, strlen(job), &handles.sync, &error), PENSTOCK_OK);
    pthread_create(&thread, NULL, hanging_request, handles.client);
    while (server_count("hanging") < 2)
        sleep_ms(5);

    fflush(NULL);
    pid_t process = fork();
    if (process == 0)
        child(handles, frees_first);
    CHECK(process > 0);
    check_child(process);

    /* The parent goes on where it was: the walk, the page, the running request. */
    CHECK_INT(penstock_page_record_count(handles.page), 10);
    CHECK_INT(drain(handles.paginator), RECORD_TOTAL - 10);
    CHECK_INT(server_count("hanging"), 2);
    penstock_page *page = get(handles.client, "/single");
    penstock_page_free(page);
    CHECK_CALL(penstock_sync_wait(handles.sync, 0, &error), PENSTOCK_PENDING);
    penstock_client_cancel(handles.client);
    pthread_join(thread, NULL);
    penstock_sync_free(handles.sync);
    penstock_page_free(handles.page);
    penstock_paginator_free(handles.paginator);
    penstock_client_free(handles.client);
    penstock_limiter_free(handles.limiter);
    penstock_error_free(handles.error);
}

/** A child that touches nothing but inherits everything, as subprocesses of Python's do. */
static void untouched(void) {
    penstock_client *client = open_client();
    penstock_page_free(get(client, "/single"));
    fflush(NULL);
    pid_t process = fork();
    if (process == 0) {
        alarm((unsigned)(20 * slowness()));
        exit(0);
    }
    check_child(process);
    penstock_page_free(get(client, "/single"));
    penstock_client_free(client);
}

int main(void) {
    test_begin("test_fork");
    char *directory = make_directory();
    untouched();
    forked(1, directory);
    forked(0, directory);
    remove_directory(directory);
    return test_end();
}
