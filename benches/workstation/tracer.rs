//! Counts a process's waits for the disk, by strace.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Outcome;

/// strace, which reports each `fsync`.
pub struct Tracer {
    pub command: Vec<String>,
    log: PathBuf,
}

impl Tracer {
    /// `None` if it is missing, or may not trace.
    pub fn find(log: &Path) -> Option<Self> {
        let log_text = log.to_string_lossy();
        let command: Vec<String> = [
            "strace",
            "--follow-forks",
            "--seccomp-bpf",
            "--quiet=all",
            "--decode-fds=path",
            "--trace",
            "fsync,fdatasync",
            "--output",
            &log_text,
        ]
        .map(str::to_owned)
        .to_vec();
        let (first, rest) = command.split_first()?;
        let is_there = Command::new(first).args(rest).arg("true").status().is_ok_and(|status| status.success());
        is_there.then(|| Self { command, log: log.to_owned() })
    }

    /// Counts so far.
    pub fn syncs(&self) -> Outcome<Syncs> {
        let text = fs::read_to_string(&self.log)?;
        let (log, database) =
            text.lines().filter(|line| line.contains("sync(")).partition::<Vec<_>, _>(|line| line.contains("-wal>"));
        Ok(Syncs { log: log.len(), database: database.len() })
    }
}

/// Number of waits for the disk.
pub struct Syncs {
    pub log: usize,
    pub database: usize,
}
