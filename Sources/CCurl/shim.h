#pragma once
#include <curl/curl.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

// Swift cannot call variadic C functions: one wrapper for each type of argument.

static inline CURLcode penstock_setopt_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode penstock_setopt_off_t(CURL *easy, CURLoption option, int64_t value) {
    return curl_easy_setopt(easy, option, (curl_off_t)value);
}

static inline CURLcode penstock_setopt_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode penstock_setopt_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode penstock_setopt_list(CURL *easy, CURLoption option,
                                            struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

// Both write and header callbacks have this type.
static inline CURLcode penstock_setopt_writer(CURL *easy, CURLoption option,
                                              curl_write_callback value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode penstock_setopt_prerequest(CURL *easy, curl_prereq_callback value) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, value);
}

static inline CURLcode penstock_setopt_open_socket(CURL *easy, curl_opensocket_callback value) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, value);
}

// The bytes of an address that is about to be connected to: 4, 16, or none that we know.
static inline size_t penstock_address_bytes(const struct curl_sockaddr *address, uint8_t out[16]) {
    if (address->family == AF_INET && address->addrlen >= sizeof(struct sockaddr_in)) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&address->addr;
        memcpy(out, &in->sin_addr, 4);
        return 4;
    }
    if (address->family == AF_INET6 && address->addrlen >= sizeof(struct sockaddr_in6)) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)&address->addr;
        memcpy(out, &in->sin6_addr, 16);
        return 16;
    }
    return 0;
}

// As libcurl does it without us.
static inline curl_socket_t penstock_open_socket(const struct curl_sockaddr *address) {
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// The getters give a default where libcurl gives an error: nothing here is worth a failed transfer.
static inline long penstock_getinfo_long(CURL *easy, CURLINFO info) {
    long value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

static inline int64_t penstock_getinfo_off_t(CURL *easy, CURLINFO info) {
    curl_off_t value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

static inline void *penstock_getinfo_private(CURL *easy) {
    char *value = NULL;
    return curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value) == CURLE_OK ? value : NULL;
}

static inline CURLMcode penstock_multi_setopt_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

// CURLMsg holds its result in a union that Swift imports awkwardly.
static inline CURLcode penstock_message_result(const CURLMsg *message) {
    return message->data.result;
}

// OpenSSL's at-exit handler frees what a thread that outlives main may still use. OpenSSL must be
// told before anyone initialises it; through dlsym, because libcurl may be built with another TLS
// library. NULL is RTLD_DEFAULT.
static inline void penstock_openssl_no_atexit(void) {
    int (*init)(uint64_t, const void *) =
        (int (*)(uint64_t, const void *))dlsym(NULL, "OPENSSL_init_crypto");
    if (init)
        init(UINT64_C(0x00080000) /* OPENSSL_INIT_NO_ATEXIT */, NULL);
}
