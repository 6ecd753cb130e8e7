/*
 * One request: its status, the server's view of the rate limit, and the body.
 *
 *     cc -std=c99 get.c -o get $(pkg-config --cflags --libs penstock)
 *     ./get source.json '{"path": "/users/7"}'
 *
 * SPDX-License-Identifier: MIT
 */
#include "example.h"
#include <inttypes.h>
#include <string.h>

int main(int argc, char **argv) {
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    if (argc != 3) {
        fprintf(stderr, "usage: %s SOURCE.json REQUEST\n", argv[0]);
        return 2;
    }
    penstock_client *client = open_client(argv[1], NULL);
    if (client == NULL)
        return EXIT_FAILURE;

    penstock_status status =
        penstock_client_request(client, argv[2], strlen(argv[2]), -1, &page, &error);
    penstock_client_free(client); /* the page doesn't need it */
    if (status != PENSTOCK_OK)
        return failed(status, error);

    fprintf(stderr, "status: %" PRId32 "\n", penstock_page_status(page));
    fprintf(stderr, "limit: %" PRId64 " left, anew in %" PRId64 " ms\n",
            penstock_page_limit_remaining(page), penstock_page_limit_reset_ms(page));
    print_slice(penstock_page_body(page));
    penstock_page_free(page);
    return EXIT_SUCCESS;
}
