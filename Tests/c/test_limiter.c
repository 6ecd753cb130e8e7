/*
 * Permits for requests that the host makes itself: waits, lines, timeouts, many threads, no client.
 */
#include "support.h"
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static penstock_limiter *limiter_of(const char *text) {
    penstock_limiter *limiter = NULL;
    penstock_error *error = NULL;
    CHECK_STATUS(penstock_limiter_open(text, strlen(text), &limiter, &error), PENSTOCK_OK, error);
    return limiter;
}

static penstock_status acquire(penstock_limiter *limiter, const char *options, int64_t timeout_ms,
                               uint64_t *permit) {
    return penstock_limiter_acquire(limiter, options, options ? strlen(options) : 0, timeout_ms,
                                    permit, NULL);
}

static void one_thread(void) {
    uint64_t permit = 0, other = 0;
    penstock_limiter *limiter = limiter_of("[{\"requests\": 2, \"per\": \"200ms\"}]");
    int64_t start = now_ms();
    for (int i = 0; i < 5; i++)
        CHECK_INT(acquire(limiter, NULL, -1, NULL), PENSTOCK_OK);
    CHECK(now_ms() - start >= 399);
    CHECK_INT(acquire(limiter, NULL, -1, NULL), PENSTOCK_OK);
    CHECK_INT(acquire(limiter, NULL, 0, NULL), PENSTOCK_PENDING);
    CHECK_INT(acquire(limiter, NULL, 20, NULL), PENSTOCK_PENDING);
    penstock_limiter_free(limiter);

    limiter = limiter_of("{\"concurrent\": 1}");
    CHECK_INT(acquire(limiter, NULL, -1, &permit), PENSTOCK_OK);
    CHECK_INT(acquire(limiter, NULL, 0, &other), PENSTOCK_PENDING);
    CHECK_INT(acquire(limiter, NULL, 10, &other), PENSTOCK_PENDING);
    CHECK_INT(penstock_limiter_release(limiter, permit, -1, NULL), PENSTOCK_OK);
    CHECK_INT(penstock_limiter_release(limiter, permit, -1, NULL), PENSTOCK_ERROR_INVALID_ARGUMENT);
    CHECK_INT(acquire(limiter, NULL, -1, &other), PENSTOCK_OK);
    CHECK(other != permit);
    penstock_limiter_cancel(limiter);
    CHECK_INT(acquire(limiter, NULL, -1, &other), PENSTOCK_ERROR_CANCELLED);
    CHECK_INT(penstock_limiter_release(limiter, other, -1, NULL), PENSTOCK_OK);
    penstock_limiter_free(limiter);
}

static void classes_and_costs(void) {
    uint64_t permit = 0;
    penstock_limiter *limiter = limiter_of("[{\"requests\": 1, \"per\": \"1h\", \"for\": "
                                           "{\"methods\": [\"POST\"], \"paths\": [\"/w/*\"]}},"
                                           " {\"points\": 100, \"per\": \"1h\"}]");
    CHECK_INT(acquire(limiter, "{\"method\": \"POST\", \"path\": \"/w/1\"}", 0, NULL), PENSTOCK_OK);
    CHECK_INT(acquire(limiter, "{\"method\": \"POST\", \"path\": \"/w/2\"}", 0, NULL),
              PENSTOCK_PENDING);
    CHECK_INT(acquire(limiter, "{\"method\": \"GET\", \"path\": \"/w/2\"}", 0, NULL), PENSTOCK_OK);
    CHECK_INT(acquire(limiter, "{\"cost\": 90}", 0, &permit), PENSTOCK_OK);
    CHECK_INT(acquire(limiter, "{\"cost\": 9}", 0, NULL), PENSTOCK_PENDING);
    CHECK_INT(penstock_limiter_release(limiter, permit, 10, NULL), PENSTOCK_OK);
    CHECK_INT(acquire(limiter, "{\"cost\": 88}", 0, NULL), PENSTOCK_OK);
    CHECK_INT(acquire(limiter, NULL, 0, NULL), PENSTOCK_PENDING);
    CHECK_INT(acquire(limiter, "{\"cost\": 101}", -1, NULL), PENSTOCK_ERROR_CONFIG);
    CHECK_INT(acquire(limiter, "{\"cost\": 0}", -1, NULL), PENSTOCK_ERROR_CONFIG);
    CHECK_INT(acquire(limiter, "{\"costs\": 1}", -1, NULL), PENSTOCK_ERROR_CONFIG);
    penstock_text *state = NULL;
    CHECK_INT(penstock_limiter_state(limiter, &state, NULL), PENSTOCK_OK);
    penstock_slice text = penstock_text_slice(state);
    CHECK(strstr(text.data, "\"used\":100") != NULL && strstr(text.data, "\"waiting\":0") != NULL);
    CHECK(strstr(text.data, "\"earliest_ms\":3") != NULL);
    penstock_text_free(state);
    penstock_limiter_free(limiter);
}

enum { THREADS = 64, EACH = 40 };

struct crowd {
    penstock_limiter *limiter;
    _Atomic int under_way, most, done;
    int64_t times[THREADS * EACH];
};

static void *take_and_give(void *argument) {
    struct crowd *crowd = argument;
    for (int i = 0; i < EACH; i++) {
        uint64_t permit = 0;
        CHECK_INT(acquire(crowd->limiter, NULL, -1, &permit), PENSTOCK_OK);
        int under_way = atomic_fetch_add(&crowd->under_way, 1) + 1;
        int most = atomic_load(&crowd->most);
        while (under_way > most && !atomic_compare_exchange_weak(&crowd->most, &most, under_way)) {
        }
        crowd->times[atomic_fetch_add(&crowd->done, 1)] = now_ms();
        atomic_fetch_sub(&crowd->under_way, 1);
        CHECK_INT(penstock_limiter_release(crowd->limiter, permit, -1, NULL), PENSTOCK_OK);
    }
    return NULL;
}

static void many_threads(void) {
    static struct crowd crowd;
    pthread_t threads[THREADS];
    crowd.limiter = limiter_of("[{\"requests\": 640, \"per\": \"250ms\"}, {\"concurrent\": 5}]");
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, take_and_give, &crowd);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(crowd.done, THREADS * EACH);
    CHECK(crowd.most <= 5);
    CHECK(crowd.times[THREADS * EACH - 1] - crowd.times[0] >= 740);
    penstock_limiter_free(crowd.limiter);
}

static void *wait_for_ever(void *argument) {
    uint64_t permit = 0;
    CHECK_INT(acquire(argument, NULL, -1, &permit), PENSTOCK_ERROR_CANCELLED);
    return NULL;
}

static void cancelled_waits(void) {
    uint64_t permit = 0;
    pthread_t threads[8];
    penstock_limiter *limiter = limiter_of("[{\"concurrent\": 1}]");
    CHECK_INT(acquire(limiter, NULL, -1, &permit), PENSTOCK_OK);
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, wait_for_ever, limiter);
    struct timespec pause = {0, 50000000};
    nanosleep(&pause, NULL);
    penstock_limiter_cancel(limiter);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    penstock_limiter_free(limiter);
}

static void *take_late(void *argument) {
    uint64_t permit = 0;
    CHECK_INT(acquire(argument, NULL, 60000, &permit), PENSTOCK_OK);
    CHECK_INT(penstock_limiter_release(argument, permit, -1, NULL), PENSTOCK_OK);
    return NULL;
}

/** A place that is kept is taken up by asking again, or given up by asking otherwise. */
static void kept_places(void) {
    uint64_t permit = 0, mine = 0;
    pthread_t other;
    penstock_limiter *limiter = limiter_of("[{\"concurrent\": 1}]");
    CHECK_INT(acquire(limiter, NULL, -1, &permit), PENSTOCK_OK);
    CHECK_INT(acquire(limiter, "{\"keep_place\": true}", 1, &mine), PENSTOCK_PENDING);
    pthread_create(&other, NULL, take_late, limiter);
    struct timespec pause = {0, 30000000};
    nanosleep(&pause, NULL);
    CHECK_INT(penstock_limiter_release(limiter, permit, -1, NULL), PENSTOCK_OK);
    CHECK_INT(acquire(limiter, "{\"keep_place\": true}", 0, &mine), PENSTOCK_OK);
    CHECK_INT(penstock_limiter_release(limiter, mine, -1, NULL), PENSTOCK_OK);
    pthread_join(other, NULL);

    CHECK_INT(acquire(limiter, NULL, -1, &permit), PENSTOCK_OK);
    CHECK_INT(acquire(limiter, "{\"keep_place\": true}", 0, &mine), PENSTOCK_PENDING);
    CHECK_INT(acquire(limiter, NULL, 0, &mine), PENSTOCK_PENDING);
    pthread_create(&other, NULL, take_late, limiter);
    nanosleep(&pause, NULL);
    CHECK_INT(penstock_limiter_release(limiter, permit, -1, NULL), PENSTOCK_OK);
    pthread_join(other, NULL);
    penstock_limiter_free(limiter);
}

int main(void) {
    test_begin("limiter");
    one_thread();
    classes_and_costs();
    many_threads();
    cancelled_waits();
    kept_places();
    return test_end();
}
