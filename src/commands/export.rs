//! `wirewalk export`: a session or a walk in the form that others need.

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueHint};

use super::{Misuse, Size, open, redact, say, walkthroughs};
use crate::capture::Recorder;
use crate::decode::limits::MAX_MESSAGE;
use crate::export::page::Page;
use crate::export::report::Outside;
use crate::session::calls::FunctionInfo;
use crate::session::filter::Filter;
use crate::session::secrets::Names;
use crate::sharing::form::{self, Form};
use crate::sharing::{ShareError, Shared};
use crate::walkthrough::route::{Growth, Route};
use crate::words::{count, thousands};

/// Write a session or a walk in another form: a report, a page, a drawing, for a browser or for Wireshark.
///
/// Secrets are left out, and how many is said: the values of the Authorization and Cookie header fields, what Socket.IO clients
/// authenticate with, and what the configuration calls secret. Their places are filled with stars.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The transcript, or a HAR file; or a walkthrough: one that comes with wirewalk, or a folder
    #[arg(value_name = "FILE|WALKTHROUGH", value_hint = ValueHint::AnyPath)]
    what: PathBuf,

    /// As what [default: as the name of --out says]
    #[arg(long, value_name = "FORMAT")]
    to: Option<Form>,

    /// Where to write it [default: standard output]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,

    /// Only units that fulfil a condition, such as 'socketio.event == "message"'
    #[arg(long, value_parser = Filter::parse, long_help = super::filter_help())]
    filter: Option<Filter>,

    /// Only these units, such as 3-9,12
    #[arg(long, value_name = "NUMBERS", value_parser = numbers)]
    units: Option<Numbers>,

    /// What stands above it [default: the name of the file]
    #[arg(long)]
    title: Option<String>,

    /// Write secrets too, such as cookies and tokens
    #[arg(long)]
    keep_secrets: bool,

    /// The longest WebSocket message that is put together and inflated, such as 64M or 200k
    #[arg(long, value_name = "SIZE", default_value_t = Size(MAX_MESSAGE))]
    max_message: Size,
}

/// Numbers of units.
#[derive(Clone, Debug)]
struct Numbers(Vec<RangeInclusive<u32>>);

impl Numbers {
    fn has(&self, number: u32) -> bool {
        self.0.iter().any(|range| range.contains(&number))
    }
}

/// Reads `3-9,12`.
fn numbers(text: &str) -> Result<Numbers, String> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (1 <= first && first <= last).then_some(first..=last)
    };
    let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
    ranges.map(Numbers).ok_or_else(|| "expected numbers from 1, such as 3-9,12".to_owned())
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        let form = self.to.or_else(|| Form::of(self.out.as_deref()?));
        let Some(form) = form else {
            let how = "say as what, with --to, or by the name of --out: md, html, svg, har, pcapng or json";
            return Err(Misuse(how.to_owned()).into());
        };
        if form == Form::Pcapng && self.out.is_none() && io::stdout().is_terminal() {
            let how = "a capture file is nothing for a terminal: say where to write it, with --out";
            return Err(Misuse(how.to_owned()).into());
        }
        let names = if self.keep_secrets { None } else { Some(redact::names()?) };
        if self.what.is_file() { self.session(form, names.as_ref()) } else { self.walk(form, names.as_ref()) }
    }

    fn session(&self, form: Form, names: Option<&Names>) -> anyhow::Result<()> {
        let (session, header, cut_off) = Recorder::open(&self.what, self.max_message.0)?;
        open::say_cut_off(cut_off);
        let (units, more) = form::units(form, &session, |unit| {
            let is_named = self.units.as_ref().is_none_or(|numbers| numbers.has(unit.id.0));
            let matches = |filter: &Filter| filter.matches(&session, unit);
            Ok(is_named && self.filter.as_ref().map_or(Ok(true), matches)?)
        })?;
        if units.is_empty() && !session.is_empty() {
            bail!("no unit is such, so there is nothing to export");
        }
        if more > 0 {
            let (first, all) = (units.len(), count((units.len() + more) as u64, "unit"));
            let first = thousands(first as u64);
            say(format_args!("the first {first} of {all} are exported: choose with --filter or --units"));
        }
        let shared = Shared::of((session, header), &self.what, self.max_message.0, names)?;
        redact::say_omitted(shared.omitted, redact::KEEP);
        let title = self.title.clone().unwrap_or_else(|| file_name(&self.what));
        self.put(&count(units.len() as u64, "unit"), &self.what, |out| {
            form::write(form, &shared, &units, &title, out)
        })
    }

    fn walk(&self, form: Form, names: Option<&Names>) -> anyhow::Result<()> {
        if self.filter.is_some() || self.units.is_some() || self.title.is_some() {
            let what = self.what.display();
            return Err(Misuse(format!("{what} is no file; a walkthrough is exported as it is")).into());
        }
        if !matches!(form, Form::Html | Form::Md) {
            let how = "a walkthrough is exported as html or md; name its transcript for another form";
            return Err(Misuse(how.to_owned()).into());
        }
        let loaded = walkthroughs::load(&self.what)?;
        let (session, on_disk) = loaded.session(self.max_message.0)?;
        // What a step is about may be found by what is secret.
        let mut route = Route::default();
        route.extend(&loaded.text, &session, Growth::Over)?;
        let session = match names {
            Some(names) => {
                let shared = Shared::without(&session, &on_disk.path, self.max_message.0, names)?;
                redact::say_omitted(shared.omitted, redact::KEEP);
                shared.session
            }
            None => session,
        };
        let kept = |function: &FunctionInfo| loaded.source(&session, function);
        let page = Page::of(&loaded.text, &route, &session, &Outside::beside(&kept))?;
        self.put("the walk", Path::new(&loaded.text.file), |out| match form {
            Form::Html => Ok(page.html(out)?),
            _ => Ok(page.handout(out)?),
        })
    }

    /// Puts it where it is wanted, if that is not the file that it was made `of`.
    fn put(
        &self,
        what: &str,
        of: &Path,
        write: impl FnOnce(&mut dyn Write) -> Result<(), ShareError>,
    ) -> anyhow::Result<()> {
        let to: Box<dyn Write> = match &self.out {
            Some(path) => Box::new(form::create(path, Some(of))?),
            None => Box::new(io::stdout().lock()),
        };
        let mut out = BufWriter::new(to);
        match write(&mut out).and_then(|()| Ok(out.flush()?)) {
            // Whoever reads the output has seen enough.
            Err(ShareError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        if let Some(path) = &self.out {
            say(format_args!("exported {what} to {}", path.display()));
        }
        Ok(())
    }
}

/// A file's name without the folders and endings of it.
fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = name.strip_suffix(".zst").unwrap_or(&name);
    name.strip_suffix(".wirewalk").unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_units_are_read() {
        let read = numbers("3-5,9").unwrap();
        assert_eq!((1..11).filter(|number| read.has(*number)).collect::<Vec<_>>(), [3, 4, 5, 9]);
        for text in ["", "0", "5-3", "a", "1,", "1-"] {
            assert!(numbers(text).is_err(), "{text}");
        }
    }
}
