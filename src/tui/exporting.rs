//! Exports what is on the screen, on the side: the session is copied as far as it goes, and the copy is exported without its secrets.

use std::io::{BufWriter, Write as _};
use std::path::Path;

use tokio::sync::mpsc;

use super::app::{Export, Msg, Which};
use crate::capture::{Control, Recorder};
use crate::decode::field::Severity;
use crate::decode::limits::MAX_MESSAGE;
use crate::session::secrets::Names;
use crate::session::{Session, StoreError, UnitRef};
use crate::sharing::{Shared, form};
use crate::words::count;

/// Exports, and tells how it went when that is done.
pub fn export(control: &Control, export: Export, names: &Names, tell: mpsc::UnboundedSender<Msg>) {
    let (control, names) = (control.clone(), names.clone());
    tokio::task::spawn_blocking(move || {
        let told = match write(&control, &export, &names) {
            Ok(told) => Msg::Said(Severity::Note, told),
            Err(why) => Msg::Said(Severity::Error, why),
        };
        // The screen may have ended meanwhile.
        let _ = tell.send(told);
    });
}

/// Writes the file. What was done or what is wrong, as a sentence.
fn write(control: &Control, export: &Export, names: &Names) -> Result<String, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("cannot export: {error}"))?;
    let copy = folder.path().join("session.wirewalk");
    control.save(&copy).wait().map_err(|error| error.to_string())?;
    let (session, header, _) = Recorder::open(&copy, MAX_MESSAGE).map_err(|error| error.to_string())?;
    let is_wanted = |unit: &UnitRef| is_wanted(&export.which, &session, unit);
    let (units, more) = form::units(export.form, &session, is_wanted).map_err(|error| error.to_string())?;
    if units.is_empty() {
        return Err("no unit is such, so nothing was exported".to_owned());
    }
    let shared = Shared::of((session, header), &copy, MAX_MESSAGE, Some(names));
    let shared = shared.map_err(|error| error.to_string())?;
    let path = &export.path;
    let cannot = |error| format!("cannot write {}: {error}", path.display());
    let out = form::create(path, control.state().file.as_deref()).map_err(|error| error.to_string())?;
    let mut out = BufWriter::new(out);
    form::write(export.form, &shared, &units, &title(path), &mut out).map_err(|error| error.to_string())?;
    out.flush().map_err(cannot)?;
    let exported = count(units.len() as u64, "unit");
    let more = if more > 0 { format!(", {more} more left out") } else { String::new() };
    let secrets = match shared.omitted.secrets {
        Some(secrets) if secrets > 0 => format!(", without {}", count(secrets as u64, "secret")),
        _ => String::new(),
    };
    Ok(format!("exported {exported} to {}{more}{secrets}", path.display()))
}

fn is_wanted(which: &Which, session: &Session, unit: &UnitRef) -> Result<bool, StoreError> {
    match which {
        Which::All => Ok(true),
        Which::Such(filter) => filter.matches(session, unit),
        Which::Marked => Ok(session.note(unit.id).is_some()),
        Which::One(one) => Ok(*one == unit.id),
    }
}

fn title(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
