/*
 * The library as a plug-in: opened, used, closed and opened again at run time.
 *
 * Built without -lpenstock.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "penstock.h"

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* POSIX lets an object pointer stand for a function; ISO C has no cast for it. */
#define LOOK_UP(library, function)                                                                 \
    do {                                                                                           \
        void *symbol = dlsym((library), "penstock_" #function);                                    \
        memcpy(&function, &symbol, sizeof symbol);                                                 \
        if (symbol == NULL) {                                                                      \
            printf("FAIL test_dlopen: no penstock_" #function "\n");                               \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

static int use(void *library, const char *url) {
    const char *(*version)(void);
    int (*abi_version)(void);
    penstock_status (*client_open)(const char *, size_t, const char *, size_t, penstock_limiter *,
                                   penstock_client **, penstock_error **);
    penstock_status (*client_request)(penstock_client *, const char *, size_t, int64_t,
                                      penstock_page **, penstock_error **);
    penstock_slice (*page_body)(const penstock_page *);
    void (*page_free)(penstock_page *);
    void (*client_free)(penstock_client *);
    LOOK_UP(library, version);
    LOOK_UP(library, abi_version);
    LOOK_UP(library, client_open);
    LOOK_UP(library, client_request);
    LOOK_UP(library, page_body);
    LOOK_UP(library, page_free);
    LOOK_UP(library, client_free);

    char source[256];
    penstock_client *client = NULL;
    penstock_page *page = NULL;
    snprintf(source, sizeof source, "{\"base_url\": \"%s\"}", url);
    if (strcmp(version(), PENSTOCK_VERSION) != 0 || abi_version() != PENSTOCK_ABI_VERSION ||
        client_open(source, strlen(source), NULL, 0, NULL, &client, NULL) != PENSTOCK_OK ||
        client_request(client, "{\"path\": \"/single\"}", 19, -1, &page, NULL) != PENSTOCK_OK ||
        page_body(page).size == 0) {
        printf("FAIL test_dlopen: the opened library doesn't work\n");
        return 1;
    }
    page_free(page);
    client_free(client);
    return 0;
}

int main(void) {
    const char *path = getenv("PENSTOCK_LIB"), *url = getenv("PENSTOCK_TEST_URL");
    if (path == NULL || url == NULL) {
        fprintf(stderr, "PENSTOCK_LIB or PENSTOCK_TEST_URL is not set: run Tests/c/run.sh\n");
        return 2;
    }
    for (int round = 0; round < 3; round++) {
        double begin = now_ms();
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) {
            printf("FAIL test_dlopen: %s\n", dlerror());
            return 1;
        }
        printf("     dlopen took %.1f ms\n", now_ms() - begin);
        if (use(library, url) != 0)
            return 1;
        /* It stays mapped (nodelete); the close only must not harm. */
        if (dlclose(library) != 0) {
            printf("FAIL test_dlopen: %s\n", dlerror());
            return 1;
        }
    }
    printf("ok   test_dlopen\n");
    return 0;
}
