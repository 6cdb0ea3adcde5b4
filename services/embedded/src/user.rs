//! The user that the servers run as. PostgreSQL refuses to run as root.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Error;

/// Unprivileged users that a machine may have, in order of preference.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// A user of this machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl User {
    /// Returns an unprivileged user if this process runs as root, and `None` if the servers can run
    /// as the user of this process.
    pub(crate) fn for_servers() -> Result<Option<Self>, Error> {
        if !is_root()? {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd").map_err(|source| Error::File {
            operation: "read",
            path: "/etc/passwd".into(),
            source,
        })?;
        let user = UNPRIVILEGED.iter().find_map(|name| find(&passwd, name));
        user.map(Some).ok_or(Error::NoServerUser)
    }

    /// Whether this user may enter a folder.
    pub(crate) fn can_enter(&self, folder: &Path) -> bool {
        use std::os::unix::process::CommandExt as _;
        let mut test = Command::new("test");
        test.arg("-x").arg(folder).uid(self.uid).gid(self.gid).current_dir("/");
        test.status().is_ok_and(|status| status.success())
    }
}

/// The standard library has no such function; one process at the start costs a millisecond.
fn is_root() -> Result<bool, Error> {
    let id = Command::new("id")
        .arg("-u")
        .output()
        .map_err(|source| Error::Run { program: "id", source })?;
    Ok(id.stdout.trim_ascii() == b"0")
}

/// Finds the user `name` in a passwd file. A user with uid 0 is not accepted under any name.
fn find(passwd: &str, name: &str) -> Option<User> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next()? == name;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        (found && uid != 0).then(|| User { name: name.to_owned(), uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/bash
broken line
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
toor:x:0:0::/root:/bin/sh
";

    #[test]
    fn user_is_found_by_name_unless_it_is_root() {
        let nobody = User { name: "nobody".to_owned(), uid: 65_534, gid: 65_534 };
        assert_eq!(find(PASSWD, "nobody"), Some(nobody));
        assert_eq!(find(PASSWD, "postgres"), None);
        assert_eq!(find(PASSWD, "toor"), None);
        assert_eq!(find(PASSWD, "broken line"), None);
    }
}
