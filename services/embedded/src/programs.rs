//! Discovery of the server programs that are installed on the machine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::Error;

/// The oldest major version of PostgreSQL that the services support.
const OLDEST_POSTGRES: u32 = 15;

const POSTGRES_NOT_INSTALLED: Error = Error::NotInstalled {
    server: "PostgreSQL 15 or later",
    debian: "postgresql",
    homebrew: "postgresql@17",
};

const REDIS_NOT_INSTALLED: Error =
    Error::NotInstalled { server: "Redis 7 or later", debian: "redis-server", homebrew: "redis" };

/// Folders in which packages install each major version in a separate subfolder, and the path from
/// that subfolder to the programs.
const VERSIONED: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
];

/// Redis and compatible servers.
const REDIS: [&str; 2] = ["redis-server", "valkey-server"];

/// An installation of PostgreSQL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PostgresPrograms {
    folder: PathBuf,
    major: u32,
}

impl PostgresPrograms {
    /// Finds the newest installation, or the one whose major version wrote the existing files.
    pub(crate) fn find(written_by: Option<u32>) -> Result<Self, Error> {
        let found = path_folders().chain(versioned_folders()).filter_map(Self::in_folder);
        choose(found, written_by).ok_or(match written_by {
            Some(major) => Error::VersionNotInstalled { major },
            None => POSTGRES_NOT_INSTALLED,
        })
    }

    /// The path of a program of this installation.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn in_folder(folder: PathBuf) -> Option<Self> {
        let complete = ["initdb", "postgres", "pg_isready"]
            .iter()
            .all(|program| folder.join(program).is_file());
        if !complete {
            return None;
        }
        let version = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
        let major = major_version(str::from_utf8(&version.stdout).ok()?)?;
        Some(Self { folder, major })
    }
}

/// Finds the Redis server program.
pub(crate) fn redis_server() -> Result<PathBuf, Error> {
    path_folders()
        .flat_map(|folder| REDIS.map(|name| folder.join(name)))
        .find(|program| program.is_file())
        .ok_or(REDIS_NOT_INSTALLED)
}

fn choose(
    found: impl Iterator<Item = PostgresPrograms>,
    written_by: Option<u32>,
) -> Option<PostgresPrograms> {
    found
        .filter(|programs| match written_by {
            Some(major) => programs.major == major,
            None => programs.major >= OLDEST_POSTGRES,
        })
        .max_by_key(|programs| programs.major)
}

/// Parses `postgres (PostgreSQL) 15.14 (Debian 15.14-1)` as 15.
fn major_version(text: &str) -> Option<u32> {
    let number =
        text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    number?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn path_folders() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

fn versioned_folders() -> impl Iterator<Item = PathBuf> {
    VERSIONED.into_iter().flat_map(|(parent, rest)| {
        let versions = fs::read_dir(parent).into_iter().flatten().flatten();
        versions
            .filter(move |version| is_postgres(Path::new(parent), &version.file_name()))
            .map(move |version| version.path().join(rest))
    })
}

/// Debian's folder contains only versions of PostgreSQL; the others contain other packages too.
fn is_postgres(parent: &Path, name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    parent.ends_with("postgresql") || name.starts_with("pgsql-") || name.starts_with("postgresql@")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(majors: &[u32]) -> impl Iterator<Item = PostgresPrograms> {
        majors.iter().map(|&major| PostgresPrograms { folder: PathBuf::new(), major })
    }

    #[test]
    fn newest_version_is_chosen_unless_files_need_another() {
        let chosen = |majors, written_by| {
            choose(installed(majors), written_by).map(|programs| programs.major)
        };
        assert_eq!(chosen(&[14, 17, 15], None), Some(17));
        assert_eq!(chosen(&[14, 17, 15], Some(15)), Some(15));
        assert_eq!(chosen(&[14], None), None);
        assert_eq!(chosen(&[17], Some(16)), None);
    }

    #[test]
    fn major_version_is_parsed_from_postgres_output() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_version("postgres"), None);
    }

    #[test]
    fn missing_program_error_names_the_packages() {
        let message = POSTGRES_NOT_INSTALLED.to_string();
        assert!(message.contains("Debian: postgresql; Homebrew: postgresql@17"), "{message}");
    }
}
