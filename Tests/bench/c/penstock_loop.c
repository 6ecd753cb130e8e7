/*
 * The same pages by a paginator: each record taken as the server's bytes. With `dump`, the bytes
 * are copied out too.
 */
#include "bench.h"
#include "penstock.h"

static char text[65536];

static int failed(penstock_status status, penstock_error *error) {
    fprintf(stderr, "%s: %s\n", penstock_status_name(status), penstock_error_message(error));
    penstock_error_free(error);
    return 1;
}

int main(int argc, char **argv) {
    int dump = argc > 3 && strcmp(argv[3], "dump") == 0;
    bench self = bench_begin(dump ? "penstock_loop_dump" : "penstock_loop", argc, argv);
    penstock_client *client = NULL;
    penstock_paginator *paginator = NULL;
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    char source[1024];
    snprintf(source, sizeof source,
             "{\"base_url\": \"%s\", \"streams\": {\"items\": {\"path\": \"/items\", "
             "\"records\": \"data\", \"pagination\": {\"type\": \"page\", \"param\": \"page\", "
             "\"has_more\": {\"body\": \"has_more\"}, "
             "\"size\": {\"param\": \"per_page\", \"value\": %d}}}}}",
             self.url, PER_PAGE);
    penstock_status status =
        penstock_client_open(source, strlen(source), NULL, 0, NULL, &client, &error);
    if (status == PENSTOCK_OK)
        status = penstock_paginator_open(client, "{\"stream\": \"items\"}", 19, &paginator, &error);
    while (status == PENSTOCK_OK &&
           (status = penstock_paginator_next(paginator, -1, &page, &error)) == PENSTOCK_OK) {
        size_t count = penstock_page_record_count(page);
        for (size_t i = 0; i < count; i++) {
            penstock_slice record = penstock_page_record(page, i);
            if (record.data == NULL || record.size > sizeof text || record.data[0] != '{')
                return 1;
            if (dump)
                memcpy(text, record.data, record.size);
            self.bytes += record.size;
        }
        self.records += count;
        self.pages++;
        penstock_page_free(page);
    }
    penstock_paginator_free(paginator);
    penstock_client_free(client);
    if (status != PENSTOCK_END)
        return failed(status, error);
    return bench_end(&self);
}
