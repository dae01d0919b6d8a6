//! A session as a page: each unit is a step.

use super::{Card, Page, PageStep, calls, libraries, units};
use crate::decode::sink::Detail;
use crate::escape;
use crate::export::report::Outside;
use crate::session::{Session, StoreError, UnitRef, headline};
use crate::walkthrough::prose;

/// More units are too many for a page.
pub const MAX_UNITS: usize = 2000;

/// So many characters of a headline are a title.
const TITLE: usize = 72;

impl Page {
    /// Collects the page of these units, at most [`MAX_UNITS`]; `summary` says what they are of. Fails where bytes cannot be read back.
    pub fn of_session(
        session: &Session,
        units: &[UnitRef],
        title: &str,
        summary: &str,
        outside: &Outside<'_>,
    ) -> Result<Page, StoreError> {
        let mut page = Page {
            title: escape::line(title).into_owned(),
            summary: escape::line(summary).into_owned(),
            cards: libraries::all(session).into_iter().map(Card::from).collect(),
            is_session: true,
            ..Page::default()
        };
        for unit in units.iter().take(MAX_UNITS) {
            page.units.insert(unit.id.0, units::unit(session, unit)?);
            page.ladder.extend(units::rung(session, unit, true)?);
            let calls = page.called(session, unit, outside)?;
            page.steps.push(step(session, unit, calls)?);
        }
        Ok(page)
    }

    /// Puts the calls of a unit on the page, and says where; `None` where there are none.
    fn called(
        &mut self,
        session: &Session,
        unit: &UnitRef,
        outside: &Outside<'_>,
    ) -> Result<Option<String>, StoreError> {
        let tree = session.calls().tree(&session.calls_of(unit)?);
        if tree.is_empty() {
            return Ok(None);
        }
        let key = unit.id.0.to_string();
        self.calls.insert(key.clone(), calls::of(session, &tree, outside));
        Ok(Some(key))
    }
}

fn step(session: &Session, unit: &UnitRef, calls: Option<String>) -> Result<PageStep, StoreError> {
    let headline = headline::of(&session.look(unit, Detail::Summary)?);
    let title = units::shown(&headline.text, TITLE);
    let note = session.note(unit.id).filter(|note| !note.text.is_empty());
    let note = note.map(|note| format!("**★** {}", super::handout::text(&escape::line(&note.text))));
    let before = note.unwrap_or_default();
    Ok(PageStep {
        id: format!("unit-{}", unit.id.0),
        title: if title.is_empty() { format!("Unit {}", unit.id.0) } else { title },
        before_html: prose::html(&before),
        before,
        body: String::new(),
        html: String::new(),
        seconds: 0,
        reached: true,
        unit: Some(unit.id.0),
        calls,
        call: None,
        focus: None,
        lit: Vec::new(),
        pane: "explain",
        ask: None,
    })
}
