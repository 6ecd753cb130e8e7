/*
 * Every stream of a job into files, with a function between page and file: only records that hold a
 * text are written, as they came or, with a third argument, each in an envelope that names its
 * stream.
 *
 *     cc -std=c99 batch.c -o batch $(pkg-config --cflags --libs penstock)
 *     ./batch job.json '"status":"active"'
 *     ./batch job.json '"status":"active"' envelope
 *
 * The exit code is 0 when all streams succeeded.
 *
 * SPDX-License-Identifier: MIT
 */
#include "example.h"
#include <string.h>

struct selection {
    const char *text;
    int in_envelopes;
    size_t written, left_out;
};

static int holds(penstock_slice record, const char *text) {
    size_t length = strlen(text);
    for (size_t at = 0; at + length <= record.size; at++)
        if (memcmp(record.data + at, text, length) == 0)
            return 1;
    return 0;
}

/** The record's own bytes, numbers of any size included, in an object; 0 when the batch is over. */
static int write_in_envelope(penstock_batch *batch, penstock_slice record) {
    static const char format[] = "{\"stream\":\"%s\",\"record\":";
    penstock_error *error = NULL;
    const char *stream = penstock_batch_stream(batch);
    char *text = malloc(sizeof format + strlen(stream) + record.size + 1);
    if (text == NULL) {
        penstock_batch_fail(batch, "no memory for a record");
        return 0;
    }
    /* Names of streams have no character that JSON would escape. */
    size_t size = (size_t)sprintf(text, format, stream);
    memcpy(text + size, record.data, record.size);
    size += record.size;
    text[size++] = '}';
    penstock_status status = penstock_batch_write(batch, text, size, &error);
    free(text);
    if (status != PENSTOCK_OK)
        penstock_batch_fail(batch, penstock_error_message(error));
    penstock_error_free(error);
    return status == PENSTOCK_OK;
}

/** All of a batch is committed with what comes of it here, or nothing. */
static void select_records(void *context, penstock_batch *batch) {
    struct selection *selection = context;
    size_t count = penstock_batch_record_count(batch);
    for (size_t i = 0; i < count; i++) {
        penstock_slice record = penstock_batch_record(batch, i);
        if (!holds(record, selection->text)) {
            selection->left_out++;
            continue;
        }
        selection->written++;
        if (!selection->in_envelopes)
            penstock_batch_keep(batch, i);
        else if (!write_in_envelope(batch, record))
            return;
    }
}

int main(int argc, char **argv) {
    penstock_sync *sync = NULL;
    penstock_error *error = NULL;
    size_t size = 0;
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: %s JOB.json TEXT [envelope]\n", argv[0]);
        return 2;
    }
    char *job = read_file(argv[1], &size);
    if (job == NULL)
        return EXIT_FAILURE;
    struct selection selection = {argv[2], argc == 4, 0, 0};
    /* The context lives as long as the run: nothing is to be released. */
    penstock_status status =
        penstock_sync_open_with_batch(job, size, select_records, &selection, NULL, &sync, &error);
    free(job);
    if (status != PENSTOCK_OK)
        return failed(status, error);
    status = penstock_sync_wait(sync, -1, &error);
    penstock_sync_free(sync);
    if (status != PENSTOCK_OK)
        return failed(status, error);
    printf("%zu records written, %zu left out\n", selection.written, selection.left_out);
    return EXIT_SUCCESS;
}
