/*
 * Open, use, close, many times: threads and descriptors come back, memory stays flat.
 */
#define _GNU_SOURCE
#include "support.h"
#include <unistd.h>

static long resident_kb(void) {
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        if (fscanf(file, "%ld %ld", &total, &resident) != 2)
            resident = 0;
        fclose(file);
    }
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void once(int turn) {
    static const char *const streams[] = {"page", "offset", "cursor", "link", "next"};
    penstock_client *client = open_client();
    penstock_paginator *paginator = open_stream(client, streams[turn % 5]);
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    if (turn % 3 == 0) { /* a third is left in the middle */
        CHECK_INT(penstock_paginator_next(paginator, -1, &page, NULL), PENSTOCK_OK);
        penstock_page_free(page);
    } else {
        CHECK_INT(drain(paginator), RECORD_TOTAL);
    }
    CHECK_INT(penstock_client_request(client, "{\"path\": \"/status/404\"}", 23, -1, &page, &error),
              PENSTOCK_ERROR_HTTP);
    penstock_error_free(error);
    if (turn % 2 == 0)
        penstock_paginator_free(paginator);
    penstock_client_free(client);
    if (turn % 2 != 0)
        penstock_paginator_free(paginator);
}

int main(void) {
    test_begin("test_loop");
    int turns = slowness() > 1 ? 40 : 500;
    for (int turn = 0; turn < turns / 5; turn++)
        once(turn);
    int threads = count_threads(1), files = count_entries("/proc/self/fd");
    long before = resident_kb();
    for (int turn = 0; turn < turns && test_failures() < 20; turn++)
        once(turn);
    CHECK_INT(count_threads(threads), threads);
    CHECK_INT(count_entries("/proc/self/fd"), files);
    long grown = resident_kb() - before;
    printf("     %d turns: %d threads, %d descriptors, %ld KB more resident\n", turns, threads,
           files, grown);
    CHECK(grown < 4096 || slowness() > 1);
    CHECK_INT(threads, 1);
    return test_end();
}
