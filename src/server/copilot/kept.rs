//! The model that a person connected in the page, stored in a separate file beside the database. The file contains a
//! key, so only the program's own user may read it, and database copies do not include it.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnectOptions;

/// A model with its address and key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    pub base_url: String,
    pub model: String,
    pub api_key: Option<String>,
}

/// Path of the file for a database.
pub fn path_beside(database_url: &str) -> PathBuf {
    // A bad address is reported elsewhere at the start.
    let database = SqliteConnectOptions::from_str(database_url).map(|options| options.get_filename().to_owned());
    let database = database.unwrap_or_else(|_| PathBuf::from("finally.db"));
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(".model");
    database.with_file_name(name)
}

impl Kept {
    /// Reads the file; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn load(path: &Path) -> io::Result<Option<Self>> {
        match fs::read(path) {
            // The cause could quote the file's content.
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|_| io::ErrorKind::InvalidData.into()),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    /// Writes the file atomically.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn store(&self, path: &Path) -> io::Result<()> {
        let unfinished = path.with_extension("model-new");
        remove(&unfinished)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    }
}

/// Removes the file, if there is one.
///
/// # Errors
/// If it cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_stands_beside_the_database_and_only_its_user_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_beside(&format!("sqlite://{}?mode=rwc", folder.path().join("finally.db").display()));
        assert_eq!(path, folder.path().join("finally.db.model"));
        assert!(Kept::load(&path).unwrap().is_none());
        let kept = |model: &str| Kept { base_url: "http://x".to_owned(), model: model.to_owned(), api_key: None };
        for model in ["a", "b"] {
            kept(model).store(&path).unwrap();
            assert!(Kept::load(&path).unwrap() == Some(kept(model)));
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
        remove(&path).unwrap();
        remove(&path).unwrap();
        fs::write(&path, "{").unwrap();
        assert!(Kept::load(&path).is_err());
    }
}
