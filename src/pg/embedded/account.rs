//! As whom does the server run? PostgreSQL refuses root, so root hands the server to an unprivileged user.

use super::super::error::ServerError;
use nix::unistd::{Gid, Uid, User, geteuid};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// The users root hands the server to, in this order.
const STAND_INS: &[&str] = &["postgres", "nobody"];

/// The operating system's user that a server runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its user id.
    pub uid: Uid,
    /// Its primary group; a server gets no other groups when root starts it.
    pub gid: Gid,
    /// Whether that is who runs pgauge.
    pub relation: Relation,
}

/// How the server's user relates to the one that runs pgauge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The same user.
    Same,
    /// pgauge runs as root, the server as somebody unprivileged.
    StandIn,
}

impl Account {
    /// Whether it can run a program; asked by running it with `--version`.
    pub fn can_run(&self, program: &Path) -> bool {
        let mut command = Command::new(program);
        self.apply(command.arg("--version").current_dir("/"));
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }

    /// The account a server started by this process runs as.
    ///
    /// # Errors
    /// PostgreSQL needs a user with an entry in the user database, and there is none.
    pub fn of_this_process() -> Result<Self, ServerError> {
        let uid = geteuid();
        match uid.is_root() {
            true => Self::stand_in(),
            false => Self::own(uid),
        }
    }

    fn own(uid: Uid) -> Result<Self, ServerError> {
        let user = User::from_uid(uid).ok().flatten().ok_or_else(|| {
            ServerError::new(format!("user id {uid} has no entry in the user database"))
                .detail("PostgreSQL refuses to start as a user without a name, as happens in some containers")
                .hint(format!(
                    "add a line for {uid} to /etc/passwd, or name a server that runs already with `--server \
                     postgres://user@host/database`"
                ))
        })?;
        Ok(Self::from_user(user, Relation::Same))
    }

    fn stand_in() -> Result<Self, ServerError> {
        STAND_INS
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .filter(|user| !user.uid.is_root())
            .map(|user| Self::from_user(user, Relation::StandIn))
            .ok_or_else(|| {
                ServerError::new(
                    "pgauge runs as root, and there is no unprivileged user to run PostgreSQL as",
                )
                .detail(format!("looked for the users {}", STAND_INS.join(" and ")))
                .hint("add one with `useradd --system postgres`, or run pgauge as an ordinary user")
            })
    }

    fn from_user(user: User, relation: Relation) -> Self {
        Self {
            name: user.name,
            uid: user.uid,
            gid: user.gid,
            relation,
        }
    }

    /// Makes a command run as this account. For a stand-in, std also drops root's other groups.
    pub fn apply<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        match self.relation {
            Relation::Same => command,
            Relation::StandIn => command.gid(self.gid.as_raw()).uid(self.uid.as_raw()),
        }
    }

    /// One line on who it is and why.
    pub fn reason(&self) -> String {
        match self.relation {
            Relation::Same => format!("{}, who runs pgauge", self.name),
            Relation::StandIn => format!("{}, since PostgreSQL refuses to run as root", self.name),
        }
    }
}
