//! Copies the database while the server keeps writing.
//!
//! SQLite's online backup copies one state of the file, as of one commit. The copy is checked before it is renamed, so
//! a file with the target's name is a complete and sound database.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use super::file::BUSY_TIMEOUT;

/// Time that a copy waits for a busy file.
const BUSY_MAX: Duration = Duration::from_secs(10);
const BUSY_PAUSE: Duration = Duration::from_millis(50);

/// Owner only: the copy contains all data of the database.
const MODE: u32 = 0o600;

/// Reason why the backup failed; its partial file has been removed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("there is no database {}; set DATABASE_URL as it is for the server", path.display())]
    Missing { path: PathBuf },
    #[error("{} is there already, and a backup replaces nothing; name another file", path.display())]
    Exists { path: PathBuf },
    #[error("{} is no file that can be written: {cause}", path.display())]
    Target { path: PathBuf, cause: io::Error },
    #[error("the database {} cannot be read: {cause}", path.display())]
    Source { path: PathBuf, cause: rusqlite::Error },
    #[error("{} is no database of FinAlly", path.display())]
    Foreign { path: PathBuf },
    #[error("the database {} cannot be copied: {cause}", path.display())]
    Copy { path: PathBuf, cause: rusqlite::Error },
    #[error("the copy of {} is not sound, so the database may be damaged; it was not kept: {finding}", path.display())]
    Unsound { path: PathBuf, finding: String },
}

/// Copies the database `source` into a new file `target`; returns its size in bytes.
///
/// # Errors
/// If there is no such database, the target exists or cannot be written, or the copy is corrupt.
pub fn back_up(source: &Path, target: &Path) -> Result<u64, BackupError> {
    let source_path = || source.to_owned();
    if !source.is_file() {
        return Err(BackupError::Missing { path: source_path() });
    }
    if target.symlink_metadata().is_ok() {
        return Err(BackupError::Exists { path: target.to_owned() });
    }
    let unreadable = |cause| BackupError::Source { path: source_path(), cause };
    let reader = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(unreadable)?;
    reader.busy_timeout(BUSY_TIMEOUT).map_err(unreadable)?;
    let is_ours = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'accounts')";
    if !reader.query_row(is_ours, [], |row| row.get(0)).map_err(unreadable)? {
        return Err(BackupError::Foreign { path: source_path() });
    }

    let unwritable = |cause| BackupError::Target { path: target.to_owned(), cause };
    let part = Part::create(target).map_err(unwritable)?;
    copy(&reader, &part.0).map_err(|cause| BackupError::Copy { path: source_path(), cause })?;
    match check(&part.0) {
        Ok(None) => {}
        Ok(Some(finding)) => return Err(BackupError::Unsound { path: source_path(), finding }),
        Err(cause) => return Err(BackupError::Unsound { path: source_path(), finding: cause.to_string() }),
    }
    part.publish(target).map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists { path: target.to_owned() },
        _ => unwritable(cause),
    })
}

/// The copy under its temporary name; removed when dropped.
struct Part(PathBuf);

impl Part {
    fn create(target: &Path) -> io::Result<Self> {
        let mut path = target.as_os_str().to_owned();
        path.push(format!(".part-{}", std::process::id()));
        OpenOptions::new().write(true).create_new(true).mode(MODE).open(&path)?;
        Ok(Self(path.into()))
    }

    /// Renames it, unless the target has appeared meanwhile.
    fn publish(self, target: &Path) -> io::Result<u64> {
        let file = File::open(&self.0)?;
        file.sync_all()?;
        match fs::hard_link(&self.0, target) {
            Ok(()) => {}
            // Not every file system supports links.
            Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists && target.symlink_metadata().is_err() => {
                fs::rename(&self.0, target)?;
            }
            Err(cause) => return Err(cause),
        }
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After a rename there is nothing to remove.
        let _ = fs::remove_file(&self.0);
    }
}

/// Copies one state of the file in one step, while the writer continues.
fn copy(reader: &Connection, target: &Path) -> rusqlite::Result<()> {
    let mut writer = Connection::open_with_flags(target, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let started = Instant::now();
    let backup = Backup::new(reader, &mut writer)?;
    loop {
        match backup.step(-1)? {
            StepResult::Done => break,
            StepResult::More => {}
            // Busy, or locked by a checkpoint.
            _ if started.elapsed() < BUSY_MAX => thread::sleep(BUSY_PAUSE),
            _ => {
                return Err(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                    None,
                ));
            }
        }
    }
    drop(backup);
    // A self-contained file, without a log.
    writer.pragma_update(None, "journal_mode", "DELETE")?;
    writer.close().map_err(|(_, cause)| cause)
}

/// The fault of the copy, if any.
fn check(target: &Path) -> rusqlite::Result<Option<String>> {
    let copy = Connection::open_with_flags(target, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let finding: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if finding != "ok" {
        return Ok(Some(finding));
    }
    let mut strays = copy.prepare("PRAGMA foreign_key_check")?;
    let mut strays = strays.query([])?;
    let stray: Option<String> = strays.next()?.map(|row| row.get(0)).transpose()?;
    Ok(stray.map(|table| format!("a row of {table} belongs to none")))
}
