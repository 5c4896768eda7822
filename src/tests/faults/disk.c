/* A disk that can lose power and fail, and a wall clock that can jump: preloaded into the server by the tests.
 *
 * It passes every call on the files under FAULTS_ROOT to the kernel, and writes down in FAULTS_JOURNAL what changes them
 * and what has been synced, in the order in which it happened. From the journal, `disk.rs` makes what a disk may hold
 * after the power is lost. FAULTS_CONTROL is a page of numbers, shared with the test, that says when to kill, which calls
 * fail, and what time it is; `layer.rs` writes it.
 *
 * Calls that it could not tell the truth about (a shared writable mapping of anything but SQLite's index of the
 * write-ahead log, a second handle to the same descriptor) are noted as such, and fail the test. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Both sides write these as they are: one machine, one layout. */
struct control {
    uint64_t calls;      /* that change or sync a file, so far */
    uint64_t kill_at;    /* the process ends instead of making this call; 0: never */
    uint64_t fail_from;  /* from this call… */
    uint64_t fail_until; /* …up to before this one, calls fail… */
    uint64_t error;      /* …with this errno */
    int64_t clock_ms;    /* added to the time of day */
    uint64_t lying;      /* syncs do nothing, and say that they did */
    uint64_t failed;     /* calls that failed on purpose, so far */
};

enum kind { OPENED = 1, CREATED, WRITTEN, RESIZED, SYNCED, SYNC_FAILED, REMOVED, FOLDER, UNSUPPORTED, RENAMED };

struct record { uint64_t kind, file, at, length; };

#define DESCRIPTORS 65536

static struct control *control;
static const char *root;
static size_t root_length;
static int journal = -1;
/* The inode behind a descriptor of ours; 0: none of ours. */
static uint64_t inodes[DESCRIPTORS];
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

static void note(enum kind kind, uint64_t file, uint64_t at, const void *bytes, size_t length) {
    struct record record = {kind, file, at, length};
    struct iovec parts[2] = {{&record, sizeof record}, {(void *)bytes, bytes ? length : 0}};
    size_t wanted = sizeof record + parts[1].iov_len;
    if (syscall(SYS_writev, journal, parts, 2) != (long)wanted) die();
}

/* SQLite's index of the write-ahead log is rebuilt after every crash; what is in it does not matter. */
static int is_index(const char *path) {
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, "-shm") == 0;
}

/* The path below the root, or nothing. */
static const char *below(const char *path, char buffer[PATH_MAX]) {
    if (!control || !path) return NULL;
    if (path[0] != '/') {
        if (!getcwd(buffer, PATH_MAX)) return NULL;
        size_t length = strlen(buffer);
        if (length + strlen(path) + 2 > PATH_MAX) return NULL;
        buffer[length] = '/';
        strcpy(buffer + length + 1, path);
        path = buffer;
    }
    if (strncmp(path, root, root_length) != 0) return NULL;
    if (path[root_length] == 0) return ".";
    return path[root_length] == '/' && !is_index(path) ? path + root_length + 1 : NULL;
}

static uint64_t inode_of(int fd) {
    return control && fd >= 0 && fd < DESCRIPTORS ? __atomic_load_n(&inodes[fd], __ATOMIC_ACQUIRE) : 0;
}

/* Counts a call; gives the error that it has to fail with, or 0. Held under `order`. */
static int next_call(void) {
    uint64_t call = __atomic_add_fetch(&control->calls, 1, __ATOMIC_SEQ_CST);
    uint64_t kill_at = __atomic_load_n(&control->kill_at, __ATOMIC_SEQ_CST);
    if (kill_at && call >= kill_at) die();
    int fails = call >= __atomic_load_n(&control->fail_from, __ATOMIC_SEQ_CST)
        && call < __atomic_load_n(&control->fail_until, __ATOMIC_SEQ_CST);
    if (!fails) return 0;
    __atomic_add_fetch(&control->failed, 1, __ATOMIC_SEQ_CST);
    return (int)__atomic_load_n(&control->error, __ATOMIC_SEQ_CST);
}

__attribute__((constructor)) static void start(void) {
    const char *page = getenv("FAULTS_CONTROL"), *log = getenv("FAULTS_JOURNAL");
    root = getenv("FAULTS_ROOT");
    if (!page || !log || !root) return;
    root_length = strlen(root);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, page, O_RDWR | O_CLOEXEC, 0);
    void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int opened = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || mapped == MAP_FAILED || opened < 0) die();
    syscall(SYS_close, fd);
    journal = (int)syscall(SYS_fcntl, opened, F_DUPFD_CLOEXEC, 700);
    if (journal < 0) journal = opened; else syscall(SYS_close, opened);
    control = mapped;
}

static int open_at(int folder, const char *path, int flags, mode_t mode) {
    char buffer[PATH_MAX];
    const char *name = below(path, buffer);
    if (!name) {
        int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
        if (control && fd >= 0 && fd < DESCRIPTORS) __atomic_store_n(&inodes[fd], 0, __ATOMIC_RELEASE);
        return fd;
    }
    struct stat file;
    pthread_mutex_lock(&order);
    int is_new = (flags & O_CREAT) && fstatat(folder, path, &file, 0) != 0;
    int error = is_new || (flags & O_TRUNC) ? next_call() : 0;
    int fd = -1;
    if (error) errno = error;
    else fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (fd >= DESCRIPTORS || (fd >= 0 && fstat(fd, &file) != 0)) die();
    if (fd >= 0) {
        note(is_new ? CREATED : OPENED, file.st_ino, 0, name, strlen(name));
        if (flags & O_TRUNC) note(RESIZED, file.st_ino, 0, NULL, 0);
        __atomic_store_n(&inodes[fd], file.st_ino, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&order);
    return fd;
}

#define MODE(flags, mode) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *path, int flags, ...) { MODE(flags, mode) return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, mode) return open_at(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags, mode) return open_at(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags, mode) return open_at(folder, path, flags, mode); }

int close(int fd) {
    if (inode_of(fd)) __atomic_store_n(&inodes[fd], 0, __ATOMIC_RELEASE);
    return (int)syscall(SYS_close, fd);
}

static ssize_t write_at(int fd, uint64_t inode, const void *bytes, size_t length, off_t at) {
    pthread_mutex_lock(&order);
    int error = next_call();
    /* A disk that fills up takes a part of it first. */
    if (error == ENOSPC && length > 1 && control->failed % 2) { length /= 2; error = 0; }
    ssize_t written = -1;
    if (error) errno = error;
    else written = syscall(SYS_pwrite64, fd, bytes, length, at);
    if (written > 0) note(WRITTEN, inode, (uint64_t)at, bytes, (size_t)written);
    pthread_mutex_unlock(&order);
    return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    uint64_t inode = inode_of(fd);
    return inode ? write_at(fd, inode, bytes, length, at) : syscall(SYS_pwrite64, fd, bytes, length, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return pwrite(fd, bytes, length, at); }

ssize_t write(int fd, const void *bytes, size_t length) {
    uint64_t inode = inode_of(fd);
    if (!inode) return syscall(SYS_write, fd, bytes, length);
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t written = write_at(fd, inode, bytes, length, at);
    if (written > 0) lseek(fd, at + written, SEEK_SET);
    return written;
}

static void unsupported(uint64_t inode, const char *what) {
    pthread_mutex_lock(&order);
    note(UNSUPPORTED, inode, 0, what, strlen(what));
    pthread_mutex_unlock(&order);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    uint64_t inode = inode_of(fd);
    if (inode) unsupported(inode, "writev");
    return syscall(SYS_writev, fd, parts, count);
}

int ftruncate(int fd, off_t size) {
    uint64_t inode = inode_of(fd);
    if (!inode) return (int)syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&order);
    int error = next_call(), result = -1;
    if (error) errno = error;
    else result = (int)syscall(SYS_ftruncate, fd, size);
    if (result == 0) note(RESIZED, inode, (uint64_t)size, NULL, 0);
    pthread_mutex_unlock(&order);
    return result;
}
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

/* The kernel is not asked: nothing has to be on this machine's disk, and rounds are faster for it. */
static int sync_file(int fd, long number) {
    uint64_t inode = inode_of(fd);
    if (!inode) return (int)syscall(number, fd);
    pthread_mutex_lock(&order);
    int error = next_call();
    if (error) { note(SYNC_FAILED, inode, 0, NULL, 0); errno = error; }
    else if (!control->lying) note(SYNCED, inode, 0, NULL, 0);
    pthread_mutex_unlock(&order);
    return error ? -1 : 0;
}
int fsync(int fd) { return sync_file(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }

static int remove_at(int folder, const char *path, int flags) {
    char buffer[PATH_MAX];
    const char *name = below(path, buffer);
    if (!name) return (int)syscall(SYS_unlinkat, folder, path, flags);
    pthread_mutex_lock(&order);
    int error = next_call(), result = -1;
    if (error) errno = error;
    else result = (int)syscall(SYS_unlinkat, folder, path, flags);
    if (result == 0) note(REMOVED, 0, 0, name, strlen(name));
    pthread_mutex_unlock(&order);
    return result;
}
int unlink(const char *path) { return remove_at(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return remove_at(folder, path, flags); }

int mkdir(const char *path, mode_t mode) {
    char buffer[PATH_MAX];
    const char *name = below(path, buffer);
    if (!name) return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    struct stat folder;
    pthread_mutex_lock(&order);
    int error = next_call(), result = -1;
    if (error) errno = error;
    else result = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (result == 0 && fstatat(AT_FDCWD, path, &folder, 0) != 0) die();
    if (result == 0) note(FOLDER, folder.st_ino, 0, name, strlen(name));
    pthread_mutex_unlock(&order);
    return result;
}

int rename(const char *from, const char *to) {
    char old_path[PATH_MAX], new_path[PATH_MAX], names[2 * PATH_MAX];
    const char *old_name = below(from, old_path), *new_name = below(to, new_path);
    if (!old_name != !new_name) unsupported(0, "a rename from or to another disk");
    if (!old_name || !new_name) return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    struct stat file;
    pthread_mutex_lock(&order);
    int error = next_call(), result = -1;
    if (error) errno = error;
    else if (fstatat(AT_FDCWD, from, &file, 0) == 0) result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (result == 0) {
        /* Both names, with a zero between them. */
        size_t length = strlen(old_name) + 1;
        memcpy(names, old_name, length);
        strcpy(names + length, new_name);
        note(RENAMED, file.st_ino, 0, names, length + strlen(new_name));
    }
    pthread_mutex_unlock(&order);
    return result;
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t at) {
    uint64_t inode = inode_of(fd);
    if (inode && (flags & MAP_SHARED) && (protection & PROT_WRITE)) unsupported(inode, "a shared writable mapping");
    return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, at);
}
void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t at) {
    return mmap(address, length, protection, flags, fd, at);
}

int dup(int fd) {
    if (inode_of(fd)) unsupported(inode_of(fd), "dup");
    return (int)syscall(SYS_dup, fd);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && control && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t ms = __atomic_load_n(&control->clock_ms, __ATOMIC_SEQ_CST);
        now->tv_sec += ms / 1000;
        now->tv_nsec += ms % 1000 * 1000000;
        if (now->tv_nsec >= 1000000000) { now->tv_sec++; now->tv_nsec -= 1000000000; }
        if (now->tv_nsec < 0) { now->tv_sec--; now->tv_nsec += 1000000000; }
    }
    return result;
}
