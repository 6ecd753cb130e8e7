#pragma once
#include <jansson.h>

// The text of an error is an array of 160 bytes, which Swift sees as a tuple of as many members.
static inline const char *penstock_json_error_text(const json_error_t *error) {
    return error->text;
}

// The code lives in the last byte of the text; jansson's own reader of it is an inline function
// too.
static inline int penstock_json_error_code(const json_error_t *error) {
    return (int)json_error_code(error);
}
