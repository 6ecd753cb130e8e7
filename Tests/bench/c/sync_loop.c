/*
 * The same pages by a run into a file, with a state: as it is, or with `off` without a look at
 * what the records are made of.
 */
#define _GNU_SOURCE

#include "bench.h"
#include "penstock.h"
#include <unistd.h>

static int failed(const char *what, penstock_error *error) {
    fprintf(stderr, "%s: %s\n", what, penstock_error_message(error));
    penstock_error_free(error);
    return 1;
}

/** The number behind a name in the run's progress. */
static uint64_t count(const char *text, const char *name) {
    const char *found = strstr(text, name);
    return found == NULL ? 0 : strtoull(found + strlen(name), NULL, 10);
}

int main(int argc, char **argv) {
    static const char *const left[] = {"out/items.jsonl", "out",          "state.db",
                                       "state.db-wal",    "state.db-shm", "state.db-lease"};
    int off = argc > 3 && strcmp(argv[3], "off") == 0;
    bench self = bench_begin(off ? "sync_loop_off" : "sync_loop", argc, argv);
    char directory[] = "/tmp/penstock-bench-XXXXXX";
    if (mkdtemp(directory) == NULL || chdir(directory) != 0) {
        perror(directory);
        return 1;
    }
    penstock_sync *sync = NULL;
    penstock_text *text = NULL;
    penstock_error *error = NULL;
    char job[2048];
    snprintf(job, sizeof job,
             "{\"source\": {\"base_url\": \"%s\", \"streams\": {\"items\": {\"path\": \"/items\", "
             "\"records\": \"data\", \"pagination\": {\"type\": \"page\", \"param\": \"page\", "
             "\"has_more\": {\"body\": \"has_more\"}, \"size\": {\"param\": \"per_page\", "
             "\"value\": %d}}}}}, \"output\": {\"directory\": \"out\"}, \"state\": \"state.db\", "
             "\"commit_every\": \"1h\", \"drift\": \"%s\"}",
             self.url, PER_PAGE, off ? "off" : "tell");
    if (penstock_sync_open(job, strlen(job), &sync, &error) != PENSTOCK_OK)
        return failed("open", error);
    if (penstock_sync_wait(sync, -1, &error) != PENSTOCK_OK)
        return failed("wait", error);
    if (penstock_sync_progress(sync, &text, &error) != PENSTOCK_OK)
        return failed("progress", error);
    const char *progress = penstock_text_slice(text).data;
    self.records = count(progress, "\"records\":");
    self.pages = count(progress, "\"pages\":");
    self.bytes = count(progress, "\"bytes\":");
    penstock_text_free(text);
    penstock_sync_free(sync);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        remove(left[i]);
    rmdir(directory);
    return bench_end(&self);
}
