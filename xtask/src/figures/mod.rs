//! docs/FIGURES.md: every measured number, each section written by the command that measures it.

mod strays;

pub(crate) use strays::strays;

use crate::process::{Cmd, Shell};
use crate::workspace::Workspace;
use anyhow::{Context, Result};

const PAGE: &str = "docs/FIGURES.md";

/// Flattened into the arguments of commands that measure.
#[derive(clap::Args)]
pub(crate) struct Figures {
    /// Write the result into docs/FIGURES.md.
    #[arg(long)]
    pub(crate) write: bool,
}

impl Figures {
    /// Runs what measures. What it prints, also when it fails, becomes the section of the page.
    pub(crate) fn run(
        &self,
        workspace: &Workspace,
        shell: &Shell,
        section: &str,
        cmd: Cmd,
    ) -> Result<()> {
        if !self.write {
            return cmd.run();
        }
        let (output, result) = cmd.run_and_keep();
        let path = workspace.path(PAGE);
        let page = std::fs::read_to_string(&path).with_context(|| format!("cannot read {PAGE}"))?;
        let text = format!("{}\n\n```text\n{}\n```", origin(shell)?, output.trim_matches('\n'));
        let page = replace(&page, section, &text)
            .with_context(|| format!("{PAGE} has no section between the marks of `{section}`"))?;
        std::fs::write(&path, page).with_context(|| format!("cannot write {PAGE}"))?;
        result
    }
}

/// The command, when it ran, and with what.
fn origin(shell: &Shell) -> Result<String> {
    let line = |program: &str, arguments: &[&str]| -> Result<String> {
        Ok(shell.cmd(program).args(arguments).read()?.trim().to_owned())
    };
    let command: Vec<_> = std::env::args().skip(1).collect();
    let machine = "`${os.cpus().length} processors (${os.cpus()[0].model})`";
    Ok(format!(
        "`cargo xtask {}`, {}, revision {}, {}, Node {}, {}",
        command.join(" "),
        line("date", &["-u", "+%Y-%m-%d"])?,
        revision(&line)?,
        line("rustc", &["--version"])?,
        line("node", &["--version"])?,
        line("node", &["-p", machine])?,
    ))
}

/// The commit, and whether more than the documentation, which the commands that measure write, differs from it.
fn revision(line: &impl Fn(&str, &[&str]) -> Result<String>) -> Result<String> {
    let commit = line("git", &["rev-parse", "--short", "HEAD"])?;
    let changed = line("git", &["status", "--porcelain", "--", ".", ":!docs"])?;
    Ok(if changed.is_empty() { commit } else { format!("{commit} with changes") })
}

fn replace(page: &str, section: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {section} -->\n"), format!("<!-- end of {section} -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{text}\n\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::replace;

    #[test]
    fn a_section_is_replaced_and_nothing_else() {
        let page = "a\n<!-- size -->\n\nold\n\n<!-- end of size -->\nb\n<!-- speed -->\n<!-- end of speed -->\n";
        let expected = page.replace("old", "new");
        assert_eq!(replace(page, "size", "new"), Some(expected.clone()));
        assert_eq!(replace(&expected, "size", "new"), Some(expected));
        assert_eq!(replace(page, "other", "new"), None);
    }
}
