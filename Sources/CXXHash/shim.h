#pragma once
// Header-only use of xxHash: nothing is linked, nothing is added to NEEDED.
#define XXH_INLINE_ALL
#include <xxhash.h>

typedef struct penstock_hash128 {
    unsigned long long low, high;
} penstock_hash128;

static inline penstock_hash128 penstock_xxh3_128(const void *data, size_t size,
                                                 unsigned long long seed) {
    XXH128_hash_t h = XXH3_128bits_withSeed(data, size, seed);
    penstock_hash128 result = {h.low64, h.high64};
    return result;
}
