/*
 * The loop that is written by hand today: fetch, parse the page into a jansson tree, take each
 * record. With `dump`, each record is made text again, as writing JSON lines needs it.
 */
#include "fetch.h"
#include <jansson.h>

static char text[65536];

int main(int argc, char **argv) {
    int dump = argc > 3 && strcmp(argv[3], "dump") == 0;
    bench self = bench_begin(dump ? "dom_loop_dump" : "dom_loop", argc, argv);
    fetcher fetch = fetch_begin();
    int more = 1;
    for (uint64_t page = 1; more; page++) {
        json_error_t error;
        size_t index;
        json_t *record;
        fetch_page(&fetch, self.url, page);
        json_t *root = json_loadb(fetch.data, fetch.size, 0, &error);
        json_t *data = json_object_get(root, "data");
        if (!json_is_array(data)) {
            fprintf(stderr, "page %llu: %s\n", (unsigned long long)page, error.text);
            return 1;
        }
        json_array_foreach(data, index, record) {
            if (!json_is_object(record))
                return 1;
            if (dump)
                self.bytes += json_dumpb(record, text, sizeof text, JSON_COMPACT);
            else
                self.bytes += json_object_size(record);
            self.records++;
        }
        more = json_is_true(json_object_get(root, "has_more"));
        json_decref(root);
        self.pages++;
    }
    fetch_end(&fetch);
    return bench_end(&self);
}
