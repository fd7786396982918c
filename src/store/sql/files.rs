//! The files of SQLite, which only their owner may read: they hold the tasks of all users.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, OpenOptions},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use sea_orm::DbErr;

/// The permissions of everybody but the owner.
const OF_OTHERS: u32 = 0o077;

/// Makes the file and its folder where they are missing, for their owner only, and warns of those that
/// exist and are open to others. SQLite gives `-wal` and `-shm` the permissions of the file.
pub fn prepare(file: &Path) -> Result<(), DbErr> {
    let failed =
        |error| DbErr::Custom(format!("the database {} cannot be made: {error}", file.display()));
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    warn_if_open(folder);
    for suffix in ["", "-wal", "-shm"] {
        let mut path = OsString::from(file);
        path.push(suffix);
        warn_if_open(Path::new(&path));
    }
    Ok(())
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
