//! The preloaded layer (`disk.c`) from the test's side: its commands and counters.

use std::{
    fs::{self, File},
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use tokio::process::Command;

use crate::app::TestProcess;

/// Index of each number in the page shared with the layer: `struct control` in `disk.c`.
#[derive(Clone, Copy)]
enum Field {
    Calls,
    KillAt,
    FailFrom,
    FailUntil,
    Error,
    ClockMs,
    Lying,
    Failed,
}

/// Errors that the disk returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskError {
    Io = 5,
    Full = 28,
}

/// A folder whose files are on a disk that can lose power and fail.
pub struct Layer {
    folder: PathBuf,
    control: File,
}

impl Layer {
    pub fn new(folder: &Path) -> Self {
        let folder = fs::canonicalize(folder).unwrap();
        fs::create_dir_all(folder.join("disk")).unwrap();
        let mut options = File::options();
        let control = options.read(true).write(true).create(true).truncate(true).open(folder.join("control")).unwrap();
        control.set_len(4_096).unwrap();
        Self { folder, control }
    }

    /// Contents of the disk; the database is `db/finally.db` below it.
    pub fn root(&self) -> PathBuf {
        self.folder.join("disk")
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }

    /// The program on this disk, with counters at zero, no failures, and the right clock.
    pub fn command(&self) -> Command {
        self.control.write_all_at(&[0; 4_096], 0).unwrap();
        if self.journal().exists() {
            fs::remove_file(self.journal()).unwrap();
        }
        let mut command = TestProcess::command(&self.root());
        command
            .env("LD_PRELOAD", library())
            .env("FAULTS_ROOT", self.root())
            .env("FAULTS_CONTROL", self.folder.join("control"))
            .env("FAULTS_JOURNAL", self.journal())
            // A full, unread pipe would block a server that logs a lot.
            .stderr(File::create(self.log()).unwrap());
        command
    }

    /// The program's log.
    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    pub fn read_log(&self) -> String {
        fs::read_to_string(self.log()).unwrap()
    }

    pub fn assert_no_panic(&self) {
        let log = self.read_log();
        assert!(!log.contains("panicked"), "{log}");
    }

    /// Number of calls so far that changed or synced a file.
    pub fn calls(&self) -> u64 {
        self.read(Field::Calls)
    }

    /// Number of calls so far that failed on purpose.
    pub fn failed(&self) -> u64 {
        self.read(Field::Failed)
    }

    /// Ends the process instead of making this call.
    pub fn kill_at(&self, call: u64) {
        self.write(Field::KillAt, call);
    }

    /// Makes these calls fail.
    pub fn fail(&self, calls: Range<u64>, error: DiskError) {
        self.write(Field::Error, error as u64);
        self.write(Field::FailFrom, calls.start);
        self.write(Field::FailUntil, calls.end);
    }

    /// Ends the disk's failures.
    pub fn heal(&self) {
        self.write(Field::FailUntil, 0);
    }

    /// Makes syncs do nothing and report success.
    pub fn lie(&self) {
        self.write(Field::Lying, 1);
    }

    /// Sets the wall clock ahead by this much.
    pub fn set_clock(&self, ahead_ms: i64) {
        self.write(Field::ClockMs, ahead_ms.cast_unsigned());
    }

    fn read(&self, field: Field) -> u64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, field as u64 * 8).unwrap();
        u64::from_ne_bytes(bytes)
    }

    fn write(&self, field: Field, number: u64) {
        self.control.write_all_at(&number.to_ne_bytes(), field as u64 * 8).unwrap();
    }
}

/// The layer as a shared library: compiled once, by SQLite's compiler.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<(PathBuf, tempfile::TempDir)> = OnceLock::new();
    let (path, _) = LIBRARY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libfaults.so");
        let status = std::process::Command::new("cc")
            .args(["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
            .arg(&path)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/faults/disk.c"))
            .arg("-lpthread")
            .status()
            .unwrap();
        assert!(status.success(), "the layer does not compile");
        (path, folder)
    });
    path
}
