#pragma once
#include <sqlite3.h>

// A cast of an integer to a function pointer, which Swift can't import.
static inline int penstock_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text,
                                            int size) {
    return sqlite3_bind_text(statement, index, text, size, SQLITE_TRANSIENT);
}
