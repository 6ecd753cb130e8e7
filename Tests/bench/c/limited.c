/*
 * Walks PAGES pages of one record each, PARALLEL at once, within the limits that are given.
 *
 *     limited URL PATH LIMITS PARALLEL PAGES        LIMITS as in a source document
 *
 * SPDX-License-Identifier: MIT
 */
#include "penstock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    penstock_client *client = NULL;
    penstock_paginator *paginator = NULL;
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    char source[4096];
    long pages = 0;
    if (argc != 6)
        return 2;
    snprintf(source, sizeof source,
             "{\"base_url\": \"%s\", \"limits\": %s, \"streams\": {\"s\": {\"path\": \"%s\", "
             "\"records\": \"data\", \"parallel\": %s, \"pagination\": {\"type\": \"page\", "
             "\"param\": \"page\", \"max_pages\": %s}}}}",
             argv[1], argv[3], argv[2], argv[4], argv[5]);
    penstock_status status =
        penstock_client_open(source, strlen(source), NULL, 0, NULL, &client, &error);
    if (status == PENSTOCK_OK)
        status = penstock_paginator_open(client, "{\"stream\": \"s\"}", 15, &paginator, &error);
    while (status == PENSTOCK_OK &&
           (status = penstock_paginator_next(paginator, -1, &page, &error)) == PENSTOCK_OK) {
        pages++;
        penstock_page_free(page);
    }
    penstock_paginator_free(paginator);
    penstock_client_free(client);
    if (status != PENSTOCK_END) {
        fprintf(stderr, "%s: %s\n", penstock_status_name(status), penstock_error_message(error));
        return 1;
    }
    return pages == atol(argv[5]) ? 0 : 3;
}
