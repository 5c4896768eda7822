//! The folder whose files belong to the library; it is scanned on demand.

use std::{
    io,
    path::{Path, PathBuf},
};

use tokio::{fs, io::AsyncReadExt};
use tracing::warn;

use super::{
    Described, Library,
    bounds::{FILE_BYTES_MAX, FOLDER_DEPTH_MAX, FOLDER_FILES_MAX},
};
use crate::{domain::library::Origin, error::ApiError};

const PIECE_BYTES: usize = 64 * 1_024;

/// Result of a scan of the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderReport {
    /// Number of new documents.
    pub added: u64,
    /// Number of files that the library already had.
    pub known: u64,
    /// Files that were not taken in, with the reason; at most a hundred.
    pub skipped: Vec<(String, String)>,
}

const SKIPPED_MAX: usize = 100;

impl Library {
    /// Takes in new files of `LIBRARY_FOLDER`. Hidden files and links that lead out of it are skipped.
    ///
    /// # Errors
    /// If no folder is set, the library is full, or too many tasks are queued; files taken in before that are kept.
    pub async fn read_folder(&self) -> Result<FolderReport, ApiError> {
        let folder = self.config().folder.clone().ok_or(ApiError::NotFound)?;
        let mut report = FolderReport::default();
        let files = match files(&folder).await {
            Ok(files) => files,
            Err(cause) => {
                warn!(%cause, "the library's folder cannot be read");
                return Err(ApiError::BusyReading);
            }
        };
        for path in files {
            let source = path.strip_prefix(&folder).unwrap_or(&path).display().to_string();
            match self.take_file(&path, source.clone()).await {
                Ok(true) => report.known += 1,
                Ok(false) => report.added += 1,
                Err(error @ (ApiError::LibraryFull | ApiError::TooManyTasks)) => return Err(error),
                Err(error) if report.skipped.len() < SKIPPED_MAX => report.skipped.push((source, error.to_string())),
                Err(_) => {}
            }
        }
        Ok(report)
    }

    /// Takes in a file; returns whether the library already had it.
    async fn take_file(&self, path: &Path, source: String) -> Result<bool, ApiError> {
        let unreadable = |_| ApiError::UnsupportedFile { name: path.display().to_string() };
        let mut file = fs::File::open(path).await.map_err(unreadable)?;
        if file.metadata().await.map_err(unreadable)?.len() > FILE_BYTES_MAX {
            return Err(ApiError::FileTooLarge { name: source });
        }
        let mut upload = self.begin(Origin::Folder, source, None).await?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece).await.map_err(unreadable)? {
                0 => break,
                length => upload.write(&piece[..length]).await?,
            }
        }
        Ok(self.accept(upload, Described::default()).await?.is_duplicate)
    }
}

/// Files below a folder, sorted by name.
async fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let root = fs::canonicalize(folder).await?;
    let (mut files, mut folders) = (Vec::new(), vec![(folder.to_owned(), 0)]);
    while let Some((folder, depth)) = folders.pop() {
        let mut entries = fs::read_dir(&folder).await?;
        while let Some(entry) = entries.next_entry().await? {
            let (path, kind) = (entry.path(), entry.file_type().await?);
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            let leads_out =
                kind.is_symlink() && !fs::canonicalize(&path).await.is_ok_and(|real| real.starts_with(&root));
            if is_hidden || leads_out {
                continue;
            }
            if kind.is_dir() && depth < FOLDER_DEPTH_MAX {
                folders.push((path, depth + 1));
            } else if !kind.is_dir()
                && fs::metadata(&path).await.is_ok_and(|about| about.is_file())
                && files.len() < FOLDER_FILES_MAX
            {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_are_found_and_links_out_of_the_folder_are_not() {
        let outside = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("deep/er")).unwrap();
        for name in ["b.txt", "a.md", "deep/er/c.pdf", ".hidden"] {
            std::fs::write(root.join(name), "x").unwrap();
        }
        std::fs::write(outside.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), root.join("out")).unwrap();
        std::os::unix::fs::symlink(root.join("b.txt"), root.join("in")).unwrap();
        let found = files(root).await.unwrap();
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(root).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.md", "b.txt", "deep/er/c.pdf", "in"]);
    }
}
