// Stands before glibc's fsync and fdatasync, and waits DELAY_MS more: for benchmarks, by LD_PRELOAD.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static int slow(const char *name, int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int outcome = real(fd);
    struct timespec delay = {0, DELAY_MS * 1000000L};
    nanosleep(&delay, 0);
    return outcome;
}

int fsync(int fd) { return slow("fsync", fd); }
int fdatasync(int fd) { return slow("fdatasync", fd); }
