//! Location of the database: it must be a writable folder on a local disk.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::file::StoreError;

/// File systems of other machines or programs, by their kernel names. Their locks and syncs do not meet the
/// requirements of SQLite's write-ahead log.
const NETWORKED: [&str; 22] = [
    "9p",
    "afs",
    "ceph",
    "cifs",
    "davfs",
    "fuse.blobfuse2",
    "fuse.ceph",
    "fuse.curlftpfs",
    "fuse.davfs",
    "fuse.gcsfuse",
    "fuse.glusterfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "fuse.vmhgfs-fuse",
    "glusterfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "vboxsf",
];

/// Suffixes of the files beside an open database.
const COMPANIONS: [&str; 4] = ["", ".lock", "-wal", "-shm"];

/// Kind of the network file system that contains a path, if any.
pub fn network_file_system(path: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    kind_of(&mounts, &existing_part(path).canonicalize().ok()?)
}

/// `mounts` is the text of `/proc/self/mountinfo`: the fifth field is the mount point, the first one after a dash the
/// kind.
fn kind_of(mounts: &str, path: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        Some((PathBuf::from(unescape(place.split(' ').nth(4)?)), kind.split(' ').next()?))
    });
    // The innermost mount wins, and of two at one place the later.
    let (_, kind) =
        mounts.filter(|(place, _)| path.starts_with(place)).max_by_key(|(place, _)| place.as_os_str().len())?;
    NETWORKED.contains(&kind).then(|| kind.to_owned())
}

/// Decodes blanks and backslashes, which are three octal digits.
fn unescape(text: &str) -> String {
    [(r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", r"\")]
        .into_iter()
        .fold(text.to_owned(), |text, (escaped, letter)| text.replace(escaped, letter))
}

/// The existing part of a path.
fn existing_part(path: &Path) -> &Path {
    let is_there = |path: &&Path| !path.as_os_str().is_empty() && path.exists();
    path.ancestors().find(is_there).unwrap_or_else(|| Path::new("."))
}

/// Checks that this user can write the database and the files beside it.
///
/// # Errors
/// [`StoreError::NotWritable`], which names the user that needs access.
pub fn check_writable(database: &Path) -> Result<(), StoreError> {
    for companion in COMPANIONS {
        let mut path = database.as_os_str().to_owned();
        path.push(companion);
        let path = PathBuf::from(path);
        if path.exists()
            && let Err(cause) = OpenOptions::new().write(true).open(&path)
        {
            return Err(explain(&path, cause));
        }
    }
    Ok(())
}

/// Explains why a path could not be created or written.
pub fn explain(path: &Path, cause: io::Error) -> StoreError {
    let path = existing_part(path).to_owned();
    match cause.kind() {
        io::ErrorKind::PermissionDenied => {
            // The process's own user owns its entry in `/proc`.
            let user = fs::metadata("/proc/self").map_or_else(|_| "this user".to_owned(), |own| own.uid().to_string());
            let owner = fs::metadata(&path).map_or_else(|_| "another".to_owned(), |file| file.uid().to_string());
            StoreError::NotWritable { path, user, owner }
        }
        io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly { path },
        _ => StoreError::Folder { path, cause },
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const MOUNTS: &str = r"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:35 / /mnt/nas rw,relatime shared:2 - nfs4 nas:/volume rw,vers=4.2
41 22 0:36 / /mnt/my\040share rw - cifs //nas/share rw
42 40 8:2 / /mnt/nas/local rw - xfs /dev/sdb1 rw
43 22 0:37 / /home/me/remote rw,nosuid master:3 - fuse.sshfs me@host: rw
44 22 0:38 / /app/db rw - 9p drvfs rw
45 22 0:39 / /app/db rw - ext4 /dev/sdc1 rw
";

    #[rstest]
    #[case::local("/var/lib/finally/finally.db", None)]
    #[case::nfs("/mnt/nas/finally/finally.db", Some("nfs4"))]
    #[case::a_name_that_begins_alike("/mnt/nasty/finally.db", None)]
    #[case::blanks("/mnt/my share/finally.db", Some("cifs"))]
    #[case::a_disk_below("/mnt/nas/local/finally.db", None)]
    #[case::ssh("/home/me/remote/db/finally.db", Some("fuse.sshfs"))]
    #[case::mounted_over("/app/db/finally.db", None)]
    fn a_network_file_system_is_known_by_its_mount(#[case] path: &str, #[case] kind: Option<&str>) {
        assert_eq!(kind_of(MOUNTS, Path::new(path)).as_deref(), kind);
    }

    #[rstest]
    #[case(io::ErrorKind::PermissionDenied, "chown")]
    #[case(io::ErrorKind::ReadOnlyFilesystem, "read-only")]
    #[case(io::ErrorKind::NotADirectory, "cannot be used")]
    fn what_cannot_be_written_says_what_to_do(#[case] kind: io::ErrorKind, #[case] expected: &str) {
        let told = explain(Path::new("/proc/self/no/such/folder"), kind.into()).to_string();
        assert!(told.contains("/proc/self") && !told.contains("such") && told.contains(expected), "{told}");
    }
}
