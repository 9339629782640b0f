//! How does one install PostgreSQL here? The command of the system's own package manager.

use nix::unistd::geteuid;
use std::path::Path;

/// The operating system, as far as installing a package on it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// Its name for people, such as `Debian GNU/Linux 12 (bookworm)`.
    pub name: String,
    /// What to run to install a PostgreSQL server; none where pgauge does not know the system.
    pub install: Option<String>,
}

impl System {
    /// The system this process runs on: `/etc/os-release`, or macOS by how pgauge was built.
    pub fn here() -> Self {
        let prefix = if geteuid().is_root() { "" } else { "sudo " };
        if cfg!(target_os = "macos") {
            return Self {
                name: "macOS".to_owned(),
                install: Some("brew install postgresql@17".to_owned()),
            };
        }
        let release = ["/etc/os-release", "/usr/lib/os-release"]
            .iter()
            .find_map(|path| std::fs::read_to_string(Path::new(path)).ok())
            .unwrap_or_default();
        Self::from_os_release(&release, prefix)
    }

    /// Reads the text of an `os-release` file (its form: os-release(5)); `prefix` goes before a command that needs root.
    pub fn from_os_release(release: &str, prefix: &str) -> Self {
        let field = |name: &str| {
            release
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
                .map(|value| value.trim().trim_matches(['"', '\'']).to_owned())
        };
        let id = field("ID").unwrap_or_default();
        let like = field("ID_LIKE").unwrap_or_default();
        let command = std::iter::once(id.as_str())
            .chain(like.split_whitespace())
            .find_map(package_command);
        Self {
            name: field("PRETTY_NAME").unwrap_or_else(|| "this system".to_owned()),
            install: command.map(|command| match command.starts_with("nix") {
                true => command.to_owned(),
                false => format!("{prefix}{command}"),
            }),
        }
    }

    /// One line of advice: how to install a server here.
    pub fn advice(&self) -> String {
        match &self.install {
            Some(command) => format!("install PostgreSQL on {} with `{command}`", self.name),
            None => "install PostgreSQL as https://www.postgresql.org/download/ says".to_owned(),
        }
    }
}

fn package_command(id: &str) -> Option<&'static str> {
    Some(match id {
        "debian" | "ubuntu" => "apt-get install postgresql",
        "fedora" | "rhel" | "centos" => "dnf install postgresql-server postgresql-contrib",
        "amzn" => "dnf install postgresql17-server postgresql17-contrib",
        "alpine" => "apk add postgresql postgresql-contrib",
        "arch" => "pacman -S postgresql",
        "opensuse" | "suse" => "zypper install postgresql-server postgresql-contrib",
        "nixos" => "nix-shell -p postgresql",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(release: &str) -> String {
        System::from_os_release(release, "sudo ").advice()
    }

    #[test]
    fn each_family_of_systems_gets_its_own_command() {
        let debian =
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n";
        assert_eq!(
            advice(debian),
            "install PostgreSQL on Debian GNU/Linux 12 (bookworm) with `sudo apt-get install postgresql`"
        );
        for (id, command) in [
            ("ubuntu", "sudo apt-get"),
            ("fedora", "sudo dnf"),
            ("alpine", "sudo apk add"),
            ("arch", "sudo pacman"),
            ("nixos", "nix-shell"),
        ] {
            assert!(
                advice(&format!("ID={id}")).contains(&format!("`{command}")),
                "{id}"
            );
        }
    }

    #[test]
    fn a_derived_system_is_known_by_what_it_is_like() {
        let rocky =
            "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nPRETTY_NAME=\"Rocky Linux 9.4\"\n";
        assert!(advice(rocky).contains("Rocky Linux 9.4 with `sudo dnf install"));
    }

    #[test]
    fn an_unknown_system_is_sent_to_the_download_page() {
        assert!(advice("ID=plan9").contains("postgresql.org/download"));
        assert!(advice("").contains("postgresql.org/download"));
    }
}
