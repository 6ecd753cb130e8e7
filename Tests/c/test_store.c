/*
 * States in a store of the host's: a list in memory, behind every function of penstock_state_… and
 * penstock_sync_…; what it says wrong, what it refuses, and when its context is released.
 */
#define _GNU_SOURCE
#include "support.h"
#include <jansson.h>
#include <pthread.h>

typedef struct entry {
    struct entry *next;
    char *collection, *key, *value;
} entry;

typedef struct lease {
    struct lease *next;
    char *name, *holder;
    int64_t ends;
} lease;

typedef struct memory {
    pthread_mutex_t lock;
    entry *entries;
    lease *leases;
    const char *fails;
    int broken_text, commits, released;
} memory;

static void drop_entries(memory *self, const char *collection, const char *key) {
    for (entry **at = &self->entries; *at != NULL;) {
        entry *this = *at;
        int is_it = (collection == NULL || strcmp(this->collection, collection) == 0) &&
                    (key == NULL || strcmp(this->key, key) == 0);
        if (!is_it) {
            at = &this->next;
            continue;
        }
        *at = this->next;
        free(this->collection);
        free(this->key);
        free(this->value);
        free(this);
    }
}

static void put(memory *self, const char *collection, const char *key, penstock_slice value) {
    entry *this = malloc(sizeof *this);
    drop_entries(self, collection, key);
    this->collection = strdup(collection);
    this->key = strdup(key);
    this->value = strndup(value.data, value.size);
    this->next = self->entries;
    self->entries = this;
}

static lease *find_lease(memory *self, const char *name) {
    for (lease *this = self->leases; this != NULL; this = this->next)
        if (strcmp(this->name, name) == 0 && this->ends > now_ms())
            return this;
    return NULL;
}

static void drop_leases(memory *self, const char *name) {
    for (lease **at = &self->leases; *at != NULL;) {
        lease *this = *at;
        if (name != NULL && strcmp(this->name, name) != 0) {
            at = &this->next;
            continue;
        }
        *at = this->next;
        free(this->name);
        free(this->holder);
        free(this);
    }
}

static void hold(memory *self, const char *name, const char *holder, int64_t time) {
    lease *this = malloc(sizeof *this);
    drop_leases(self, name);
    this->name = strdup(name);
    this->holder = strdup(holder);
    this->ends = now_ms() + time;
    this->next = self->leases;
    self->leases = this;
}

static int fails(memory *self, const char *function, penstock_store_reply *reply) {
    if (self->fails == NULL || strcmp(self->fails, function) != 0)
        return 0;
    penstock_store_reply_fail(reply, "out of\norder");
    penstock_store_reply_fail(reply, "a second reason");
    return 1;
}

static void give(memory *self, const entry *this, penstock_store_reply *reply) {
    const char *value = self->broken_text ? "\xff\xfe" : this->value;
    penstock_store_reply_item(reply, this->key, value, strlen(value));
}

static void memory_get(void *context, const char *collection, const char *const *keys, size_t count,
                       penstock_store_reply *reply) {
    memory *self = context;
    pthread_mutex_lock(&self->lock);
    if (!fails(self, "get", reply))
        for (entry *this = self->entries; this != NULL; this = this->next)
            for (size_t i = 0; i < count; i++)
                if (strcmp(this->collection, collection) == 0 && strcmp(this->key, keys[i]) == 0)
                    give(self, this, reply);
    pthread_mutex_unlock(&self->lock);
}

static void memory_scan(void *context, const char *collection, penstock_store_reply *reply) {
    memory *self = context;
    pthread_mutex_lock(&self->lock);
    if (!fails(self, "scan", reply))
        for (entry *this = self->entries; this != NULL; this = this->next)
            if (strcmp(this->collection, collection) == 0)
                give(self, this, reply);
    pthread_mutex_unlock(&self->lock);
}

static void memory_commit(void *context, const penstock_store_change *changes, size_t count,
                          const char *const *leases, size_t lease_count, const char *holder,
                          int64_t lease_ms, penstock_store_reply *reply) {
    memory *self = context;
    pthread_mutex_lock(&self->lock);
    const char *lost = NULL;
    for (size_t i = 0; i < lease_count && lost == NULL; i++) {
        lease *this = find_lease(self, leases[i]);
        if (this == NULL || strcmp(this->holder, holder) != 0)
            lost = leases[i];
    }
    if (fails(self, "commit", reply)) {
    } else if (lost != NULL) {
        penstock_store_reply_refuse(reply, lost);
    } else {
        for (size_t i = 0; i < lease_count; i++)
            hold(self, leases[i], holder, lease_ms);
        for (size_t i = 0; i < count; i++) {
            if (changes[i].kind == PENSTOCK_STORE_PUT)
                put(self, changes[i].collection, changes[i].key, changes[i].value);
            else
                drop_entries(self, changes[i].collection,
                             changes[i].kind == PENSTOCK_STORE_DELETE ? changes[i].key : NULL);
        }
        self->commits++;
    }
    pthread_mutex_unlock(&self->lock);
}

static void memory_acquire(void *context, const char *name, const char *holder, int64_t lease_ms,
                           penstock_store_reply *reply) {
    memory *self = context;
    pthread_mutex_lock(&self->lock);
    lease *this = find_lease(self, name);
    if (fails(self, "acquire", reply)) {
    } else if (this != NULL && strcmp(this->holder, holder) != 0) {
        penstock_store_reply_refuse(reply, this->holder);
    } else {
        hold(self, name, holder, lease_ms);
    }
    pthread_mutex_unlock(&self->lock);
}

static void memory_release(void *context, const char *name, const char *holder,
                           penstock_store_reply *reply) {
    memory *self = context;
    pthread_mutex_lock(&self->lock);
    lease *this = find_lease(self, name);
    if (!fails(self, "release", reply) && this != NULL && strcmp(this->holder, holder) == 0)
        drop_leases(self, name);
    pthread_mutex_unlock(&self->lock);
}

static void memory_released(void *context) {
    memory *self = context;
    self->released++;
}

static const penstock_store functions = {
    .size = sizeof functions,
    .get = memory_get,
    .scan = memory_scan,
    .commit = memory_commit,
    .acquire = memory_acquire,
    .release = memory_release,
};

/** The first error of opening the run, or of its streams. */
static void run_all(const char *directory, const char *streams, penstock_status expected,
                    const char *words) {
    char job[6000];
    penstock_sync *sync = NULL;
    penstock_error *error = NULL;
    snprintf(job, sizeof job,
             "{\"sources\": [{\"source\": %s, \"streams\": %s}], "
             "\"output\": {\"directory\": \"%s\"}, \"state\": \"host:memory\"}",
             source_text(), streams, directory);
    penstock_status status = penstock_sync_open(job, strlen(job), &sync, &error);
    if (status == PENSTOCK_OK)
        status = penstock_sync_wait(sync, -1, &error);
    CHECK_INT(status, expected);
    if (words != NULL)
        CHECK_CONTAINS(penstock_error_message(error), words);
    penstock_error_free(error);
    penstock_sync_free(sync);
}

static void run_is(const char *directory, penstock_status expected, const char *words) {
    run_all(directory, "[\"cursor\"]", expected, words);
}

static json_t *exported(penstock_state *state) {
    penstock_text *text = NULL;
    CHECK_CALL(penstock_state_export(state, &text, &error), PENSTOCK_OK);
    penstock_slice slice = penstock_text_slice(text);
    json_t *content = json_loadb(slice.data ? slice.data : "", slice.size, 0, NULL);
    CHECK(json_is_object(content));
    penstock_text_free(text);
    return content;
}

static void *run_beside(void *directory) {
    run_all(directory, "[\"link\", \"next\", \"page\"]", PENSTOCK_OK, NULL);
    return NULL;
}

int main(void) {
    test_begin("store");
    memory store = {.lock = PTHREAD_MUTEX_INITIALIZER};
    char *directory = make_directory(), *other = make_directory();
    penstock_state *state = NULL;

    CHECK_CALL(penstock_state_open("host:memory", &state, &error), PENSTOCK_ERROR_STATE);
    CHECK_CALL(penstock_store_register("memory", &functions, &store, memory_released, &error),
               PENSTOCK_OK);

    /* Two runs at once, of several streams each. */
    pthread_t beside;
    CHECK_INT(pthread_create(&beside, NULL, run_beside, other), 0);
    run_is(directory, PENSTOCK_OK, NULL);
    pthread_join(beside, NULL);
    CHECK(store.commits > 0 && store.leases == NULL);
    CHECK_CALL(penstock_state_open("host:memory", &state, &error), PENSTOCK_OK);
    json_t *content = exported(state);
    CHECK_INT(json_array_size(json_object_get(content, "streams")), 4);
    CHECK_INT(json_array_size(json_object_get(content, "runs")), 4);
    json_t *first = json_array_get(json_object_get(content, "streams"), 0);
    CHECK_TEXT(json_string_value(json_object_get(first, "name")), "cursor");
    CHECK_TEXT(json_string_value(json_object_get(first, "phase")), "done");
    CHECK_INT(json_integer_value(json_object_get(first, "records")), RECORD_TOTAL);
    penstock_text *verdict = NULL;
    CHECK_CALL(penstock_state_verify(state, &verdict, &error), PENSTOCK_OK);
    CHECK_CONTAINS(penstock_text_slice(verdict).data, "\"ok\":true");
    penstock_text_free(verdict);

    /* Forgotten, and taken in again. */
    CHECK_CALL(penstock_state_reset(state, NULL, &error), PENSTOCK_OK);
    CHECK_CALL(penstock_state_reset(state, "cursor", &error), PENSTOCK_ERROR_INVALID_ARGUMENT);
    char *text = json_dumps(content, JSON_COMPACT);
    CHECK_CALL(penstock_state_import(state, text, strlen(text), &error), PENSTOCK_OK);
    free(text);
    json_t *again = exported(state);
    CHECK_INT(json_array_size(json_object_get(again, "streams")), 4);
    json_decref(again);
    json_decref(content);
    /* It has the leases of what it took in. */
    run_is(directory, PENSTOCK_ERROR_STATE, "is being written by another run");
    penstock_state_free(state);
    CHECK(store.leases == NULL);
    run_is(directory, PENSTOCK_OK, NULL);

    /* What goes wrong is told; the next one that goes well has all of it. */
    static const char *const all[] = {"get", "scan", "commit", "acquire"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char words[80];
        store.fails = all[i];
        snprintf(words, sizeof words, "\"memory\" of the host failed (%s): out of order", all[i]);
        run_is(directory, PENSTOCK_ERROR_STORAGE, words);
    }
    store.fails = "release";
    run_is(directory, PENSTOCK_OK, NULL);
    store.fails = NULL;
    /* What could not be given back was this process's, and whoever had it is gone. */
    CHECK(store.leases != NULL);
    run_is(directory, PENSTOCK_OK, NULL);
    store.broken_text = 1;
    CHECK_CALL(penstock_state_open("host:memory", &state, &error), PENSTOCK_ERROR_STORAGE);
    store.broken_text = 0;
    hold(&store, "stream:cursor", "somebody", 60000);
    run_is(directory, PENSTOCK_ERROR_STATE, "another run (somebody)");
    drop_leases(&store, NULL);

    /* Its context lives as long as anything that is open. */
    CHECK_CALL(penstock_state_open("host:memory", &state, &error), PENSTOCK_OK);
    CHECK_CALL(penstock_store_register("memory", NULL, NULL, NULL, &error), PENSTOCK_OK);
    CHECK_INT(store.released, 0);
    json_decref(exported(state));
    penstock_state_free(state);
    CHECK_INT(store.released, 1);
    CHECK_CALL(penstock_store_register("memory", NULL, NULL, NULL, &error), PENSTOCK_OK);
    CHECK_INT(store.released, 1);
    drop_entries(&store, NULL, NULL);
    drop_leases(&store, NULL);
    remove_directory(directory);
    remove_directory(other);
    return test_end();
}
