/*
 * Every stream of a job into JSON Lines files, with a progress line and a table of results.
 *
 *     cc -std=c99 pull.c -o pull $(pkg-config --cflags --libs penstock jansson)
 *     ./pull job.json
 *
 * The exit code is 0 when all streams succeeded, 1 when one failed; the others are complete then
 * too.
 *
 * SPDX-License-Identifier: MIT
 */
#include "example.h"
#include <jansson.h>

/** Where the run stands, parsed; NULL after a message. */
static json_t *progress_of(const penstock_sync *sync) {
    penstock_text *text = NULL;
    penstock_error *error = NULL;
    json_error_t at;
    penstock_status status = penstock_sync_progress(sync, &text, &error);
    if (status != PENSTOCK_OK) {
        failed(status, error);
        return NULL;
    }
    penstock_slice slice = penstock_text_slice(text);
    json_t *progress = json_loadb(slice.data, slice.size, 0, &at);
    penstock_text_free(text);
    if (progress == NULL)
        fprintf(stderr, "progress: %s\n", at.text);
    return progress;
}

static double number(const json_t *object, const char *key) {
    return json_number_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static void print_line(const json_t *progress) {
    double records = 0, bytes = 0;
    size_t index, ended = 0;
    json_t *stream, *streams = json_object_get(progress, "streams");
    json_array_foreach(streams, index, stream) {
        const char *state = text_of(stream, "state");
        records += number(stream, "records");
        bytes += number(stream, "bytes");
        ended += state[0] != 'r' && state[0] != 'w'; /* neither running nor waiting */
    }
    fprintf(stderr, "\r%.0f records, %.1f MB, %zu of %zu streams, %.1f s ", records, bytes / 1e6,
            ended, json_array_size(streams), number(progress, "elapsed_ms") / 1e3);
}

static void print_table(const json_t *progress) {
    size_t index;
    json_t *stream;
    printf("%-24s %-10s %12s %8s %10s %10s\n", "stream", "state", "records", "pages", "seconds",
           "records/s");
    json_array_foreach(json_object_get(progress, "streams"), index, stream) {
        printf("%-24s %-10s %12.0f %8.0f %10.2f %10.0f\n", text_of(stream, "stream"),
               text_of(stream, "state"), number(stream, "records"), number(stream, "pages"),
               number(stream, "elapsed_ms") / 1e3, number(stream, "records_per_second"));
        const json_t *error = json_object_get(stream, "error");
        if (error != NULL)
            printf("    %s\n", text_of(error, "message"));
    }
}

int main(int argc, char **argv) {
    penstock_sync *sync = NULL;
    penstock_error *error = NULL;
    json_t *progress;
    size_t size = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: %s JOB.json\n", argv[0]);
        return 2;
    }
    char *job = read_file(argv[1], &size);
    if (job == NULL)
        return EXIT_FAILURE;
    penstock_status status = penstock_sync_open(job, size, &sync, &error);
    free(job);
    if (status != PENSTOCK_OK)
        return failed(status, error);

    while ((status = penstock_sync_wait(sync, 200, &error)) == PENSTOCK_PENDING) {
        if ((progress = progress_of(sync)) != NULL)
            print_line(progress);
        json_decref(progress);
    }
    if ((progress = progress_of(sync)) != NULL) {
        print_line(progress);
        fputc('\n', stderr);
        print_table(progress);
    }
    json_decref(progress);
    penstock_sync_free(sync);
    return status == PENSTOCK_OK ? EXIT_SUCCESS : failed(status, error);
}
