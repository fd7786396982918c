//! The documentation has the table of settings.

use std::fmt::Write;

use super::settings;

/// The settings as `docs/configuration.md` has them.
fn markdown() -> String {
    let mut table = String::new();
    for section in settings::sections() {
        write!(table, "\n### {}\n\n", section.title).unwrap();
        table.push_str("| environment | default | description |\n|---|---|---|\n");
        for setting in section.settings {
            let default = match setting.default {
                "" => String::new(),
                default => format!(" `{default}`"),
            };
            writeln!(table, "| `{}` |{default} | {} |", setting.name, setting.help).unwrap();
        }
    }
    table
}

#[test]
fn the_documentation_has_every_setting() {
    let page = include_str!("../../docs/configuration.md");
    let (_, rest) = page.split_once("<!-- settings -->\n").unwrap();
    let (table, _) = rest.split_once("\n<!-- /settings -->").unwrap();
    let expected = markdown();
    assert!(table == expected, "write this into docs/configuration.md:\n{expected}");
}

/// `--help` would print them, and some hold a secret.
#[test]
fn the_help_shows_no_value_of_the_environment() {
    for argument in settings::arguments() {
        assert!(argument.is_hide_env_values_set(), "{}", argument.get_id());
    }
}
