/*
 * A server that enforces a limit to the letter and counts: what it let through, what it refused.
 * It counts a request when it arrives, as real ones do. One thread, epoll, keep-alive.
 *
 *     limit_server
 *
 * GET /KIND/N/PER_MS/BURST/DELAY_MS/anything answers a record, or 429:
 *     window   never more than N in any window of PER_MS
 *     fixed    never more than N in windows of PER_MS one after the other
 *     bucket   N per PER_MS on average, BURST at once (generic cell rate algorithm)
 * GET /_stats answers {"allowed", "refused", "elapsed_ms", "periods"} since the first request after
 * the last /_stats; "periods" says how many it let through in each PER_MS from that request on.
 * Prints its URL, ends when its stdin does.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    REQUEST_MOST = 4096,
    ANSWER_MOST = 512,
    LOG_MOST = 1 << 16,
    DELAYED_MOST = 4096,
    PERIODS = 256
};

typedef struct connection {
    int descriptor;
    int generation; /* an answer that was due to an earlier connection goes nowhere */
    size_t size;
    char request[REQUEST_MOST];
} connection;

typedef struct delayed {
    int64_t due;
    int slot;
    int generation;
    int refused;
    long page;
} delayed;

static connection connections[1024];
static delayed queue[DELAYED_MOST];
static unsigned queue_head, queue_tail;

/* The one limit that is measured; a path with other numbers begins anew. */
static char limit_name[128];
static int64_t count, per = 1, burst, delay;
static int64_t log_times[LOG_MOST];
static uint64_t log_head, log_tail;
static int64_t window_began, window_count, full_at;
static int64_t first_at, last_at, allowed, refused, periods[PERIODS];

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int lets_through(char kind, int64_t now) {
    switch (kind) {
    case 'w':
        while (log_head != log_tail && log_times[log_head % LOG_MOST] <= now - per)
            log_head++;
        if ((int64_t)(log_tail - log_head) >= count)
            return 0;
        log_times[log_tail++ % LOG_MOST] = now;
        return 1;
    case 'f':
        if (now - window_began >= per) {
            window_began += (now - window_began) / per * per;
            window_count = 0;
        }
        return window_count < count ? (window_count++, 1) : 0;
    default: {
        int64_t interval = per / count, base = full_at > now ? full_at : now;
        if (base - now > interval * (burst - 1))
            return 0;
        full_at = base + interval;
        return 1;
    }
    }
}

static void answer(int slot, int is_refused, long page) {
    char body[128], text[ANSWER_MOST];
    int body_size = is_refused ? snprintf(body, sizeof body, "{\"error\":\"too many\"}")
                               : snprintf(body, sizeof body, "{\"data\":[{\"id\":%ld}]}", page);
    int size =
        snprintf(text, sizeof text,
                 "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                 is_refused ? "429 Too Many Requests" : "200 OK", body_size, body);
    if (write(connections[slot].descriptor, text, (size_t)size) != size)
        perror("write");
}

static void stats(int slot) {
    char body[PERIODS * 21 + 128], head[64];
    size_t size = 0;
#define ADD(...) size += (size_t)snprintf(body + size, sizeof body - size, __VA_ARGS__)
    ADD("{\"allowed\":%lld,\"refused\":%lld,\"elapsed_ms\":%.3f,\"periods\":[", (long long)allowed,
        (long long)refused, (double)(last_at - first_at) / 1e6);
    for (int i = 0; i < PERIODS && i <= (last_at - first_at) / per; i++)
        ADD("%s%lld", i > 0 ? "," : "", (long long)periods[i]);
    ADD("]}");
    int head_size =
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
    if (write(connections[slot].descriptor, head, (size_t)head_size) != head_size ||
        write(connections[slot].descriptor, body, size) != (ssize_t)size)
        perror("write");
    limit_name[0] = 0;
}

static void begin(const char *name, int64_t now) {
    long long n = 1, ms = 1000, most = 1, wait = 0;
    snprintf(limit_name, sizeof limit_name, "%s", name);
    sscanf(strchr(name + 1, '/'), "/%lld/%lld/%lld/%lld", &n, &ms, &most, &wait);
    count = n > 0 && n < LOG_MOST ? n : 1;
    per = ms > 0 ? ms * 1000000 : 1;
    burst = most;
    delay = wait * 1000000;
    log_head = log_tail = 0;
    window_began = full_at = first_at = now;
    window_count = allowed = refused = 0;
    memset(periods, 0, sizeof periods);
}

static void request(int slot, const char *text) {
    int64_t now = now_ns();
    char name[128];
    const char *page = strstr(text, "page=");
    unsigned slashes = 0;
    size_t size = 0;
    const char *path = strchr(text, '/');
    if (path == NULL)
        return;
    if (strncmp(path, "/_stats", 7) == 0) {
        stats(slot);
        return;
    }
    for (; path[size] != 0 && path[size] != ' ' && size < sizeof name - 1; size++)
        if (path[size] == '/' && ++slashes == 6)
            break;
    memcpy(name, path, size);
    name[size] = 0;
    if (slashes < 5)
        return;
    if (strcmp(name, limit_name) != 0)
        begin(name, now);
    int is_refused = !lets_through(name[1], now);
    if (is_refused)
        refused++;
    else
        allowed++;
    if (!is_refused && (now - first_at) / per < PERIODS)
        periods[(now - first_at) / per]++;
    last_at = now;
    long number = page != NULL ? atol(page + 5) : 0;
    if (delay == 0) {
        answer(slot, is_refused, number);
    } else if (queue_tail - queue_head < DELAYED_MOST) {
        queue[queue_tail++ % DELAYED_MOST] =
            (delayed){now + delay, slot, connections[slot].generation, is_refused, number};
    }
}

static void readable(int poll, int slot) {
    connection *c = &connections[slot];
    ssize_t got = read(c->descriptor, c->request + c->size, sizeof c->request - 1 - c->size);
    if (got <= 0) {
        epoll_ctl(poll, EPOLL_CTL_DEL, c->descriptor, NULL);
        close(c->descriptor);
        c->descriptor = -1;
        c->generation++;
        return;
    }
    c->size += (size_t)got;
    c->request[c->size] = 0;
    char *end;
    while ((end = strstr(c->request, "\r\n\r\n")) != NULL) {
        *end = 0;
        request(slot, c->request);
        c->size -= (size_t)(end + 4 - c->request);
        memmove(c->request, end + 4, c->size + 1);
    }
}

static void take(int poll, int listener) {
    int descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (descriptor < 0)
        return;
    int slot = 0, one = 1;
    while (slot < 1024 && connections[slot].descriptor >= 0)
        slot++;
    if (slot == 1024) {
        close(descriptor);
        return;
    }
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connections[slot].descriptor = descriptor;
    connections[slot].size = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)slot};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) != 0)
        die("epoll_ctl");
}

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        poll = epoll_create1(EPOLL_CLOEXEC);
    if (listener < 0 || poll < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 ||
        listen(listener, 512) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        die("listen");
    for (int i = 0; i < 1024; i++)
        connections[i].descriptor = -1;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 2000};
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    event.data.u32 = 2001;
    epoll_ctl(poll, EPOLL_CTL_ADD, 0, &event);
    printf("http://127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        struct epoll_event events[64];
        struct timespec wait, *until = NULL;
        if (queue_head != queue_tail) {
            int64_t left = queue[queue_head % DELAYED_MOST].due - now_ns();
            left = left > 0 ? left : 0;
            wait = (struct timespec){left / 1000000000, left % 1000000000};
            until = &wait;
        }
        int got = epoll_pwait2(poll, events, 64, until, NULL);
        for (int i = 0; i < got; i++) {
            if (events[i].data.u32 == 2001)
                return 0;
            if (events[i].data.u32 == 2000)
                take(poll, listener);
            else
                readable(poll, (int)events[i].data.u32);
        }
        for (int64_t now = now_ns();
             queue_head != queue_tail && queue[queue_head % DELAYED_MOST].due <= now;
             queue_head++) {
            delayed *next = &queue[queue_head % DELAYED_MOST];
            if (connections[next->slot].generation == next->generation)
                answer(next->slot, next->refused, next->page);
        }
    }
}
