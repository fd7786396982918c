//! The files of SQLite, which only their owner may read: they hold the tasks of all users.
//!
//! Nothing here opens the database itself: closing it would release the locks that SQLite has on it
//! (<https://sqlite.org/howtocorrupt.html>, §2.2).

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering},
};

use sea_orm::{DbErr, RuntimeErr, sqlx::sqlite::SqliteConnectOptions};

/// The permissions of everybody but the owner.
const OF_OTHERS: u32 = 0o077;

/// Makes the file and its folder where they are missing, for their owner only, and warns of those that
/// exist and are open to others. SQLite gives `-wal` and `-shm` the permissions of the file.
pub fn prepare(file: &Path) -> Result<(), DbErr> {
    let failed =
        |error| DbErr::Custom(format!("the database {} cannot be made: {error}", file.display()));
    let folder = make_folder(file).map_err(failed)?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    warn_if_open(folder);
    for suffix in ["", "-wal", "-shm"] {
        warn_if_open(&beside(file, suffix));
    }
    Ok(())
}

/// Locks the SQLite file of `url` against other processes until the result is dropped or the process ends,
/// however it ends: [`File::try_lock`] for a server, which must be alone, since its subscribers hear only of
/// its own changes; [`File::try_lock_shared`] for what keeps only a server away. Several servers can share
/// PostgreSQL, so there it is `None`.
///
/// # Errors
/// When another process has the lock, or the file of the lock cannot be made.
pub fn lock(
    url: &str,
    try_lock: fn(&File) -> Result<(), TryLockError>,
) -> io::Result<Option<File>> {
    if !url.starts_with("sqlite:") {
        return Ok(None);
    }
    let options = SqliteConnectOptions::from_str(url).map_err(io::Error::other)?;
    let file = options.get_filename();
    let locked = || {
        make_folder(file)?;
        // A link to the file is another name of the same database.
        let path = beside(&fs::canonicalize(file).unwrap_or_else(|_| file.to_owned()), "-lock");
        let mut options = OpenOptions::new();
        let lock = options.write(true).create(true).truncate(false).mode(0o600).open(path)?;
        try_lock(&lock)?;
        Ok(Some(lock))
    };
    locked().map_err(|error: io::Error| {
        let reason = if error.kind() == ErrorKind::WouldBlock {
            "is in use by another taskward: stop it first, or use PostgreSQL for several servers"
        } else {
            &format!("cannot be locked: {error}")
        };
        io::Error::other(format!("the database {} {reason}", file.display()))
    })
}

/// The file that a path named at the start. SQLite goes on writing to it after it was removed or replaced,
/// and what is written there is gone with the process.
#[derive(Debug)]
pub struct DatabaseFile {
    path: PathBuf,
    device_and_inode: (u64, u64),
    is_missing: AtomicBool,
}

impl DatabaseFile {
    /// The file that exists at the path.
    pub fn at(path: &Path) -> io::Result<Self> {
        let device_and_inode = device_and_inode(path)?;
        Ok(Self { path: path.to_owned(), device_and_inode, is_missing: AtomicBool::new(false) })
    }

    /// Checks that it is still at its path, and logs when that has changed.
    ///
    /// # Errors
    /// That there is no connection to the database, until the same file is back.
    pub fn check(&self) -> Result<(), DbErr> {
        let found = device_and_inode(&self.path).ok();
        let is_missing = found != Some(self.device_and_inode);
        let was_missing = self.is_missing.swap(is_missing, Ordering::Relaxed);
        let path = self.path.display();
        if is_missing && !was_missing {
            tracing::error!(
                %path,
                "the database was removed or replaced: nothing is written until the same file is back, or the server is started again"
            );
        } else if was_missing && !is_missing {
            tracing::info!(%path, "the database is back");
        }
        if is_missing {
            let reason = format!("the database {path} was removed or replaced");
            return Err(DbErr::Conn(RuntimeErr::Internal(reason)));
        }
        Ok(())
    }
}

fn device_and_inode(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// The folder of the file, made for its owner only where it is missing.
fn make_folder(file: &Path) -> io::Result<&Path> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    Ok(folder)
}

/// The file of that name and suffix.
pub fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(file);
    path.push(suffix);
    path.into()
}

fn warn_if_open(path: &Path) {
    // One that does not exist is not open to anybody.
    let Ok(metadata) = fs::metadata(path) else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OF_OTHERS != 0 {
        let (path, mode) = (path.display(), format!("{mode:04o}"));
        tracing::warn!(%path, mode, "users of this machine other than the owner may open this");
    }
}
