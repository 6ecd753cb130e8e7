#pragma once
#include <zlib.h>

// Macros, which Swift can't import. Window bits 15 + 16: with gzip's header and checksum.
static inline int penstock_zlib_begin_gzip(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

static inline int penstock_zlib_begin_gunzip(z_stream *stream) {
    return inflateInit2(stream, 15 + 16);
}
