/*
 * Every stream of a job into files, with a function between page and file: records lose one of
 * their members before they are written, and those that don't have it stay byte for byte.
 *
 *     cc -std=c99 batch.c -o batch $(pkg-config --cflags --libs penstock jansson)
 *     ./batch job.json email
 *
 * The exit code is 0 when all streams succeeded.
 *
 * SPDX-License-Identifier: MIT
 */
#include "example.h"
#include <jansson.h>
#include <string.h>

struct removal {
    const char *member;
    size_t changed, kept;
};

/** Writes a record without the member; 0 when the batch is over. */
static int write_without(penstock_batch *batch, json_t *record, const char *member) {
    penstock_error *error = NULL;
    json_object_del(record, member);
    char *text = json_dumps(record, JSON_COMPACT);
    if (text == NULL) {
        penstock_batch_fail(batch, "no memory for a record");
        return 0;
    }
    penstock_status status = penstock_batch_write(batch, text, strlen(text), &error);
    free(text);
    if (status != PENSTOCK_OK)
        penstock_batch_fail(batch, penstock_error_message(error));
    penstock_error_free(error);
    return status == PENSTOCK_OK;
}

/** All of a batch is committed with what comes of it here, or nothing. */
static void remove_member(void *context, penstock_batch *batch) {
    struct removal *removal = context;
    size_t count = penstock_batch_record_count(batch);
    for (size_t i = 0; i < count; i++) {
        penstock_slice slice = penstock_batch_record(batch, i);
        /* Numbers that jansson can't hold exactly are in records that stay as they are, too. */
        json_t *record = json_loadb(slice.data, slice.size, 0, NULL);
        if (json_object_get(record, removal->member) != NULL) {
            int goes_on = write_without(batch, record, removal->member);
            json_decref(record);
            removal->changed++;
            if (!goes_on)
                return;
        } else {
            json_decref(record);
            penstock_batch_keep(batch, i);
            removal->kept++;
        }
    }
}

int main(int argc, char **argv) {
    penstock_sync *sync = NULL;
    penstock_error *error = NULL;
    size_t size = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: %s JOB.json MEMBER\n", argv[0]);
        return 2;
    }
    char *job = read_file(argv[1], &size);
    if (job == NULL)
        return EXIT_FAILURE;
    struct removal removal = {argv[2], 0, 0};
    /* The context lives as long as the run: nothing is to be released. */
    penstock_status status =
        penstock_sync_open_with_batch(job, size, remove_member, &removal, NULL, &sync, &error);
    free(job);
    if (status != PENSTOCK_OK)
        return failed(status, error);
    status = penstock_sync_wait(sync, -1, &error);
    penstock_sync_free(sync);
    if (status != PENSTOCK_OK)
        return failed(status, error);
    printf("%zu records changed, %zu as they came\n", removal.changed, removal.kept);
    return EXIT_SUCCESS;
}
