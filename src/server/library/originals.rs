//! Originals, as files named by their SHA-256.
//!
//! A file is written under a temporary name, synced, renamed to its hash, and only then gets a row; so the original of
//! each row is present and complete. Files that a crash left without a row are deleted at the next start.

use std::{
    collections::HashSet,
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tokio::{
    fs::{self, File},
    io::AsyncWriteExt,
};
use uuid::Uuid;

use super::sniff::HEAD_BYTES;

/// Folder of the originals.
#[derive(Debug, Clone)]
pub struct Originals(PathBuf);

/// A file that is being received; it is removed unless it is kept.
pub struct Incoming {
    file: File,
    path: TemporaryPath,
    hash: Sha256,
    pub bytes: u64,
    /// First bytes of the file, which identify its format.
    pub head: Vec<u8>,
}

/// A completely received file on disk.
pub struct Received {
    path: TemporaryPath,
    /// SHA-256 in hexadecimal.
    pub hash: String,
    pub bytes: u64,
    pub head: Vec<u8>,
}

/// Removes its file when dropped.
struct TemporaryPath(PathBuf);

impl Drop for TemporaryPath {
    fn drop(&mut self) {
        // The file was renamed, or is deleted at the next start.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Originals {
    pub fn in_folder(folder: PathBuf) -> Self {
        Self(folder)
    }

    fn incoming(&self) -> PathBuf {
        self.0.join("incoming")
    }

    /// Path of an original.
    pub fn path(&self, hash: &str) -> PathBuf {
        self.0.join(hash.get(..2).unwrap_or("xx")).join(hash)
    }

    /// Begins to receive a file.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub async fn receive(&self) -> io::Result<Incoming> {
        let folder = self.incoming();
        fs::create_dir_all(&folder).await?;
        let path = TemporaryPath(folder.join(Uuid::now_v7().to_string()));
        let file = File::create_new(&path.0).await?;
        Ok(Incoming { file, path, hash: Sha256::new(), bytes: 0, head: Vec::new() })
    }

    /// Renames a received file to its hash. The caller must then write its row, under the same lock that guards
    /// [`sweep`](Self::sweep) and deletions.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn keep(&self, received: Received) -> io::Result<()> {
        let path = self.path(&received.hash);
        let folder = path.parent().unwrap_or(&self.0).to_owned();
        if !fs::try_exists(&path).await? {
            fs::create_dir_all(&folder).await?;
            fs::rename(&received.path.0, &path).await?;
        }
        // A name is durable once its folder is synced, and that once those above it are. A file that is there already may be
        // the remains of an upload whose sync failed.
        sync_folder(&folder).await?;
        sync_folder(&self.0).await?;
        match self.0.parent() {
            Some(above) => sync_folder(above).await,
            None => Ok(()),
        }
    }

    /// Removes an original that no document uses; a missing file is no error.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn remove(&self, hash: &str) -> io::Result<()> {
        match fs::remove_file(self.path(hash)).await {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Removes files without a row: half-received ones, and originals of deleted documents. Returns their number.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn sweep(&self, known: &HashSet<String>) -> io::Result<u64> {
        let mut removed = 0;
        for folder in names(&self.0).await? {
            let is_incoming = folder == self.incoming();
            for file in names(&folder).await? {
                let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                if is_incoming || !known.contains(name) {
                    fs::remove_file(&file).await?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
}

impl Incoming {
    /// Adds a piece.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        let room = HEAD_BYTES.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..room]);
        self.hash.update(piece);
        self.bytes += piece.len() as u64;
        self.file.write_all(piece).await
    }

    /// Syncs and closes the file.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn finish(mut self) -> io::Result<Received> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        let mut hash = String::with_capacity(64);
        for byte in self.hash.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(hash, "{byte:02x}");
        }
        Ok(Received { path: self.path, hash, bytes: self.bytes, head: self.head })
    }
}

async fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).await?.sync_all().await
}

/// Paths in a folder; empty if it is missing or a file.
async fn names(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = match fs::read_dir(folder).await {
        Ok(entries) => entries,
        Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(cause) => return Err(cause),
    };
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        names.push(entry.path());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn received(originals: &Originals, content: &[u8]) -> Received {
        let mut incoming = originals.receive().await.unwrap();
        for piece in content.chunks(3) {
            incoming.write(piece).await.unwrap();
        }
        incoming.finish().await.unwrap()
    }

    #[tokio::test]
    async fn a_file_is_kept_by_its_hash_and_the_rest_is_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let originals = Originals::in_folder(folder.path().join("originals"));
        let first = received(&originals, b"hello").await;
        let hash = first.hash.clone();
        assert_eq!(hash, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
        assert_eq!((first.bytes, first.head.as_slice()), (5, b"hello".as_slice()));
        originals.keep(first).await.unwrap();
        // Keeping the same content again changes nothing.
        originals.keep(received(&originals, b"hello").await).await.unwrap();
        assert_eq!(fs::read(originals.path(&hash)).await.unwrap(), b"hello");

        let orphan = received(&originals, b"orphan").await;
        let orphan_hash = orphan.hash.clone();
        originals.keep(orphan).await.unwrap();
        let half = originals.receive().await.unwrap();
        std::mem::forget(half);
        assert_eq!(originals.sweep(&HashSet::from([hash.clone()])).await.unwrap(), 2);
        assert!(originals.path(&hash).exists() && !originals.path(&orphan_hash).exists());
    }

    #[tokio::test]
    async fn what_is_dropped_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let originals = Originals::in_folder(folder.path().to_owned());
        drop(received(&originals, b"hello").await);
        drop(originals.receive().await.unwrap());
        assert!(names(&originals.incoming()).await.unwrap().is_empty());
    }
}
