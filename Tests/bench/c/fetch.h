/*
 * Pages by libcurl as an expert does it by hand: one easy handle for all, one buffer for all.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FETCH_H
#define FETCH_H

#include "bench.h"
#include <curl/curl.h>

typedef struct fetcher {
    CURL *easy;
    char *data;
    size_t size;
    size_t capacity;
} fetcher;

static inline size_t fetch_append(char *data, size_t one, size_t size, void *user) {
    fetcher *self = user;
    (void)one;
    if (self->size + size > self->capacity) {
        size_t capacity = (self->size + size) * 2;
        char *larger = realloc(self->data, capacity);
        if (larger == NULL)
            return 0;
        self->data = larger;
        self->capacity = capacity;
    }
    memcpy(self->data + self->size, data, size);
    self->size += size;
    return size;
}

static inline fetcher fetch_begin(void) {
    fetcher self = {0};
    curl_global_init(CURL_GLOBAL_DEFAULT);
    self.easy = curl_easy_init();
    if (self.easy == NULL)
        exit(1);
    return self;
}

/** One page into the buffer; ends the program when it doesn't come. */
static inline void fetch_page(fetcher *self, const char *base, uint64_t page) {
    char url[256];
    long status = 0;
    snprintf(url, sizeof url, "%s/items?per_page=%d&page=%llu", base, PER_PAGE,
             (unsigned long long)page);
    self->size = 0;
    /* Set each time: the struct may have moved, and curl keeps what it was told. */
    curl_easy_setopt(self->easy, CURLOPT_URL, url);
    curl_easy_setopt(self->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(self->easy, CURLOPT_WRITEFUNCTION, fetch_append);
    curl_easy_setopt(self->easy, CURLOPT_WRITEDATA, self);
    CURLcode code = curl_easy_perform(self->easy);
    curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status != 200) {
        fprintf(stderr, "%s: %s, status %ld\n", url, curl_easy_strerror(code), status);
        exit(1);
    }
}

static inline void fetch_end(fetcher *self) {
    curl_easy_cleanup(self->easy);
    free(self->data);
    curl_global_cleanup();
}

#endif
