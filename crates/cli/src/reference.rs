//! `vouchsafe reference`, hidden: the pages of `docs/reference/`, as Markdown on standard output.
//!
//! `cargo xtask docs` writes them to their files, so that they cannot disagree with what this
//! program does.

use std::fmt::Write as _;

use clap::{Arg, Command, Subcommand};

use crate::{config, print};

/// Print a page of the reference as Markdown.
#[derive(Debug, Subcommand)]
pub(crate) enum ReferenceCommand {
    /// All commands, their arguments and defaults.
    Commands,
    /// All keys of the configuration file.
    Configuration,
}

pub(crate) fn run(page: &ReferenceCommand, command: Command) -> anyhow::Result<()> {
    let page = match page {
        ReferenceCommand::Commands => commands(command),
        ReferenceCommand::Configuration => config::reference(),
    };
    print::bytes(page.as_bytes())
}

fn commands(mut command: Command) -> String {
    command.build();
    let mut page = String::from(
        "# Commands\n\nEvery command of `vouchsafe` with its arguments. The same texts as `--help`.\n",
    );
    describe(&command, &mut page);
    page
}

/// A command and everything below it.
fn describe(command: &Command, page: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let about = command.get_long_about().or_else(|| command.get_about());
    let about = sentence(&about.map(ToString::to_string).unwrap_or_default());
    let mut usage = command.clone();
    let usage = usage.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let _ = write!(page, "\n## {name}\n\n{about}\n\n```text\n{usage}\n```\n");
    let arguments: Vec<_> = command.get_arguments().filter(|arg| is_told(arg)).collect();
    if !arguments.is_empty() {
        page.push('\n');
    }
    for argument in arguments {
        let _ = writeln!(page, "- {}", describe_argument(argument));
    }
    for below in command.get_subcommands().filter(|below| is_visible(below)) {
        describe(below, page);
    }
}

fn is_visible(command: &Command) -> bool {
    !command.is_hide_set() && command.get_name() != "help"
}

fn is_told(argument: &Arg) -> bool {
    !argument.is_hide_set() && !matches!(argument.get_id().as_str(), "help" | "version")
}

fn describe_argument(argument: &Arg) -> String {
    let takes_value = argument.get_action().takes_values();
    let value = takes_value.then(|| {
        let names = argument.get_value_names().unwrap_or_default();
        let names: Vec<_> = names.iter().map(|name| format!("<{name}>")).collect();
        names.join(" ")
    });
    let long = argument.get_long().map(|long| format!("--{long}"));
    let spelled: Vec<_> = long.into_iter().chain(value).collect();
    let help = argument.get_long_help().or_else(|| argument.get_help());
    // One line: the parts of a longer help are paragraphs of a terminal.
    let help = help.map(ToString::to_string).unwrap_or_default();
    let help = sentence(&help.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut notes = Vec::new();
    let possible = argument.get_possible_values();
    if takes_value && !possible.is_empty() {
        let words: Vec<_> = possible.iter().map(|word| format!("`{}`", word.get_name())).collect();
        notes.push(format!("one of {}", words.join(", ")));
    }
    let defaults = argument.get_default_values();
    if takes_value && !defaults.is_empty() && defaults.iter().any(|default| !default.is_empty()) {
        let words: Vec<_> =
            defaults.iter().map(|word| format!("`{}`", word.to_string_lossy())).collect();
        notes.push(format!("default {}", words.join(", ")));
    }
    if let Some(variable) = argument.get_env() {
        notes.push(format!("environment `{}`", variable.to_string_lossy()));
    }
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
    format!("`{}`: {help}{notes}", spelled.join(" "))
}

/// The terminal leaves the last full stop out.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let stop = if text.ends_with(|c: char| c.is_alphanumeric() || c == '`') { "." } else { "" };
    format!("{text}{stop}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn check(command: &Command, missing: &mut Vec<String>) {
        let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
        if command.get_about().is_none() {
            missing.push(name.clone());
        }
        for argument in command.get_arguments().filter(|argument| is_told(argument)) {
            if argument.get_help().is_none() {
                missing.push(format!("{name} {}", argument.get_id()));
            }
        }
        command.get_subcommands().filter(|below| is_visible(below)).for_each(|b| check(b, missing));
    }

    #[test]
    fn every_command_and_every_argument_has_a_help_text() {
        let mut command = crate::Cli::command();
        command.build();
        let mut missing = Vec::new();
        check(&command, &mut missing);
        assert!(missing.is_empty(), "no help: {missing:?}");
    }

    #[test]
    fn the_page_has_commands_defaults_and_variables_and_no_hidden_command() {
        let page = commands(crate::Cli::command());
        for text in [
            "\n## vouchsafe token add\n",
            "vouchsafe token add [OPTIONS] --user <NAME>",
            "- `--data <DIR>`: Folder with the embedded database and the files.",
            "environment `VOUCHSAFE_DATA`",
            "default `command line`",
        ] {
            assert!(page.contains(text), "{text:?} is missing in\n{page}");
        }
        for text in ["## vouchsafe reference", "## vouchsafe help", "- `--help`"] {
            assert!(!page.contains(text), "{text:?} is in\n{page}");
        }
    }
}
