/*
 * Events in C: taken from the queue, and handed to a function that blocks, calls back into the
 * library, and ends its own listening.
 */
#include "support.h"
#include <poll.h>
#include <pthread.h>

/** What a function that listens was given. */
typedef struct listener {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    penstock_client *client; /* asked from within the function; may be NULL */
    penstock_events *events; /* freed from within the function, at the event `last` */
    int last;
    int started, pages, finished, calls;
    int is_held, is_inside, released, wrong;
} listener;

static listener fresh(void) {
    listener self = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    return self;
}

static void hear(void *context, penstock_slice event) {
    listener *self = context;
    pthread_mutex_lock(&self->mutex);
    if (self->is_inside || self->released || strlen(event.data) != event.size)
        self->wrong++;
    self->is_inside = 1;
    self->calls++;
    self->started += strstr(event.data, "\"event\":\"stream_started\"") != NULL;
    self->pages += strstr(event.data, "\"event\":\"page\"") != NULL;
    self->finished += strstr(event.data, "\"event\":\"stream_finished\"") != NULL;
    pthread_cond_broadcast(&self->changed);
    while (self->is_held)
        pthread_cond_wait(&self->changed, &self->mutex);
    penstock_events *own = self->calls == self->last ? self->events : NULL;
    pthread_mutex_unlock(&self->mutex);

    penstock_text *text = NULL;
    if (self->client) {
        CHECK_CALL(penstock_client_state(self->client, &text, &error), PENSTOCK_OK);
        penstock_text_free(text);
        CHECK_CALL(penstock_client_trace(self->client, NULL, 0, &text, &error), PENSTOCK_OK);
        penstock_text_free(text);
    }
    penstock_events_free(own);

    pthread_mutex_lock(&self->mutex);
    self->is_inside = 0;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->mutex);
}

static void let_go(void *context) {
    listener *self = context;
    pthread_mutex_lock(&self->mutex);
    self->released++;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->mutex);
}

/** Waits until that is so; the alarm of the test ends what never is. */
#define UNTIL(self, condition)                                                                     \
    do {                                                                                           \
        pthread_mutex_lock(&(self).mutex);                                                         \
        while (!(condition))                                                                       \
            pthread_cond_wait(&(self).changed, &(self).mutex);                                     \
        pthread_mutex_unlock(&(self).mutex);                                                       \
    } while (0)

static penstock_events *open_events(penstock_client *client) {
    penstock_events *events = NULL;
    const char *options = "{\"level\": \"debug\"}";
    CHECK_CALL(penstock_client_events(client, options, strlen(options), &events, &error),
               PENSTOCK_OK);
    return events;
}

static int64_t walk(penstock_client *client) {
    penstock_paginator *paginator = open_stream(client, "page");
    int64_t count = drain(paginator);
    penstock_paginator_free(paginator);
    return count;
}

static void a_queue_has_them(void) {
    penstock_client *client = open_client();
    penstock_events *events = open_events(client);
    CHECK_INT(walk(client), RECORD_TOTAL);
    struct pollfd wait = {.fd = penstock_events_fd(events), .events = POLLIN};
    CHECK_INT(poll(&wait, 1, 5000), 1);
    penstock_client_free(client);
    int finished = 0;
    for (;;) {
        penstock_text *text = NULL;
        penstock_status status = penstock_events_next(events, 5000, &text, NULL);
        if (status != PENSTOCK_OK) {
            CHECK_INT(status, PENSTOCK_END);
            break;
        }
        const char *event = penstock_text_slice(text).data;
        CHECK_CONTAINS(event, "\"v\":1");
        finished += strstr(event, "\"event\":\"stream_finished\"") != NULL;
        penstock_text_free(text);
    }
    CHECK_INT(finished, 1);
    penstock_events_free(events);
}

static void a_function_hears_all_to_the_end(void) {
    listener self = fresh();
    penstock_client *client = open_client();
    penstock_events *events = open_events(client);
    self.client = client;
    CHECK_CALL(penstock_events_listen(events, hear, &self, let_go, &error), PENSTOCK_OK);
    CHECK_CALL(penstock_events_listen(events, hear, &self, let_go, &error), PENSTOCK_ERROR_STATE);
    CHECK_CALL(penstock_events_listen(events, NULL, &self, let_go, &error),
               PENSTOCK_ERROR_INVALID_ARGUMENT);
    CHECK_INT(self.released, 0);
    CHECK_INT(walk(client), RECORD_TOTAL);
    UNTIL(self, self.finished == 1 && !self.is_inside);
    pthread_mutex_lock(&self.mutex);
    self.client = NULL;
    pthread_mutex_unlock(&self.mutex);
    penstock_client_free(client);
    UNTIL(self, self.released == 1); /* with the last client gone there is nothing more to tell */
    CHECK_INT(self.started, 1);
    CHECK(self.pages > 1);
    CHECK_INT(self.wrong, 0);
    penstock_events_free(events);
    CHECK_INT(self.released, 1);
}

static void one_that_blocks_holds_nobody_up(void) {
    listener self = fresh();
    penstock_client *client = open_client();
    penstock_events *events = open_events(client);
    self.is_held = 1;
    CHECK_CALL(penstock_events_listen(events, hear, &self, let_go, &error), PENSTOCK_OK);
    CHECK_INT(walk(client), RECORD_TOTAL);
    UNTIL(self, self.is_inside);
    CHECK_INT(walk(client), RECORD_TOTAL);
    CHECK_INT(self.calls, 1);
    pthread_mutex_lock(&self.mutex);
    self.is_held = 0;
    pthread_cond_broadcast(&self.changed);
    pthread_mutex_unlock(&self.mutex);
    UNTIL(self, self.finished == 2);
    penstock_events_free(events); /* the client goes on */
    CHECK_INT(self.released, 1);
    CHECK_INT(self.is_inside, 0);
    int calls = self.calls;
    CHECK_INT(walk(client), RECORD_TOTAL);
    CHECK_INT(self.calls, calls);
    CHECK_INT(self.wrong, 0);
    penstock_client_free(client);
}

typedef struct freeing {
    penstock_events *events;
    listener *self;
    int was_inside;
} freeing;

static void *free_events(void *argument) {
    freeing *call = argument;
    penstock_events_free(call->events);
    call->was_inside = call->self->is_inside;
    return NULL;
}

static void freeing_waits_for_the_function(void) {
    listener self = fresh();
    penstock_client *client = open_client();
    freeing call = {.events = open_events(client), .self = &self, .was_inside = -1};
    self.is_held = 1;
    CHECK_CALL(penstock_events_listen(call.events, hear, &self, NULL, &error), PENSTOCK_OK);
    CHECK_INT(walk(client), RECORD_TOTAL);
    UNTIL(self, self.is_inside);
    pthread_t thread;
    pthread_create(&thread, NULL, free_events, &call);
    sleep_ms(50);
    pthread_mutex_lock(&self.mutex);
    CHECK_INT(call.was_inside, -1);
    self.is_held = 0;
    pthread_cond_broadcast(&self.changed);
    pthread_mutex_unlock(&self.mutex);
    pthread_join(thread, NULL);
    CHECK_INT(call.was_inside, 0);
    CHECK_INT(self.calls, 1);
    penstock_client_free(client);
}

static void it_may_end_itself(void) {
    listener self = fresh();
    penstock_client *client = open_client();
    self.events = open_events(client);
    self.last = 2;
    CHECK_CALL(penstock_events_listen(self.events, hear, &self, let_go, &error), PENSTOCK_OK);
    CHECK_INT(walk(client), RECORD_TOTAL);
    UNTIL(self, self.released == 1);
    CHECK_INT(self.calls, 2);
    CHECK_INT(self.wrong, 0);
    penstock_client_free(client);
}

int main(void) {
    test_begin("events");
    a_queue_has_them();
    a_function_hears_all_to_the_end();
    one_that_blocks_holds_nobody_up();
    freeing_waits_for_the_function();
    it_may_end_itself();
    return test_end();
}
