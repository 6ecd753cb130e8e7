#define _GNU_SOURCE
#include "support.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *test_name = "?";
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int checks, failures;

void test_begin(const char *name) {
    test_name = name;
    alarm((unsigned)(120 * slowness()));
}

int test_end(void) {
    printf("%s %s: %d checks, %d failed\n", failures == 0 ? "ok  " : "FAIL", test_name, checks,
           failures);
    fflush(stdout);
    return failures == 0 ? 0 : 1;
}

int test_failures(void) {
    return failures;
}

int slowness(void) {
    const char *text = getenv("PENSTOCK_TEST_SLOWNESS");
    int factor = text != NULL ? atoi(text) : 1;
    return factor > 0 ? factor : 1;
}

static int note(int holds) {
    pthread_mutex_lock(&lock);
    checks++;
    failures += !holds;
    pthread_mutex_unlock(&lock);
    return holds;
}

int check_that(int holds, const char *text, const char *file, int line) {
    if (!holds)
        printf("     %s:%d: %s\n", file, line, text);
    return note(holds);
}

int check_int(int64_t actual, int64_t expected, const char *text, const char *file, int line) {
    if (actual != expected)
        printf("     %s:%d: %s is %lld, not %lld\n", file, line, text, (long long)actual,
               (long long)expected);
    return note(actual == expected);
}

int check_text(const char *actual, const char *expected, const char *text, const char *file,
               int line) {
    int holds = actual != NULL && strcmp(actual, expected) == 0;
    if (!holds)
        printf("     %s:%d: %s is '%s', not '%s'\n", file, line, text, actual ? actual : "(NULL)",
               expected);
    return note(holds);
}

int check_contains(const char *actual, const char *part, const char *text, const char *file,
                   int line) {
    int holds = actual != NULL && strstr(actual, part) != NULL;
    if (!holds)
        printf("     %s:%d: %s is '%s', without '%s'\n", file, line, text,
               actual ? actual : "(NULL)", part);
    return note(holds);
}

int check_status(penstock_status actual, penstock_status expected, penstock_error *error,
                 const char *text, const char *file, int line) {
    if (actual != expected)
        printf("     %s:%d: %s gave %s, not %s: %s\n", file, line, text,
               penstock_status_name(actual), penstock_status_name(expected),
               penstock_error_message(error));
    penstock_error_free(error);
    return note(actual == expected);
}

const char *server_url(void) {
    const char *url = getenv("PENSTOCK_TEST_URL");
    if (url == NULL) {
        fprintf(stderr, "PENSTOCK_TEST_URL is not set: run Tests/c/run.sh\n");
        exit(2);
    }
    return url;
}

/* Plain sockets, so that what the library does is not measured with the library. */
long server_count(const char *name) {
    char answer[2048], key[64];
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *port = strrchr(server_url(), ':');
    size_t size = 0;
    ssize_t got;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_port = htons((uint16_t)atoi(port != NULL ? port + 1 : "0"));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const char *request = "GET /stats HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0 ||
        write(descriptor, request, strlen(request)) < 0) {
        if (descriptor >= 0)
            close(descriptor);
        return -1;
    }
    while (size < sizeof answer - 1 &&
           (got = read(descriptor, answer + size, sizeof answer - 1 - size)) > 0)
        size += (size_t)got;
    close(descriptor);
    answer[size] = '\0';
    snprintf(key, sizeof key, "\"%s\": ", name);
    const char *found = strstr(answer, key);
    return found != NULL ? atol(found + strlen(key)) : -1;
}

int closed_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(descriptor, (struct sockaddr *)&address, sizeof address);
    getsockname(descriptor, (struct sockaddr *)&address, &size);
    close(descriptor);
    return ntohs(address.sin_port);
}

void expected_record(char *out, size_t size, uint64_t number) {
    snprintf(out, size,
             "{\"id\": %llu, \"amount\": 1.10,\"big\":12345678901234567890, "
             "\"name\": \"Zo\\u00eb \\\"%llu\\\" \xe2\x98\x83\",\"tags\" : [ 1,2 ] }",
             (unsigned long long)number, (unsigned long long)number);
}

const char *source_text(void) {
    static _Thread_local char text[4096];
    snprintf(
        text, sizeof text,
        "{\"base_url\": \"%s\", \"retry\": {\"attempts\": 1},\n"
        " \"streams\": {\n"
        "  \"page\": {\"path\": \"/page\", \"records\": \"data\", \"pagination\": {\n"
        "    \"type\": \"page\", \"param\": \"page\", \"has_more\": {\"body\": \"has_more\"},\n"
        "    \"total\": {\"body\": \"total\"}, \"size\": {\"param\": \"per_page\", "
        "\"value\": 10}}},\n"
        "  \"offset\": {\"path\": \"/offset\", \"records\": \"items\", \"pagination\": {\n"
        "    \"type\": \"offset\", \"size\": {\"param\": \"limit\", \"value\": 10}}},\n"
        "  \"cursor\": {\"path\": \"/cursor\", \"records\": \"data\", \"pagination\": {\n"
        "    \"type\": \"cursor\", \"param\": \"cursor\", "
        "\"from\": {\"body\": \"next_cursor\"}}},\n"
        "  \"link\": {\"path\": \"/link\", \"pagination\": \"link\"},\n"
        "  \"next\": {\"path\": \"/next\", \"records\": \"results\", \"pagination\": {\n"
        "    \"type\": \"next_url\", \"from\": {\"body\": \"next\"}}},\n"
        "  \"circle\": {\"path\": \"/circle\", \"records\": \"data\", \"pagination\": {\n"
        "    \"type\": \"cursor\", \"param\": \"cursor\", "
        "\"from\": {\"body\": \"next_cursor\"}}},\n"
        "  \"broken\": {\"path\": \"/broken\", \"records\": \"data\", \"pagination\": {\n"
        "    \"type\": \"page\", \"has_more\": {\"body\": \"has_more\"},\n"
        "    \"size\": {\"param\": \"per_page\", \"value\": 10}}},\n"
        "  \"single\": {\"path\": \"/single\", \"pagination\": \"none\"},\n"
        "  \"empty\": {\"path\": \"/empty\", \"records\": \"data\"},\n"
        "  \"hang\": {\"path\": \"/hang\", \"pagination\": \"none\"}\n"
        " }}",
        server_url());
    return text;
}

penstock_client *open_client_with(const char *document) {
    penstock_client *client = NULL;
    penstock_error *error = NULL;
    penstock_status status =
        penstock_client_open(document, strlen(document), NULL, 0, NULL, &client, &error);
    CHECK_STATUS(status, PENSTOCK_OK, error);
    CHECK(client != NULL);
    return client;
}

penstock_client *open_client(void) {
    return open_client_with(source_text());
}

penstock_paginator *open_options(penstock_client *client, const char *options) {
    penstock_paginator *paginator = NULL;
    penstock_error *error = NULL;
    penstock_status status =
        penstock_paginator_open(client, options, strlen(options), &paginator, &error);
    if (!CHECK_STATUS(status, PENSTOCK_OK, error))
        printf("     options: %s\n", options);
    return paginator;
}

penstock_paginator *open_stream(penstock_client *client, const char *stream) {
    char options[256];
    snprintf(options, sizeof options, "{\"stream\": \"%s\"}", stream);
    return open_options(client, options);
}

penstock_page *get(penstock_client *client, const char *path) {
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    char request[512];
    int size = snprintf(request, sizeof request, "{\"path\": \"%s\"}", path);
    penstock_status status =
        penstock_client_request(client, request, (size_t)size, -1, &page, &error);
    CHECK_STATUS(status, PENSTOCK_OK, error);
    return page;
}

int64_t drain(penstock_paginator *paginator) {
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    penstock_status status;
    int64_t records = 0;
    while ((status = penstock_paginator_next(paginator, -1, &page, &error)) == PENSTOCK_OK) {
        records += (int64_t)penstock_page_record_count(page);
        penstock_page_free(page);
    }
    return CHECK_STATUS(status, PENSTOCK_END, error) ? records : -1;
}

int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void sleep_ms(int64_t duration) {
    struct timespec rest = {duration / 1000, duration % 1000 * 1000000};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
        ;
}

int count_entries(const char *directory) {
    int count = 0;
    DIR *entries = opendir(directory);
    if (entries == NULL)
        return -1;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}

int count_threads(int expected) {
    int64_t end = now_ms() + 10000;
    int count;
    while ((count = count_entries("/proc/self/task")) != expected && now_ms() < end)
        sleep_ms(1);
    return count;
}

int slice_is(penstock_slice slice, const char *text) {
    return slice.data != NULL && slice.size == strlen(text) &&
           memcmp(slice.data, text, slice.size) == 0;
}

char *make_directory(void) {
    const char *parent = getenv("TMPDIR");
    char path[512];
    snprintf(path, sizeof path, "%s/penstock-test-XXXXXX", parent != NULL ? parent : "/tmp");
    if (mkdtemp(path) == NULL) {
        perror(path);
        exit(2);
    }
    return strdup(path);
}

void remove_directory(char *path) {
    char file[1024];
    DIR *entries = opendir(path);
    if (entries != NULL) {
        for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                continue;
            snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
            if (remove(file) != 0)
                perror(file);
        }
        closedir(entries);
    }
    if (rmdir(path) != 0)
        perror(path);
    free(path);
}
