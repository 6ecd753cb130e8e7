/*
 * Makes one system call of a program fail, or ends the program in it, as a disk or the power would:
 * for LD_PRELOAD.
 *
 *     FAULTS_UNDER   directory; only calls on files in there count
 *     FAULTS_AT      which one, from 1
 *     FAULTS_KIND    enospc eio eintr short    that call fails so, once
 *                    full                      from there on nothing can be written
 *                    kill torn                 SIGKILL before it; in the middle of it
 *                    power                     SIGKILL, and of what was not synced some is lost or
 * torn FAULTS_SEED    which of what was not synced FAULTS_LIES    the disk of "power" says that it
 * synced, and did not: to see that this is noticed FAULTS_REPORT  file that gets the number of
 * calls when the program ends by itself
 *
 * The disk of "power": what was written since a file's last sync is a list of changes, of which any
 * part may be there, whatever their order, the last one of them torn at a sector. Names that were
 * made, changed or removed since their directory's last sync may be as before.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { most_files = 64, most_descriptors = 4096, sector = 512 };

/** A write, or with no data a truncation to `at`. */
struct change {
    struct change *next;
    off_t at;
    size_t size;
    char *data;
};

struct file {
    char path[4096];
    char path_before[4096]; /* not empty: renamed, and the directory is not synced */
    ino_t inode;
    char *synced; /* its content as it is on disk for sure */
    size_t synced_size;
    struct change *changes, **last;
    int is_new, is_gone; /* since the directory's last sync */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file files[most_files];
static int file_count;
static struct file *by_descriptor[most_descriptors];
static char is_directory[most_descriptors], is_watched[most_descriptors];
static const char *under, *kind, *report;
static long at = -1, calls;
static unsigned long long chance = 1;
static int is_power, lies;

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);

static void *find(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL)
        abort();
    return found;
}

__attribute__((constructor)) static void begin(void) {
    *(void **)&real_open = find("open");
    *(void **)&real_openat = find("openat");
    *(void **)&real_close = find("close");
    *(void **)&real_write = find("write");
    *(void **)&real_pwrite = find("pwrite");
    *(void **)&real_read = find("read");
    *(void **)&real_pread = find("pread");
    *(void **)&real_fsync = find("fsync");
    *(void **)&real_fdatasync = find("fdatasync");
    *(void **)&real_ftruncate = find("ftruncate");
    *(void **)&real_rename = find("rename");
    *(void **)&real_unlink = find("unlink");
    kind = getenv("FAULTS_KIND");
    report = getenv("FAULTS_REPORT");
    if (getenv("FAULTS_AT") != NULL)
        at = atol(getenv("FAULTS_AT"));
    if (getenv("FAULTS_SEED") != NULL)
        chance += strtoull(getenv("FAULTS_SEED"), NULL, 10);
    is_power = kind != NULL && strcmp(kind, "power") == 0;
    lies = getenv("FAULTS_LIES") != NULL;
    under = getenv("FAULTS_UNDER");
}

__attribute__((destructor)) static void end(void) {
    char text[32];
    int size = snprintf(text, sizeof text, "%ld\n", calls);
    int file = report != NULL ? real_open(report, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    if (file >= 0 && real_write(file, text, (size_t)size) == size)
        real_close(file);
}

static int is_under(const char *path) {
    size_t size = under != NULL ? strlen(under) : 0;
    return size > 0 && strncmp(path, under, size) == 0;
}

static unsigned long long dice(unsigned long long sides) { /* splitmix64 */
    unsigned long long z = chance += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return (z ^ (z >> 31)) % sides;
}

/* ------------------------------------------------------------------------- what is not synced */

static void forget_changes(struct file *file) {
    while (file->changes != NULL) {
        struct change *next = file->changes->next;
        free(file->changes->data);
        free(file->changes);
        file->changes = next;
    }
    file->last = &file->changes;
}

static void take_content(struct file *file, int descriptor) {
    struct stat status;
    size_t done = 0;
    ssize_t count;
    free(file->synced);
    file->synced_size = fstat(descriptor, &status) == 0 ? (size_t)status.st_size : 0;
    file->synced = malloc(file->synced_size + 1);
    while (done < file->synced_size &&
           (count = real_pread(descriptor, file->synced + done, file->synced_size - done,
                               (off_t)done)) > 0)
        done += (size_t)count;
}

static void note_change(int descriptor, off_t where, const void *data, size_t size) {
    struct file *file =
        descriptor >= 0 && descriptor < most_descriptors ? by_descriptor[descriptor] : NULL;
    if (file == NULL || !is_power)
        return;
    struct change *change = calloc(1, sizeof *change);
    change->at = where;
    change->size = size;
    if (data != NULL) {
        change->data = malloc(size + 1);
        memcpy(change->data, data, size);
    }
    *file->last = change;
    file->last = &change->next;
}

static void apply(char **content, size_t *size, const struct change *change, size_t bytes) {
    size_t stop = (size_t)change->at + bytes;
    if (stop > *size) {
        *content = realloc(*content, stop + 1);
        memset(*content + *size, 0, stop - *size);
    }
    if (change->data == NULL || stop > *size)
        *size = stop;
    if (change->data != NULL)
        memcpy(*content + change->at, change->data, bytes);
}

static void lose_some_of(struct file *file) {
    /* 0: nothing reached the disk, 1: all, 2: up to some place, which is torn, 3: any of them. */
    unsigned how = (unsigned)dice(4);
    size_t count = 0, index = 0, size = file->synced_size;
    char *content = malloc(size + 1);
    memcpy(content, file->synced, size);
    for (struct change *change = file->changes; change != NULL; change = change->next)
        count++;
    size_t until = count > 0 ? (size_t)dice(count) : 0;
    for (struct change *change = file->changes; change != NULL; change = change->next, index++) {
        size_t torn =
            change->size / sector > 0 ? (size_t)dice(change->size / sector + 1) * sector : 0;
        if (how == 1 || (how == 2 && index < until) || (how == 3 && dice(2)))
            apply(&content, &size, change, change->size);
        else if (how >= 2 && change->data != NULL && torn > 0 && (how == 3 || index == until))
            apply(&content, &size, change, torn);
    }
    const char *path = file->path;
    if (file->path_before[0] != 0 && dice(2)) {
        real_rename(file->path, file->path_before);
        path = file->path_before;
    }
    if ((file->is_new && dice(2)) || (file->is_gone && !dice(2))) {
        real_unlink(path);
    } else {
        int made = real_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        size_t done = 0;
        ssize_t written;
        while (done < size && (written = real_write(made, content + done, size - done)) > 0)
            done += (size_t)written;
        real_close(made);
    }
}

static void die(void) {
    for (int i = 0; is_power && i < file_count; i++) {
        size_t size = strlen(files[i].path);
        /* SQLite's shared memory and the locks have no content that counts. */
        if (size > 4 && strcmp(files[i].path + size - 4, "-shm") == 0)
            continue;
        lose_some_of(&files[i]);
    }
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* ---------------------------------------------------------------------------------- the faults */

/** 1: this is the call; the lock is held. */
static int is_now(void) {
    calls++;
    if (at < 0 || kind == NULL)
        return 0;
    if (calls == at && (strcmp(kind, "kill") == 0 || is_power))
        die();
    if (strcmp(kind, "full") == 0)
        return calls >= at;
    return calls == at;
}

static int is(const char *name) {
    return strcmp(kind, name) == 0;
}

/** What a call fails with that has no parts; 0: it does not. `writes`: it needs room. */
static int fault(int writes) {
    if (!is_now() || is("torn") || is("short"))
        return 0;
    if (is("eintr"))
        return EINTR;
    if (is("eio"))
        return EIO;
    return writes ? ENOSPC : is("full") ? 0 : EIO;
}

static int watched(int descriptor) {
    return descriptor >= 0 && descriptor < most_descriptors && is_watched[descriptor];
}

/* After a call in the middle of which the program is to end. */
static void end_if_torn(void) {
    if (kind != NULL && calls == at && is("torn"))
        die();
}

static int opened(int descriptor, const char *path, int existed) {
    struct stat status;
    if (descriptor < 0 || descriptor >= most_descriptors || fstat(descriptor, &status) != 0)
        return descriptor;
    is_watched[descriptor] = 1;
    is_directory[descriptor] = S_ISDIR(status.st_mode);
    by_descriptor[descriptor] = NULL;
    if (!is_power || !S_ISREG(status.st_mode))
        return descriptor;
    for (int i = 0; i < file_count; i++)
        if (files[i].inode == status.st_ino && !files[i].is_gone)
            by_descriptor[descriptor] = &files[i];
    if (by_descriptor[descriptor] == NULL && file_count < most_files) {
        struct file *file = &files[file_count++];
        snprintf(file->path, sizeof file->path, "%s", path);
        file->inode = status.st_ino;
        file->last = &file->changes;
        file->is_new = !existed;
        int reading = real_open(path, O_RDONLY);
        take_content(file, reading);
        real_close(reading);
        by_descriptor[descriptor] = file;
    }
    return descriptor;
}

static int any_open(const char *path, int flags, mode_t mode) {
    struct stat status;
    if (!is_under(path))
        return real_open(path, flags, mode);
    pthread_mutex_lock(&lock);
    int failed = fault(flags & O_CREAT), descriptor = -1;
    int existed = stat(path, &status) == 0;
    if (failed == 0) {
        /* The content before a truncation is what the disk has. */
        int truncates = flags & O_TRUNC;
        descriptor = opened(real_open(path, flags & ~O_TRUNC, mode), path, existed);
        if (descriptor >= 0 && truncates && real_ftruncate(descriptor, 0) == 0)
            note_change(descriptor, 0, NULL, 0);
        end_if_torn();
    }
    pthread_mutex_unlock(&lock);
    if (failed != 0)
        errno = failed;
    return descriptor;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return any_open(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return any_open(path, flags, mode);
}

int close(int descriptor) {
    if (descriptor >= 0 && descriptor < most_descriptors) {
        is_watched[descriptor] = 0;
        by_descriptor[descriptor] = NULL;
    }
    return real_close(descriptor);
}

static ssize_t any_write(int descriptor, const void *data, size_t size, off_t where) {
    if (!watched(descriptor))
        return where < 0 ? real_write(descriptor, data, size)
                         : real_pwrite(descriptor, data, size, where);
    pthread_mutex_lock(&lock);
    int failed = 0, now = is_now();
    ssize_t count = -1;
    size_t some = size;
    if (now && is("eintr"))
        failed = EINTR;
    else if (now && is("eio"))
        failed = EIO;
    else if (now && (is("enospc") || is("full")))
        failed = ENOSPC;
    else if (now && size > 1)
        some = size / 2; /* "short" and "torn" */
    if (failed == 0) {
        off_t place = where < 0 ? lseek(descriptor, 0, SEEK_CUR) : where;
        count = where < 0 ? real_write(descriptor, data, some)
                          : real_pwrite(descriptor, data, some, where);
        if (count > 0)
            note_change(descriptor, place, data, (size_t)count);
        end_if_torn();
    }
    pthread_mutex_unlock(&lock);
    if (failed != 0)
        errno = failed;
    return count;
}

ssize_t write(int descriptor, const void *data, size_t size) {
    return any_write(descriptor, data, size, -1);
}
ssize_t pwrite(int descriptor, const void *data, size_t size, off_t where) {
    return any_write(descriptor, data, size, where);
}
ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t where) {
    return any_write(descriptor, data, size, where);
}

static ssize_t any_read(int descriptor, void *data, size_t size, off_t where) {
    int failed = 0;
    if (watched(descriptor)) {
        pthread_mutex_lock(&lock);
        failed = fault(0);
        end_if_torn();
        pthread_mutex_unlock(&lock);
    }
    if (failed != 0) {
        errno = failed;
        return -1;
    }
    return where < 0 ? real_read(descriptor, data, size)
                     : real_pread(descriptor, data, size, where);
}

ssize_t read(int descriptor, void *data, size_t size) {
    return any_read(descriptor, data, size, -1);
}
ssize_t pread(int descriptor, void *data, size_t size, off_t where) {
    return any_read(descriptor, data, size, where);
}
ssize_t pread64(int descriptor, void *data, size_t size, off64_t where) {
    return any_read(descriptor, data, size, where);
}

static void synced_directory(int descriptor) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0)
        return;
    path[size] = 0;
    for (int i = 0; i < file_count; i++) {
        if (strncmp(files[i].path, path, (size_t)size) != 0 || files[i].path[size] != '/' ||
            strchr(files[i].path + size + 1, '/') != NULL)
            continue;
        files[i].is_new = 0;
        files[i].path_before[0] = 0;
        if (files[i].is_gone) { /* for good */
            forget_changes(&files[i]);
            files[i] = files[--file_count];
            files[i].last = &files[i].changes;
            while (*files[i].last != NULL)
                files[i].last = &(*files[i].last)->next;
            for (int d = 0; d < most_descriptors; d++)
                if (by_descriptor[d] == &files[file_count])
                    by_descriptor[d] = &files[i];
            i--;
        }
    }
}

static int any_sync(int descriptor, int (*real)(int)) {
    if (!watched(descriptor))
        return real(descriptor);
    pthread_mutex_lock(&lock);
    int failed = fault(1), code = -1;
    if (failed == 0) {
        code = real(descriptor);
        if (code == 0 && is_power && is_directory[descriptor])
            synced_directory(descriptor);
        struct file *file = by_descriptor[descriptor];
        if (code == 0 && file != NULL && is_power && !lies) {
            int reading = real_open(file->path, O_RDONLY);
            if (reading >= 0) {
                forget_changes(file);
                take_content(file, reading);
                real_close(reading);
            }
        }
        end_if_torn();
    }
    pthread_mutex_unlock(&lock);
    if (failed != 0)
        errno = failed;
    return code;
}

int fsync(int descriptor) {
    return any_sync(descriptor, real_fsync);
}
int fdatasync(int descriptor) {
    return any_sync(descriptor, real_fdatasync);
}

static int any_truncate(int descriptor, off_t size) {
    if (!watched(descriptor))
        return real_ftruncate(descriptor, size);
    pthread_mutex_lock(&lock);
    int failed = fault(0), code = -1;
    if (failed == 0) {
        code = real_ftruncate(descriptor, size);
        if (code == 0)
            note_change(descriptor, size, NULL, 0);
        end_if_torn();
    }
    pthread_mutex_unlock(&lock);
    if (failed != 0)
        errno = failed;
    return code;
}

int ftruncate(int descriptor, off_t size) {
    return any_truncate(descriptor, size);
}
int ftruncate64(int descriptor, off64_t size) {
    return any_truncate(descriptor, size);
}

static struct file *named(const char *path) {
    for (int i = 0; i < file_count; i++)
        if (!files[i].is_gone && strcmp(files[i].path, path) == 0)
            return &files[i];
    return NULL;
}

int rename(const char *before, const char *after) {
    if (!is_under(before))
        return real_rename(before, after);
    pthread_mutex_lock(&lock);
    int failed = fault(1), code = -1;
    if (failed == 0) {
        code = real_rename(before, after);
        struct file *file = named(before);
        if (code == 0 && file != NULL) {
            snprintf(file->path_before, sizeof file->path_before, "%s", before);
            snprintf(file->path, sizeof file->path, "%s", after);
        }
        end_if_torn();
    }
    pthread_mutex_unlock(&lock);
    if (failed != 0)
        errno = failed;
    return code;
}

int unlink(const char *path) {
    if (!is_under(path))
        return real_unlink(path);
    pthread_mutex_lock(&lock);
    int failed = fault(0), code = -1;
    if (failed == 0) {
        struct file *file = named(path);
        code = real_unlink(path);
        if (code == 0 && file != NULL)
            file->is_gone = 1;
        end_if_torn();
    }
    pthread_mutex_unlock(&lock);
    if (failed != 0)
        errno = failed;
    return code;
}
