/*
 * Penstock for C programs that use jansson themselves: a record as a json_t.
 *
 * SPDX-License-Identifier: MIT
 *
 * Everything here is inline and calls the jansson that your program links.
 */
#ifndef PENSTOCK_JANSSON_H
#define PENSTOCK_JANSSON_H

#include <jansson.h>
#include "penstock.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A record as a new reference: release it with json_decref().
 *
 * jansson refuses integers outside json_int_t and reals outside double, and re-dumps 1.10 as
 * 1.1000000000000001: use penstock_page_record() where the exact bytes matter.
 *
 * @param index  The record, from 0.
 * @param error  jansson's error when NULL is returned; may be NULL.
 * @return The value, or NULL when there is no such record or jansson refuses it.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
static inline json_t *penstock_page_record_json(const penstock_page *page, size_t index,
                                                json_error_t *error) {
    penstock_slice record = penstock_page_record(page, index);
    return json_loadb(record.data ? record.data : "", record.size, JSON_DECODE_ANY | JSON_ALLOW_NUL,
                      error);
}

/**
 * The whole body as a new reference: release it with json_decref(). As above otherwise.
 *
 * Threads: any. Blocks: no. Since 0.1.0.
 */
static inline json_t *penstock_page_body_json(const penstock_page *page, json_error_t *error) {
    penstock_slice body = penstock_page_body(page);
    return json_loadb(body.data ? body.data : "", body.size, JSON_DECODE_ANY | JSON_ALLOW_NUL,
                      error);
}

#ifdef __cplusplus
}
#endif

#endif
