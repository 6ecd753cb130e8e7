/*
 * The process ends while the library still works: no crash, no hang, the exit code kept.
 *
 * Each way to end is a run of this program of its own.
 */
#define _GNU_SOURCE
#include "support.h"
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static penstock_client *used_client(void) {
    penstock_client *client = open_client();
    penstock_page_free(get(client, "/single"));
    return client;
}

static void *exit_here(void *argument) {
    (void)argument;
    sleep_ms(100);
    exit(42);
}

static void *cancel_for_ever(void *argument) {
    for (;;)
        penstock_paginator_cancel(argument);
    return NULL;
}

static int run_mode(const char *mode) {
    alarm((unsigned)(20 * slowness()));
    penstock_client *client = used_client();
    penstock_page *page = NULL;
    pthread_t thread;
    if (strcmp(mode, "idle") == 0)
        return 42;
    if (strcmp(mode, "walking") == 0) {
        open_options(client, "{\"stream\": \"page\", \"query\": {\"total\": \"100000\"}}");
        sleep_ms(20);
        return 42;
    }
    if (strcmp(mode, "hanging") == 0) {
        penstock_paginator *paginator = open_stream(client, "hang");
        CHECK_INT(penstock_paginator_next(paginator, 50, &page, NULL), PENSTOCK_PENDING);
        return 42;
    }
    if (strcmp(mode, "other-thread") == 0) {
        penstock_paginator *paginator = open_stream(client, "hang");
        pthread_create(&thread, NULL, exit_here, NULL);
        penstock_paginator_next(paginator, -1, &page, NULL);
        return 1; /* never gets here */
    }
    if (strcmp(mode, "busy") == 0) {
        penstock_paginator *paginator = open_stream(client, "hang");
        pthread_create(&thread, NULL, cancel_for_ever, paginator);
        sleep_ms(10);
        return 42;
    }
    if (strcmp(mode, "sync") == 0) {
        char job[6000], *directory = make_directory();
        penstock_sync *sync = NULL;
        snprintf(job, sizeof job,
                 "{\"sources\": [{\"source\": %s, \"streams\": [\"page\", \"hang\"]}], "
                 "\"output\": {\"directory\": \"%s\"}}",
                 source_text(), directory);
        CHECK_CALL(penstock_sync_open(job, strlen(job), &sync, &error), PENSTOCK_OK);
        CHECK_INT(penstock_sync_wait(sync, 100, NULL), PENSTOCK_PENDING);
        remove_directory(directory);
        return test_failures() == 0 ? 42 : 1;
    }
    return 1;
}

int main(int argc, char **argv) {
    static const char *const modes[] = {"idle",         "walking", "hanging",
                                        "other-thread", "busy",    "sync"};
    if (argc > 1)
        return run_mode(argv[1]);
    test_begin("test_exit");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        for (int round = 0; round < (slowness() > 1 ? 1 : 10); round++) {
            char *arguments[] = {argv[0], (char *)modes[i], NULL};
            pid_t process = 0;
            int status = 0;
            CHECK_INT(posix_spawn(&process, argv[0], NULL, NULL, arguments, environ), 0);
            CHECK(waitpid(process, &status, 0) == process);
            if (!CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42))
                printf("     '%s' ended with %s %d\n", modes[i],
                       WIFSIGNALED(status) ? "signal" : "code",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        }
    return test_end();
}
