//! Possible contents of a disk after a power loss, derived from a process's file operations, which `disk.c` recorded.
//!
//! # Model
//! - A write is certain once a later sync of its file has returned. Before that, each sector (512 bytes) that it
//!   touched is on the disk as it was after any one of the writes since the last sync, or before all of them: so writes
//!   are lost, reordered and torn between sectors. The last write of a sector may also be torn within it.
//! - The size of a file is one of its sizes since the last sync, independent of its sectors; where the file grew
//!   without a write there are zeros or random bytes.
//! - The creation or removal of a file is certain once its folder was synced; before that, each name exists or not,
//!   independently. A sync of the file alone does not keep its name. A rename is a creation and a removal.
//! - After a failed sync, its pages count as clean (as in Linux): a later successful sync does not write them, unless
//!   they were written again.
//!
//! # Soundness
//! The model allows every state that POSIX allows, except for two assumptions of SQLite: bytes next to a write are
//! unchanged ("powersafe overwrite"), and synced data stays. It is harsher than a real file system in that names and
//! sizes are lost independently of the data. The write-ahead log's index (`-shm`) is mapped and never synced: it
//! becomes random or missing, and SQLite rebuilds it when it first opens the file.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use rand::Rng;

const SECTOR: usize = 512;
const PAGE: usize = 4_096;

#[derive(Debug, Clone, Default)]
struct FileState {
    /// Content as the processes saw it.
    seen: Vec<u8>,
    /// Content that is certain.
    certain: Vec<u8>,
    changes: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write {
        at: usize,
        bytes: Vec<u8>,
        /// Whether a sync of it failed.
        is_doomed: bool,
    },
    Resize(usize),
}

/// A name: the file that it certainly stands for, and later ones.
#[derive(Debug, Clone, Default)]
struct Name {
    certain: Option<usize>,
    since: Vec<Option<usize>>,
}

/// The files below one folder, with all their possible states.
#[derive(Debug, Default)]
pub struct Disk {
    files: Vec<FileState>,
    names: BTreeMap<String, Name>,
    /// By the kernel's current inode number.
    inodes: HashMap<u64, usize>,
    folders: HashMap<u64, String>,
    folder_ids: HashMap<usize, String>,
}

impl Disk {
    /// A disk on which everything in `root` is certain.
    pub fn holding(root: &Path) -> Self {
        let mut disk = Self::default();
        disk.take_in(root, "");
        disk
    }

    fn take_in(&mut self, folder: &Path, prefix: &str) {
        use std::os::unix::fs::MetadataExt;
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if name.ends_with("-shm") {
                continue;
            }
            let (metadata, id) = (entry.metadata().unwrap(), self.files.len());
            let certain = if metadata.is_dir() { Vec::new() } else { fs::read(entry.path()).unwrap() };
            self.files.push(FileState { seen: certain.clone(), certain, changes: Vec::new() });
            self.names.insert(name.clone(), Name { certain: Some(id), since: Vec::new() });
            self.inodes.insert(metadata.ino(), id);
            if metadata.is_dir() {
                self.folder_ids.insert(id, name.clone());
                self.take_in(&entry.path(), &format!("{name}/"));
            }
        }
    }

    /// Replays a process's operations, up to the journal's end.
    pub fn replay(mut self, journal: &[u8]) -> Self {
        let mut rest = journal;
        while let Some((head, after)) = rest.split_at_checked(32) {
            let number = |index: usize| u64::from_ne_bytes(head[index * 8..][..8].try_into().unwrap());
            let (kind, inode, at) = (number(0), number(1), number(2) as usize);
            let Some((bytes, after)) = after.split_at_checked(number(3) as usize) else { break };
            rest = after;
            self.note(kind, inode, at, bytes);
        }
        self
    }

    fn note(&mut self, kind: u64, inode: u64, at: usize, bytes: &[u8]) {
        let text = || str::from_utf8(bytes).unwrap().to_owned();
        match kind {
            1 if !self.inodes.contains_key(&inode) => drop(self.folders.insert(inode, text())),
            1 => {}
            2 | 8 => self.make(inode, text(), kind == 8),
            3 => self.file(inode).write(at, bytes),
            4 => self.file(inode).resize(at),
            5 => self.sync(inode),
            6 => self.fail_sync(inode),
            7 => self.names.get_mut(&text()).expect("it is there").since.push(None),
            9 => panic!("the layer cannot tell the truth about {}", text()),
            10 => self.rename(inode, &text()),
            _ => panic!("the journal is damaged: {kind}"),
        }
    }

    fn make(&mut self, inode: u64, name: String, is_folder: bool) {
        let id = self.files.len();
        self.files.push(FileState::default());
        self.inodes.insert(inode, id);
        if is_folder {
            self.folder_ids.insert(id, name.clone());
        }
        self.names.entry(name).or_default().since.push(Some(id));
    }

    /// A file gets another name; `names` are the old and the new one, with a zero between them.
    fn rename(&mut self, inode: u64, names: &str) {
        let (old, new) = names.split_once('\0').expect("it has two names");
        let id = self.inodes[&inode];
        self.names.get_mut(old).expect("it is there").since.push(None);
        self.names.entry(new.to_owned()).or_default().since.push(Some(id));
    }

    fn file(&mut self, inode: u64) -> &mut FileState {
        &mut self.files[self.inodes[&inode]]
    }

    fn sync(&mut self, inode: u64) {
        let folder = match self.inodes.get(&inode) {
            Some(id) => self.folder_ids.get(id),
            // The root itself.
            None => Some(&self.folders[&inode]),
        };
        let Some(folder) = folder.cloned() else { return self.file(inode).sync() };
        let parent = |name: &str| name.rsplit_once('/').map_or(".", |(parent, _)| parent).to_owned();
        for (_, name) in self.names.iter_mut().filter(|(name, _)| parent(name) == folder) {
            if let Some(latest) = name.since.drain(..).next_back() {
                name.certain = latest;
            }
        }
    }

    fn fail_sync(&mut self, inode: u64) {
        if let Some(id) = self.inodes.get(&inode) {
            for change in &mut self.files[*id].changes {
                if let Change::Write { is_doomed, .. } = change {
                    *is_doomed = true;
                }
            }
        }
    }

    /// Loses the power: replaces the contents of `root` with one of the disk's possible states.
    pub fn lose_power(&self, root: &Path, rng: &mut impl Rng) {
        fs::remove_dir_all(root).unwrap();
        fs::create_dir_all(root).unwrap();
        let luck = Luck::draw(rng);
        let mut kept_folders = vec![".".to_owned()];
        // Folders come before their contents.
        for (name, entry) in &self.names {
            let versions: Vec<_> = std::iter::once(entry.certain).chain(entry.since.iter().copied()).collect();
            let parent = name.rsplit_once('/').map_or(".", |(parent, _)| parent);
            let Some(id) = versions[luck.choose(versions.len(), rng)] else { continue };
            if !kept_folders.iter().any(|folder| folder == parent) {
                continue;
            }
            if self.folder_ids.contains_key(&id) {
                fs::create_dir(root.join(name)).unwrap();
                kept_folders.push(name.clone());
            } else {
                fs::write(root.join(name), self.files[id].after_power_loss(luck, rng)).unwrap();
            }
        }
        if rng.random() && root.join("db/finally.db").exists() {
            let mut rubbish = vec![0; rng.random_range(0..3 * PAGE)];
            rng.fill_bytes(&mut rubbish);
            fs::write(root.join("db/finally.db-shm"), rubbish).unwrap();
        }
    }
}

/// Fraction of unsynced data that the disk keeps, drawn per power loss: from nothing to nearly all.
#[derive(Debug, Clone, Copy)]
struct Luck {
    newest: f64,
    oldest: f64,
}

impl Luck {
    fn draw(rng: &mut impl Rng) -> Self {
        let share = [0.0, 0.05, 0.5, 0.95, 1.0];
        let newest = share[rng.random_range(0..share.len())];
        Self { newest, oldest: (1.0 - newest) * share[rng.random_range(0..share.len())] }
    }

    /// Chooses one of the versions, numbered from the oldest.
    fn choose(self, versions: usize, rng: &mut impl Rng) -> usize {
        let draw: f64 = rng.random();
        if draw < self.newest {
            versions - 1
        } else if draw < self.newest + self.oldest {
            0
        } else {
            rng.random_range(0..versions)
        }
    }
}

impl FileState {
    fn write(&mut self, at: usize, bytes: &[u8]) {
        put(&mut self.seen, at, bytes);
        self.changes.push(Change::Write { at, bytes: bytes.to_vec(), is_doomed: false });
    }

    fn resize(&mut self, size: usize) {
        self.seen.resize(size, 0);
        self.changes.push(Change::Resize(size));
    }

    /// Makes all writes certain, page by page, except pages given up by a failed sync.
    fn sync(&mut self) {
        let mut dirty = Vec::new();
        for change in self.changes.drain(..) {
            match change {
                Change::Write { is_doomed: true, .. } => {}
                Change::Write { at, bytes, .. } => dirty.push((at / PAGE * PAGE, at + bytes.len())),
                Change::Resize(size) => {
                    self.certain.truncate(size);
                    dirty.push((size, usize::MAX));
                }
            }
        }
        let size = self.seen.len();
        self.certain.resize(size, 0);
        for (start, end) in dirty {
            let range = start.min(size)..end.max(start).div_ceil(PAGE).saturating_mul(PAGE).min(size);
            self.certain[range.clone()].copy_from_slice(&self.seen[range]);
        }
    }

    fn after_power_loss(&self, luck: Luck, rng: &mut impl Rng) -> Vec<u8> {
        let mut now = self.certain.clone();
        let mut sizes = vec![now.len()];
        let mut sectors: BTreeMap<usize, Vec<[u8; SECTOR]>> = BTreeMap::new();
        for change in &self.changes {
            let touched = match change {
                Change::Write { at, bytes, .. } => {
                    put(&mut now, *at, bytes);
                    at / SECTOR..(at + bytes.len()).div_ceil(SECTOR)
                }
                Change::Resize(size) => {
                    let touched = size / SECTOR..now.len().div_ceil(SECTOR);
                    now.resize(*size, 0);
                    touched
                }
            };
            touched.for_each(|index| sectors.entry(index).or_default().push(sector(&now, index)));
            sizes.push(now.len());
        }
        let size = sizes[luck.choose(sizes.len(), rng)];
        let mut left = self.certain.clone();
        left.resize(size, 0);
        let has_rubbish: bool = rng.random();
        for (index, versions) in sectors {
            let mut before = sector(&self.certain, index);
            if has_rubbish && index * SECTOR >= self.certain.len() {
                rng.fill_bytes(&mut before);
            }
            let all: Vec<_> = std::iter::once(before).chain(versions).collect();
            let chosen = luck.choose(all.len(), rng);
            let mut kept = all[chosen];
            if chosen > 0 && rng.random_bool(0.02) {
                let torn_at = rng.random_range(0..SECTOR);
                kept[torn_at..].copy_from_slice(&all[chosen - 1][torn_at..]);
            }
            let start = (index * SECTOR).min(size);
            let end = (start + SECTOR).min(size);
            left[start..end].copy_from_slice(&kept[..end - start]);
        }
        left
    }
}

fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

/// A sector's bytes, with zeros beyond the file's end.
fn sector(file: &[u8], index: usize) -> [u8; SECTOR] {
    let mut bytes = [0; SECTOR];
    let start = (index * SECTOR).min(file.len());
    let end = (start + SECTOR).min(file.len());
    bytes[..end - start].copy_from_slice(&file[start..end]);
    bytes
}

const ROOT: u64 = 1;
const FILE: u64 = 2;

/// A disk with one file, and its content after each of many power losses: `None` if the file is gone.
fn losses(disk: &Disk) -> Vec<Option<Vec<u8>>> {
    use rand::SeedableRng;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    let lose = |seed| {
        disk.lose_power(&root, &mut rand_chacha::ChaCha8Rng::seed_from_u64(seed));
        fs::read(root.join("file")).ok()
    };
    (0..300).map(lose).collect()
}

fn disk_with_a_file() -> Disk {
    let mut disk = Disk::default();
    disk.note(1, ROOT, 0, b".");
    disk.note(2, FILE, 0, b"file");
    disk
}

#[test]
fn what_was_synced_stays_and_the_rest_may_go() {
    let mut disk = disk_with_a_file();
    disk.note(5, ROOT, 0, b"");
    disk.note(3, FILE, 0, &[1; 600]);
    disk.note(5, FILE, 0, b"");
    disk.note(3, FILE, 512, &[2; 1_000]);
    let files: Vec<_> = losses(&disk).into_iter().map(|file| file.expect("its name was synced")).collect();
    assert!(files.iter().all(|file| file[..512] == [1; 512]), "a sector that was not written since");
    let count = |is: &dyn Fn(&Vec<u8>) -> bool| files.iter().filter(|file| is(file)).count();
    assert!(count(&|file| file.len() == 600) > 0 && count(&|file| file.len() == 1_512) > 0, "either size");
    assert!(count(&|file| file[512..600] == [1; 88]) > 0, "the write was lost");
    assert!(count(&|file| file[512..600] == [2; 88]) > 0, "or kept");
    let is_torn = |file: &Vec<u8>| file.len() == 1_512 && (file[520] == 2) != (file[1_100] == 2);
    assert!(count(&is_torn) > 0, "or torn");
}

#[test]
fn a_name_is_kept_by_a_sync_of_its_folder_alone() {
    let mut disk = disk_with_a_file();
    disk.note(3, FILE, 0, b"x");
    disk.note(5, FILE, 0, b"");
    assert!(losses(&disk).contains(&None));
    disk.note(5, ROOT, 0, b"");
    assert!(losses(&disk).iter().all(|file| file.as_deref() == Some(b"x")));
}

#[test]
fn a_sync_does_not_make_up_for_one_that_failed() {
    let mut disk = disk_with_a_file();
    disk.note(5, ROOT, 0, b"");
    disk.note(3, FILE, 0, b"x");
    disk.note(6, FILE, 0, b"");
    disk.note(5, FILE, 0, b"");
    assert!(losses(&disk).iter().all(|file| file.as_deref() == Some(b"\0")));
    disk.note(3, FILE, 0, b"y");
    disk.note(5, FILE, 0, b"");
    assert!(losses(&disk).iter().all(|file| file.as_deref() == Some(b"y")));
}
