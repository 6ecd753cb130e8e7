/*
 * Runs: several streams into files, one of them failing; progress while it goes; places that can't
 * be written; cancel.
 */
#define _GNU_SOURCE
#include "support.h"
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>

static penstock_sync *open_sync(const char *streams, const char *directory) {
    char job[6000];
    penstock_sync *sync = NULL;
    snprintf(job, sizeof job,
             "{\"sources\": [{\"source\": %s, \"streams\": %s}], "
             "\"output\": {\"directory\": \"%s\"}}",
             source_text(), streams, directory);
    CHECK_CALL(penstock_sync_open(job, strlen(job), &sync, &error), PENSTOCK_OK);
    return sync;
}

static json_t *progress_of(const penstock_sync *sync) {
    penstock_text *text = NULL;
    CHECK_CALL(penstock_sync_progress(sync, &text, &error), PENSTOCK_OK);
    penstock_slice slice = penstock_text_slice(text);
    CHECK(slice.data != NULL && slice.data[slice.size] == '\0');
    json_t *progress = json_loadb(slice.data ? slice.data : "", slice.size, 0, NULL);
    CHECK(json_is_object(progress));
    penstock_text_free(text);
    return progress;
}

static const json_t *stream_of(const json_t *progress, const char *name) {
    size_t index;
    json_t *stream;
    json_array_foreach(json_object_get(progress, "streams"), index, stream) {
        const char *text = json_string_value(json_object_get(stream, "stream"));
        if (text != NULL && strcmp(text, name) == 0)
            return stream;
    }
    printf("     no stream '%s' in the progress\n", name);
    CHECK(!"the stream stands in the progress");
    return NULL;
}

static const char *state_of(const json_t *stream) {
    return json_string_value(json_object_get(stream, "state"));
}

/**
 * Whole lines, each the record with its number in order; the number of lines, or -1. What a stream
 * that did not end left behind may stand under another name, beside that of the whole.
 */
static int64_t lines_of(const char *directory, const char *name) {
    char path[1024], line[1024], expected[RECORD_SIZE];
    int64_t lines = 0;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        strcat(path, ".part");
        file = fopen(path, "rb");
    }
    if (file == NULL)
        return -1;
    while (fgets(line, sizeof line, file) != NULL) {
        expected_record(expected, sizeof expected, (uint64_t)lines);
        strcat(expected, "\n");
        if (!CHECK_TEXT(line, expected))
            break;
        lines++;
    }
    fclose(file);
    return lines;
}

static void all_well(const char *directory) {
    static const char *const streams[] = {"page", "offset", "cursor", "link", "next"};
    penstock_sync *sync =
        open_sync("[\"page\", \"offset\", \"cursor\", \"link\", \"next\"]", directory);
    CHECK_CALL(penstock_sync_wait(sync, -1, &error), PENSTOCK_OK);
    CHECK_CALL(penstock_sync_wait(sync, 0, &error), PENSTOCK_OK);
    json_t *progress = progress_of(sync);
    CHECK(json_is_true(json_object_get(progress, "done")));
    CHECK_INT(json_array_size(json_object_get(progress, "streams")), 5);
    for (int i = 0; i < 5; i++) {
        char name[64];
        const json_t *stream = stream_of(progress, streams[i]);
        snprintf(name, sizeof name, "%s.jsonl", streams[i]);
        CHECK_TEXT(state_of(stream), "done");
        CHECK_INT(json_integer_value(json_object_get(stream, "records")), RECORD_TOTAL);
        CHECK_INT(json_integer_value(json_object_get(stream, "pages")), 3);
        CHECK_INT(json_integer_value(json_object_get(stream, "retries")), 0);
        CHECK(json_integer_value(json_object_get(stream, "requests")) >= 3);
        CHECK(json_object_get(stream, "error") == NULL);
        CHECK_INT(lines_of(directory, name), RECORD_TOTAL);
    }
    CHECK_INT(json_integer_value(json_object_get(stream_of(progress, "page"), "total")),
              RECORD_TOTAL);
    CHECK(json_is_null(json_object_get(stream_of(progress, "cursor"), "total")));
    json_decref(progress);
    penstock_sync_free(sync);
}

/** The others go on to their end; wait() tells of the failure. */
static void one_fails(const char *directory) {
    penstock_sync *sync = open_sync("[\"cursor\", \"broken\", \"link\"]", directory);
    penstock_error *error = NULL;
    CHECK_INT(penstock_sync_wait(sync, -1, &error), PENSTOCK_ERROR_HTTP);
    CHECK_INT(penstock_error_http_status(error), 404);
    CHECK_CONTAINS(penstock_error_json(error), "broken");
    penstock_error_free(error);
    CHECK_INT(penstock_sync_wait(sync, 0, NULL), PENSTOCK_ERROR_HTTP);
    json_t *progress = progress_of(sync);
    CHECK_TEXT(state_of(stream_of(progress, "cursor")), "done");
    CHECK_TEXT(state_of(stream_of(progress, "link")), "done");
    const json_t *failed = stream_of(progress, "broken");
    CHECK_TEXT(state_of(failed), "failed");
    CHECK_INT(json_integer_value(json_object_get(failed, "records")), 20);
    const json_t *told = json_object_get(failed, "error");
    CHECK_INT(json_integer_value(json_object_get(told, "http_status")), 404);
    json_decref(progress);
    CHECK_INT(lines_of(directory, "broken.jsonl.part"), 20);
    CHECK_INT(lines_of(directory, "cursor.jsonl"), RECORD_TOTAL);
    penstock_sync_free(sync);
}

typedef struct polling {
    const penstock_sync *sync;
    atomic_int stop;
} polling;

static void *poll_progress(void *argument) {
    polling *self = argument;
    json_int_t records = 0;
    while (!atomic_load(&self->stop)) {
        json_t *progress = progress_of(self->sync);
        json_int_t now =
            json_integer_value(json_object_get(stream_of(progress, "page"), "records"));
        CHECK(now >= records); /* never back */
        records = now;
        json_decref(progress);
    }
    return NULL;
}

static void *wait_here(void *argument) {
    CHECK_INT(penstock_sync_wait(argument, -1, NULL), PENSTOCK_OK);
    return NULL;
}

static void polled(const char *directory) {
    penstock_sync *sync = open_sync("[\"page\", \"cursor\"]", directory);
    polling self = {.sync = sync};
    pthread_t pollers[3], waiters[2];
    atomic_init(&self.stop, 0);
    for (int i = 0; i < 3; i++)
        pthread_create(&pollers[i], NULL, poll_progress, &self);
    for (int i = 0; i < 2; i++)
        pthread_create(&waiters[i], NULL, wait_here, sync);
    for (int i = 0; i < 2; i++)
        pthread_join(waiters[i], NULL);
    atomic_store(&self.stop, 1);
    for (int i = 0; i < 3; i++)
        pthread_join(pollers[i], NULL);
    penstock_sync_free(sync);
}

/** A directory below a file can't be; a file in the way of one stream stops that stream. */
static void unwritable(const char *directory) {
    char path[1024], job[6000];
    penstock_sync *sync = NULL;
    snprintf(path, sizeof path, "%s/file", directory);
    FILE *file = fopen(path, "w");
    fclose(file);
    snprintf(job, sizeof job,
             "{\"sources\": [{\"source\": %s, \"streams\": [\"page\"]}], "
             "\"output\": {\"directory\": \"%s/out\"}}",
             source_text(), path);
    penstock_error *error = NULL;
    CHECK_INT(penstock_sync_open(job, strlen(job), &sync, &error), PENSTOCK_ERROR_STORAGE);
    CHECK_CONTAINS(penstock_error_message(error), path);
    CHECK(sync == NULL);
    penstock_error_free(error);
    remove(path);

    snprintf(path, sizeof path, "%s/cursor.jsonl", directory);
    remove(path);
    CHECK_INT(mkdir(path, 0700), 0);
    sync = open_sync("[\"cursor\", \"link\"]", directory);
    CHECK_CALL(penstock_sync_wait(sync, -1, &error), PENSTOCK_ERROR_STORAGE);
    json_t *progress = progress_of(sync);
    CHECK_TEXT(state_of(stream_of(progress, "cursor")), "failed");
    CHECK_TEXT(state_of(stream_of(progress, "link")), "done");
    json_decref(progress);
    penstock_sync_free(sync);
    remove(path);
}

/** A disk that is full at 1,000 bytes, as the file size limit plays it. */
static void disk_full(const char *directory) {
    struct rlimit before, small;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 1000;
    fflush(NULL);
    setrlimit(RLIMIT_FSIZE, &small);
    penstock_sync *sync = open_sync("[\"offset\"]", directory);
    penstock_error *error = NULL;
    penstock_status status = penstock_sync_wait(sync, -1, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    CHECK_STATUS(status, PENSTOCK_ERROR_STORAGE, error);
    json_t *progress = progress_of(sync);
    CHECK_TEXT(state_of(stream_of(progress, "offset")), "failed");
    CHECK_INT(json_integer_value(json_object_get(stream_of(progress, "offset"), "records")),
              lines_of(directory, "offset.jsonl.part"));
    json_decref(progress);
    penstock_sync_free(sync);
}

static void *cancel_soon(void *argument) {
    sleep_ms(50);
    penstock_sync_cancel(argument);
    return NULL;
}

static void cancelled(const char *directory) {
    penstock_sync *sync = open_sync("[\"hang\", \"link\"]", directory);
    pthread_t thread;
    CHECK_CALL(penstock_sync_wait(sync, 0, &error), PENSTOCK_PENDING);
    int64_t begin = now_ms();
    pthread_create(&thread, NULL, cancel_soon, sync);
    CHECK_CALL(penstock_sync_wait(sync, -1, &error), PENSTOCK_ERROR_CANCELLED);
    CHECK(now_ms() - begin < 50 + SOON_MS * slowness());
    pthread_join(thread, NULL);
    json_t *progress = progress_of(sync);
    CHECK_TEXT(state_of(stream_of(progress, "hang")), "cancelled");
    CHECK(json_is_true(json_object_get(progress, "done")));
    json_decref(progress);
    penstock_sync_free(sync);

    /* Freed while it runs. */
    sync = open_sync("[\"hang\", \"page\"]", directory);
    begin = now_ms();
    penstock_sync_free(sync);
    CHECK(now_ms() - begin < SOON_MS * slowness());
}

int main(void) {
    test_begin("test_sync");
    static void (*const parts[])(const char *) = {all_well,   one_fails, polled,
                                                  unwritable, disk_full, cancelled};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *directory = make_directory();
        parts[i](directory);
        remove_directory(directory);
    }
    return test_end();
}
