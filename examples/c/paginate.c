/*
 * All records of a stream as JSON lines on stdout, each exactly as the server sent it.
 *
 *     cc -std=c99 paginate.c -o paginate $(pkg-config --cflags --libs penstock)
 *     ./paginate source.json '{"stream": "users"}' > users.jsonl
 *
 * A record that the server spread over several lines is written as it is; `pull` compacts.
 *
 * SPDX-License-Identifier: MIT
 */
#include "example.h"
#include <string.h>

int main(int argc, char **argv) {
    penstock_paginator *paginator = NULL;
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    size_t records = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: %s SOURCE.json PAGINATOR_OPTIONS\n", argv[0]);
        return 2;
    }
    penstock_client *client = open_client(argv[1], NULL);
    if (client == NULL)
        return EXIT_FAILURE;

    penstock_status status =
        penstock_paginator_open(client, argv[2], strlen(argv[2]), &paginator, &error);
    while (status == PENSTOCK_OK &&
           (status = penstock_paginator_next(paginator, -1, &page, &error)) == PENSTOCK_OK) {
        for (size_t i = 0; i < penstock_page_record_count(page); i++)
            print_slice(penstock_page_record(page, i));
        records += penstock_page_record_count(page);
        penstock_page_free(page);
    }
    penstock_paginator_free(paginator);
    penstock_client_free(client);
    if (status != PENSTOCK_END)
        return failed(status, error);
    fprintf(stderr, "%zu records\n", records);

    /* A full disk shows only now. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("stdout");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
