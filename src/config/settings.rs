//! What a setting is, and how it becomes an argument of the command line.

mod table;

use clap::{Arg, ArgAction, value_parser};

pub use self::table::{SERVER, TOKEN_SOURCES, TOKENS};
use super::Config;

/// Settings under one heading.
pub struct Section {
    pub title: &'static str,
    pub settings: &'static [Setting],
}

pub struct Setting {
    /// The environment variable, from which the name of the flag is derived.
    pub name: &'static str,
    /// Empty if there is none.
    pub default: &'static str,
    pub takes: Takes,
    pub help: &'static str,
    /// Reads a text into the configuration, and adds the faults of the text.
    pub read: fn(&mut Config, &str, &mut Vec<String>),
    /// The effective value, without secrets.
    pub show: fn(&Config) -> String,
}

/// The values of a flag, by the name that `--help` has for them.
pub enum Takes {
    One(&'static str),
    /// Separated by commas, or by repeating the flag.
    Many(&'static str),
    /// The flag itself means `true`.
    Nothing,
}

/// All settings, those about tokens first: without a source of tokens, others have other defaults.
pub fn sections() -> impl Iterator<Item = &'static Section> {
    TOKENS.iter().chain(&SERVER)
}

/// The settings as flags, before or after the command, and as environment variables.
pub fn arguments() -> impl Iterator<Item = Arg> {
    sections().flat_map(|section| {
        section.settings.iter().map(|setting| setting.argument().help_heading(section.title))
    })
}

impl Setting {
    fn argument(&self) -> Arg {
        let name = self.name.strip_prefix("TASKWARD_").unwrap_or(self.name);
        let argument = Arg::new(self.name)
            .long(name.to_lowercase().replace('_', "-"))
            .env(self.name)
            .hide_env_values(true)
            .help(self.help)
            .default_value(Some(self.default).filter(|default| !default.is_empty()))
            .global(true);
        match self.takes {
            Takes::One(value) => argument.value_name(value),
            Takes::Many(value) => argument.value_name(value).action(ArgAction::Append),
            // Any text of the environment, so that a wrong one is named together with other faults.
            Takes::Nothing => {
                argument.action(ArgAction::SetTrue).value_parser(value_parser!(String))
            }
        }
    }
}
