/*
 * A server that costs next to nothing beside the client that is measured: one thread, epoll,
 * keep-alive, and pages that are a template with the ids filled in, so that no two are the same.
 *
 *     page_server RECORDS [per-page delay in ms]
 *
 * GET anything?page=N answers page N of RECORDS / 100. Prints its URL, ends when its stdin does.
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

enum { PER_PAGE = 100, ID_DIGITS = 9, HEAD_ROOM = 512, REQUEST_MOST = 8192 };

static uint64_t total;
static long delay_ms;
static char *template_text;
static size_t template_size;
static size_t id_at[PER_PAGE][2]; /* where the digits of a record's id stand: as id and in email */

typedef struct connection {
    int descriptor;
    char request[REQUEST_MOST];
    size_t request_size;
    char *answer;
    size_t answer_at;
    size_t answer_size;
    int blocked; /* the socket took no more: epoll tells when it does */
} connection;

static void die(const char *what) {
    perror(what);
    exit(1);
}

/** 100 records of about 300 bytes: texts, escapes, numbers with a trailing zero, nested values. */
static void make_template(void) {
    static const char *const bios[] = {
        "plain words and nothing else that a parser would have to look at twice",
        "quotes \\\" and back\\\\slash and a \\u00e9scaped letter in the middle of it",
        "braces }{ ][ and a fake \\\"next_cursor\\\":\\\"trap\\\" inside of a string",
        "letters beyond ASCII: Z\xc3\xbcrich, \xe6\x9d\xb1\xe4\xba\xac, "
        "\xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0",
    };
    FILE *out = open_memstream(&template_text, &template_size);
    uint64_t random = 88172645463325252u;
    if (out == NULL)
        die("open_memstream");
    for (int i = 0; i < PER_PAGE; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        fprintf(out, "%s{\"id\":", i > 0 ? "," : "");
        fflush(out);
        id_at[i][0] = template_size;
        fprintf(out, "000000000,\"name\":\"User %llu\",\"email\":\"user",
                (unsigned long long)(random % 100000));
        fflush(out);
        id_at[i][1] = template_size;
        fprintf(out,
                "000000000@example.com\",\"status\":\"%s\",\"balance\":%llu.%llu0,\"active\":%s,"
                "\"address\":{\"city\":\"Springfield\",\"geo\":{\"lat\":%llu.25,\"lng\":-%llu.5}},"
                "\"tags\":[\"a\",\"b\",%llu],\"bio\":\"%s\",\"deleted_at\":null}",
                random & 1 ? "active" : "disabled", (unsigned long long)(random % 10000),
                (unsigned long long)(random % 10), random & 2 ? "true" : "false",
                (unsigned long long)(random % 90), (unsigned long long)(random % 180),
                (unsigned long long)(random % 7), bios[i % 4]);
    }
    fputs("]}", out);
    fclose(out);
}

static void write_id(char *out, uint64_t id) {
    for (int i = ID_DIGITS - 1; i >= 0; i--, id /= 10)
        out[i] = (char)('0' + id % 10);
}

/** The whole response for a page; past the end an empty one. */
static void render(connection *self, uint64_t page) {
    uint64_t pages = total / PER_PAGE;
    int some = page >= 1 && page <= pages;
    char body[160], head[HEAD_ROOM];
    int body_size =
        snprintf(body, sizeof body, "{\"page\":%llu,\"has_more\":%s,\"data\":[%s",
                 (unsigned long long)page, page < pages ? "true" : "false", some ? "" : "]}");
    size_t rest = some ? template_size : 0;
    int head_size =
        snprintf(head, sizeof head,
                 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                 (size_t)body_size + rest);
    memcpy(self->answer, head, (size_t)head_size);
    memcpy(self->answer + head_size, body, (size_t)body_size);
    char *records = self->answer + head_size + body_size;
    if (some)
        memcpy(records, template_text, template_size);
    /* No leading zero: ids start at 100,000,001. */
    for (int i = 0; some && i < PER_PAGE; i++) {
        uint64_t id = 100000001 + (page - 1) * PER_PAGE + (uint64_t)i;
        write_id(records + id_at[i][0], id);
        write_id(records + id_at[i][1], id);
    }
    self->answer_at = 0;
    self->answer_size = (size_t)head_size + (size_t)body_size + rest;
}

static void close_connection(connection *self) {
    close(self->descriptor);
    free(self->answer);
    free(self);
}

/** Sends what is left; 0 when the connection is gone. */
static int send_rest(int events, connection *self) {
    while (self->answer_at < self->answer_size) {
        ssize_t sent = send(self->descriptor, self->answer + self->answer_at,
                            self->answer_size - self->answer_at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0) {
            close_connection(self);
            return 0;
        }
        self->answer_at += (size_t)sent;
    }
    int blocked = self->answer_at < self->answer_size;
    if (blocked != self->blocked) {
        struct epoll_event event = {.events = blocked ? EPOLLOUT : EPOLLIN, .data.ptr = self};
        epoll_ctl(events, EPOLL_CTL_MOD, self->descriptor, &event);
        self->blocked = blocked;
    }
    return 1;
}

static uint64_t page_of(char *request, const char *end) {
    for (char *query = request; (query = strstr(query, "page=")) != NULL && query < end; query++)
        if (query > request && (query[-1] == '?' || query[-1] == '&')) /* not per_page */
            return strtoull(query + 5, NULL, 10);
    return 1;
}

/** Answers every whole request that was read, one after the other. */
static void answer_all(int events, connection *self) {
    char *end;
    while (!self->blocked && (end = strstr(self->request, "\r\n\r\n")) != NULL) {
        if (delay_ms > 0)
            nanosleep(&(struct timespec){delay_ms / 1000, delay_ms % 1000 * 1000000}, NULL);
        render(self, page_of(self->request, end));
        size_t used = (size_t)(end + 4 - self->request);
        memmove(self->request, end + 4, self->request_size - used + 1);
        self->request_size -= used;
        if (!send_rest(events, self))
            return;
    }
    if (self->request_size == sizeof self->request - 1)
        close_connection(self);
}

static void receive(int events, connection *self) {
    ssize_t got = recv(self->descriptor, self->request + self->request_size,
                       sizeof self->request - 1 - self->request_size, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        close_connection(self);
        return;
    }
    self->request_size += (size_t)got;
    self->request[self->request_size] = '\0';
    answer_all(events, self);
}

static void accept_one(int events, int listener) {
    int on = 1, descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0)
        return;
    connection *self = calloc(1, sizeof *self);
    if (self == NULL || (self->answer = malloc(template_size + 2 * HEAD_ROOM)) == NULL) {
        free(self);
        close(descriptor);
        return;
    }
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    self->descriptor = descriptor;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = self};
    epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event);
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    total = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    delay_ms = argc > 2 ? atol(argv[2]) : 0;
    make_template();

    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), events = epoll_create1(0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || events < 0 ||
        bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 128) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        die("listen");
    static int listening, input; /* their addresses are the marks of the two */
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listening};
    epoll_ctl(events, EPOLL_CTL_ADD, listener, &event);
    event.data.ptr = &input;
    epoll_ctl(events, EPOLL_CTL_ADD, 0, &event);
    printf("http://127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);

    for (;;) {
        struct epoll_event ready[64];
        int count = epoll_wait(events, ready, 64, -1);
        for (int i = 0; i < count; i++) {
            char rest[256];
            if (ready[i].data.ptr == &listening) {
                accept_one(events, listener);
            } else if (ready[i].data.ptr == &input) {
                if (read(0, rest, sizeof rest) <= 0)
                    return 0;
            } else if (ready[i].events & EPOLLOUT) {
                if (send_rest(events, ready[i].data.ptr))
                    answer_all(events, ready[i].data.ptr);
            } else {
                receive(events, ready[i].data.ptr);
            }
        }
    }
}
