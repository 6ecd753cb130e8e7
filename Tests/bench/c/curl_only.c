/* The floor: the pages are fetched and not looked at, but for the flag at their start. */
#include "fetch.h"

int main(int argc, char **argv) {
    bench self = bench_begin("curl_only", argc, argv);
    fetcher fetch = fetch_begin();
    int more = 1;
    for (uint64_t page = 1; more; page++) {
        fetch_page(&fetch, self.url, page);
        char start[64] = {0};
        memcpy(start, fetch.data, fetch.size < 63 ? fetch.size : 63);
        more = strstr(start, "\"has_more\":true") != NULL;
        self.pages++;
        self.records += PER_PAGE; /* taken on trust */
        self.bytes += fetch.size;
    }
    if (self.records > self.wanted)
        self.records = self.wanted;
    fetch_end(&fetch);
    return bench_end(&self);
}
