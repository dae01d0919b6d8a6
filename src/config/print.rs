//! The configuration as TOML, with a comment on everything.

use std::fmt::{Display, Write as _};

use toml::Value;

use super::{Config, TIMES};
use crate::tui::keys::{BINDINGS, Place};
use crate::tui::theme::Theme;

impl Config {
    /// The configuration as a file that reads back as the same.
    pub fn print(&self) -> String {
        let mut out = String::from("# wirewalk's configuration. Keep of it what you change.\n\n");
        let time = TIMES.iter().find(|(_, form)| *form == self.time).map_or("", |(name, _)| name);
        let themes = Theme::ALL.map(|theme| theme.name).join(", ");
        setting(&mut out, &format!("The colours: {themes}."), "theme", Value::from(self.theme.name));
        let times = TIMES.map(|(name, _)| name).join(", ");
        setting(&mut out, &format!("How the times of the flow count: {times}."), "time", Value::from(time));
        setting(
            &mut out,
            "Whether openings and closings of connections are listed.",
            "openings",
            self.openings,
        );
        out.push_str("\n[panes]\n");
        setting(&mut out, "The flow's share of the height, in percent, 20 to 80.", "flow", self.panes.flow);
        setting(
            &mut out,
            "The layers' share of the width, in percent, 20 to 80.",
            "layers",
            self.panes.layers,
        );
        out.push_str("\n[secrets]\n");
        let names = "Header fields, query parameters and JSON members whose values are secret, besides \
                     Authorization, Cookie, Set-Cookie and auth payloads.";
        setting(&mut out, names, "names", list(&self.secrets.names));
        let patterns = "Regular expressions; what they match is secret.";
        setting(&mut out, patterns, "patterns", list(&self.secrets.patterns));
        let always = "Whether secrets are hidden outside presenter mode as well.";
        setting(&mut out, always, "always_hide", self.secrets.always_hide);
        out.push_str("\n[presenter]\n");
        setting(
            &mut out,
            "Whether the time of day, and how long the presentation has been going on, stand at the bottom.",
            "clock",
            self.presenter.clock,
        );
        self.print_keys(&mut out);
        out
    }

    fn print_keys(&self, out: &mut String) {
        out.push_str(
            "\n# A key, or a list of keys, for each action, such as \"j\", \"ctrl-d\", \"f5\".\n[keys]\n",
        );
        let mut place = Place::Anywhere;
        for (binding, (name, chords)) in BINDINGS.iter().zip(&self.keys) {
            if binding.place != place {
                place = binding.place;
                let _ = writeln!(out, "\n# {}", place.name());
            }
            let chords: Vec<String> = chords.iter().map(|chord| chord.to_string()).collect();
            setting(out, binding.help, name, list(&chords));
        }
    }
}

fn list(texts: &[String]) -> Value {
    Value::Array(texts.iter().map(|text| Value::from(text.as_str())).collect())
}

fn setting(out: &mut String, comment: &str, name: &str, value: impl Display) {
    // Writing into a string cannot fail.
    let _ = writeln!(out, "# {comment}\n{name} = {value}");
}
