//! Packages of the system, where we may install them: Debian and its kin, as root or with a
//! password-free sudo. Everywhere else the error names the command to run.

use crate::process::Shell;
use anyhow::{Result, bail};

/// Installs `packages` where there is no `program`.
pub(crate) fn provide(shell: &Shell, program: &str, what: &str, packages: &[&str]) -> Result<()> {
    if shell.find(program).is_some() { Ok(()) } else { install(shell, what, packages) }
}

/// Installs `packages`, which provide `what`.
pub(crate) fn install(shell: &Shell, what: &str, packages: &[&str]) -> Result<()> {
    let command = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if shell.find("apt-get").is_none() {
        bail!("{what} is missing: install it with your system's package manager and try again");
    }
    let Some(prefix) = privilege(shell) else {
        bail!("{what} is missing: run `sudo {command}` and try again");
    };
    let apt = |arguments: &[&str]| {
        let mut words = prefix.to_vec();
        words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        words.extend(["-o", "DPkg::Lock::Timeout=300"]);
        words.extend(arguments);
        shell.cmd(words[0]).args(&words[1..])
    };
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(packages);
    // Fresh images come without package lists; elsewhere fetching them would be wasted time.
    if apt(&install).run().is_ok() {
        return Ok(());
    }
    apt(&["update"]).remedy("Is the network reachable?").run()?;
    apt(&install).remedy(format!("{what} is missing: try `{command}` by hand")).run()
}

/// What to put before a command that needs root, or nothing when we cannot become root.
fn privilege(shell: &Shell) -> Option<&'static [&'static str]> {
    let is_root = shell.cmd("id").arg("-u").probe().is_some_and(|(ok, id)| ok && id.trim() == "0");
    if is_root {
        return Some(&[]);
    }
    let may = shell.cmd("sudo").args(["-n", "true"]).probe().is_some_and(|(ok, _)| ok);
    may.then_some(&["sudo", "-n"])
}
