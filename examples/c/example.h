/*
 * What every example needs: a file as text, and an error on stderr.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <penstock.h>
#include <stdio.h>
#include <stdlib.h>

/** The whole file and its size; NULL after a message when it can't be read. free() it. */
static inline char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    *size = 0;
    if (file == NULL) {
        perror(path);
        return NULL;
    }
    for (size_t capacity = 4096; capacity < 64u << 20; capacity *= 2) {
        char *larger = realloc(text, capacity);
        if (larger == NULL)
            break;
        text = larger;
        *size += fread(text + *size, 1, capacity - *size, file);
        if (*size < capacity) {
            int failed = ferror(file);
            fclose(file);
            if (!failed)
                return text;
            perror(path);
            free(text);
            return NULL;
        }
    }
    fprintf(stderr, "%s: too large\n", path);
    fclose(file);
    free(text);
    return NULL;
}

/** Says what went wrong, releases the error, and gives the exit code. */
static inline int failed(penstock_status status, penstock_error *error) {
    const char *url = penstock_error_url(error);
    const char *request_id = penstock_error_request_id(error);
    fprintf(stderr, "%s: %s\n", penstock_status_name(status), penstock_error_message(error));
    if (url != NULL)
        fprintf(stderr, "  url: %s\n", url);
    if (request_id != NULL)
        fprintf(stderr, "  request id: %s\n", request_id);
    penstock_error_free(error);
    return EXIT_FAILURE;
}

/** A client of the source document in a file; NULL after a message. */
static inline penstock_client *open_client(const char *path, penstock_limiter *limiter) {
    penstock_client *client = NULL;
    penstock_error *error = NULL;
    size_t size = 0;
    char *source = read_file(path, &size);
    if (source == NULL)
        return NULL;
    penstock_status status = penstock_client_open(source, size, NULL, 0, limiter, &client, &error);
    free(source);
    if (status != PENSTOCK_OK) {
        failed(status, error);
        return NULL;
    }
    return client;
}

/** Writes a slice and a newline. */
static inline void print_slice(penstock_slice slice) {
    fwrite(slice.data != NULL ? slice.data : "", 1, slice.size, stdout);
    putchar('\n');
}

#endif
