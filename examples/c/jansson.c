/*
 * Records as json_t, for programs that use jansson themselves: the value of one key of each record.
 *
 *     cc -std=c99 jansson.c -o jansson $(pkg-config --cflags --libs penstock jansson)
 *     ./jansson source.json '{"stream": "users"}' name
 *
 * SPDX-License-Identifier: MIT
 */
#include "example.h"
#include <penstock_jansson.h>
#include <string.h>

/** Prints the key of every record of a page. 0, or -1 after a message. */
static int print_key(const penstock_page *page, const char *key) {
    for (size_t i = 0; i < penstock_page_record_count(page); i++) {
        json_error_t error;
        json_t *record = penstock_page_record_json(page, i, &error);
        if (record == NULL) {
            fprintf(stderr, "record %zu: %s\n", i, error.text);
            return -1;
        }
        char *text = json_dumps(json_object_get(record, key), JSON_ENCODE_ANY);
        puts(text != NULL ? text : "(absent)");
        free(text);
        json_decref(record);
    }
    return 0;
}

int main(int argc, char **argv) {
    penstock_paginator *paginator = NULL;
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    int printed = 0;
    if (argc != 4) {
        fprintf(stderr, "usage: %s SOURCE.json PAGINATOR_OPTIONS KEY\n", argv[0]);
        return 2;
    }
    penstock_client *client = open_client(argv[1], NULL);
    if (client == NULL)
        return EXIT_FAILURE;

    penstock_status status =
        penstock_paginator_open(client, argv[2], strlen(argv[2]), &paginator, &error);
    while (status == PENSTOCK_OK && printed == 0 &&
           (status = penstock_paginator_next(paginator, -1, &page, &error)) == PENSTOCK_OK) {
        printed = print_key(page, argv[3]);
        penstock_page_free(page);
    }
    penstock_paginator_free(paginator);
    penstock_client_free(client);
    if (status >= PENSTOCK_ERROR_INVALID_ARGUMENT)
        return failed(status, error);
    return printed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
