/*
 * The smallest program that runs a job: what is to be interrupted. Its exit code is 0 when all
 * streams are done, 3 when it could not begin; the error goes to stderr.
 *
 * SPDX-License-Identifier: MIT
 */
#include <penstock.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    static char job[1 << 20];
    penstock_sync *sync = NULL;
    penstock_error *error = NULL;
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (file == NULL)
        return 2;
    size_t size = fread(job, 1, sizeof job, file);
    fclose(file);
    penstock_status status = penstock_sync_open(job, size, &sync, &error);
    int code = status == PENSTOCK_OK ? 0 : 3;
    if (status == PENSTOCK_OK && (status = penstock_sync_wait(sync, -1, &error)) != PENSTOCK_OK)
        code = 1;
    if (code != 0)
        fprintf(stderr, "%s: %s\n", penstock_status_name(status), penstock_error_message(error));
    penstock_error_free(error);
    penstock_sync_free(sync);
    return code;
}
