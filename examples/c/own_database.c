/*
 * A stream into a database of one's own, each record exactly once however often the process dies:
 * the records of a page and the checkpoint behind it are stored in one transaction.
 *
 *     cc -std=c99 own_database.c -o own_database $(pkg-config --cflags --libs penstock jansson
 * sqlite3)
 *     ./own_database source.json users users.db      # kill -9 it, and start it again
 *
 * SPDX-License-Identifier: MIT
 */
#include "example.h"
#include <jansson.h>
#include <sqlite3.h>
#include <string.h>

static int run(sqlite3 *database, const char *sql, const char *text, size_t size) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (code == SQLITE_OK && text != NULL)
        code = sqlite3_bind_text(statement, 1, text, (int)size, SQLITE_TRANSIENT);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW;
}

/** Where an earlier run of this program stood; NULL: it begins. json_decref() it. */
static json_t *known_checkpoint(sqlite3 *database) {
    json_t *checkpoint = NULL;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database, "SELECT text FROM checkpoint", -1, &statement, NULL) ==
            SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        checkpoint = json_string((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return checkpoint;
}

/** All of the page, or nothing of it. */
static int store(sqlite3 *database, const penstock_page *page) {
    penstock_slice checkpoint = penstock_page_checkpoint(page);
    int ok = run(database, "BEGIN", NULL, 0);
    for (size_t i = 0; ok && i < penstock_page_record_count(page); i++) {
        penstock_slice record = penstock_page_record(page, i);
        ok = run(database, "INSERT INTO records VALUES (?)", record.data, record.size);
    }
    ok = ok && run(database, "DELETE FROM checkpoint", NULL, 0) &&
         run(database, "INSERT INTO checkpoint VALUES (?)", checkpoint.data, checkpoint.size) &&
         run(database, "COMMIT", NULL, 0);
    if (!ok)
        fprintf(stderr, "database: %s\n", sqlite3_errmsg(database));
    return ok;
}

int main(int argc, char **argv) {
    penstock_paginator *paginator = NULL;
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    sqlite3 *database = NULL;
    if (argc != 4) {
        fprintf(stderr, "usage: %s SOURCE.json STREAM DATABASE\n", argv[0]);
        return 2;
    }
    if (sqlite3_open(argv[3], &database) != SQLITE_OK ||
        !run(database, "CREATE TABLE IF NOT EXISTS records (record TEXT)", NULL, 0) ||
        !run(database, "CREATE TABLE IF NOT EXISTS checkpoint (text TEXT)", NULL, 0)) {
        fprintf(stderr, "%s: %s\n", argv[3], sqlite3_errmsg(database));
        return EXIT_FAILURE;
    }
    penstock_client *client = open_client(argv[1], NULL);
    if (client == NULL)
        return EXIT_FAILURE;

    json_t *options =
        json_pack("{s:s, s:o*}", "stream", argv[2], "checkpoint", known_checkpoint(database));
    char *text = json_dumps(options, 0);
    penstock_status status =
        penstock_paginator_open(client, text, strlen(text), &paginator, &error);
    int stored = 1;
    while (stored && status == PENSTOCK_OK &&
           (status = penstock_paginator_next(paginator, -1, &page, &error)) == PENSTOCK_OK) {
        stored = store(database, page);
        penstock_page_free(page);
    }
    free(text);
    json_decref(options);
    penstock_paginator_free(paginator);
    penstock_client_free(client);
    sqlite3_close(database);
    if (!stored)
        return EXIT_FAILURE;
    return status == PENSTOCK_END ? EXIT_SUCCESS : failed(status, error);
}
