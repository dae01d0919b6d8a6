//! What the recording thread does when it is asked something. Copies are made on threads of their own, so that a
//! long session does not hold up the recording; only what came meanwhile is copied by the thread itself.

use std::path::PathBuf;

use super::control::{Answer, ControlError, Order};
use super::copying::Copy;
use super::recorder::Work;
use super::transcript::{Lines, TranscriptError};
use crate::decode::unit::UnitId;
use crate::wire::{Record, Tap as _, What};

const NO_PLAYING: ControlError = ControlError::Meaningless("this session is live, it is not played");

impl Work {
    /// Does what is asked.
    pub fn obey(&mut self) {
        self.copies.retain(|copy| !copy.is_finished());
        for (order, answer) in self.inbox.orders(false) {
            match order {
                Order::Save(path) => self.copy(Some(path), answer, |copy, answer, _| {
                    let _ = answer.send(copy.finish().map_err(ControlError::from));
                }),
                Order::RecordTo(path) => self.copy(Some(path), answer, |copy, answer, inbox| {
                    inbox.order(Order::Switch(copy), answer);
                }),
                Order::StopRecording if self.state.borrow().file.is_none() => drop(answer.send(Ok(()))),
                Order::StopRecording => self.copy(None, answer, |copy, answer, inbox| {
                    inbox.order(Order::Switch(copy), answer);
                }),
                Order::Switch(copy) => drop(answer.send(self.switch(copy).map_err(ControlError::from))),
                Order::Note { unit, marked, text } => drop(answer.send(self.note(unit, marked, text))),
                Order::Pace(_) | Order::Step => drop(answer.send(Err(NO_PLAYING))),
            }
        }
    }

    /// Copies what is written so far on a thread of its own, then does `then` there.
    fn copy(
        &mut self,
        path: Option<PathBuf>,
        answer: Answer,
        then: impl FnOnce(Copy, Answer, &super::Inbox) + Send + 'static,
    ) {
        let copy = match Copy::create(path) {
            Ok(copy) => copy,
            Err(error) => return drop(answer.send(Err(error.into()))),
        };
        let (from, end) = self.writer.written();
        let inbox = self.inbox.clone();
        self.copies.push(std::thread::spawn(move || match copy.up_to(&from, end) {
            Ok(copy) => then(copy, answer, &inbox),
            Err(error) => drop(answer.send(Err(error.into()))),
        }));
    }

    /// Goes on in a copy, after what came meanwhile is in it too. The file before is complete as it stands.
    fn switch(&mut self, copy: Copy) -> Result<(), TranscriptError> {
        let (from, end) = self.writer.written();
        let copy = copy.up_to(&from, end)?;
        let lines = Lines::new(copy.storage.clone());
        self.session.write().unwrap_or_else(std::sync::PoisonError::into_inner).read_from(Box::new(lines));
        // Best effort: what is left is complete without an index too.
        let _ = self.writer.finish();
        self.writer.go_on_in(copy.storage);
        self.state.send_modify(|state| state.file = copy.path);
        self.retry();
        Ok(())
    }

    fn note(&mut self, unit: UnitId, marked: bool, text: String) -> Result<(), ControlError> {
        let found = self.session.read().unwrap_or_else(std::sync::PoisonError::into_inner).unit(unit);
        let conn = found.ok_or(ControlError::NoUnit(unit.0))?.conn;
        let what = What::Note { unit: unit.0, marked, text };
        self.record(vec![Record { at: self.inbox.now(), conn, what }]);
        if let Some((_, why)) = &self.failed {
            return Err(ControlError::Failing(why.clone()));
        }
        // Nothing grew, but what is shown changed.
        self.grow.send_modify(|_| ());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::PoisonError;

    use bytes::Bytes;

    use crate::capture::{Inbox, Recorder};
    use crate::decode::limits::MAX_MESSAGE;
    use crate::decode::sink::Detail;
    use crate::decode::unit::UnitId;
    use crate::wire::{ConnId, Direction, Record, Tap as _, Timestamp, What};

    fn recorder(path: Option<&Path>) -> Recorder {
        Recorder::start("http://x", path, MAX_MESSAGE).unwrap()
    }

    /// A request passes, and is recorded when this returns.
    async fn request(recorder: &Recorder, inbox: &Inbox, target: &str) {
        let units = recorder.session().read().unwrap().len();
        let bytes = Bytes::from(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"));
        let what = What::Received { dir: Direction::ToServer, bytes };
        inbox.record(Record { at: Timestamp(5), conn: ConnId(1), what }).await;
        recorder.grew().wait_for(|len| *len > units).await.unwrap();
    }

    /// How many units a file has, and its notes.
    fn opened(path: &Path) -> (usize, Vec<(u32, bool, String)>) {
        let (session, _, cut_off) = Recorder::open(path, MAX_MESSAGE).unwrap();
        assert_eq!(cut_off, 0);
        let notes = session.notes().map(|(unit, note)| (unit.0, note.marked, note.text.clone())).collect();
        (session.len(), notes)
    }

    /// Every unit can be looked at: its bytes are where the session reads them.
    fn look_at_all(recorder: &Recorder) {
        let session = recorder.session().read().unwrap_or_else(PoisonError::into_inner);
        for id in session.ids() {
            session.look(&session.unit(id).unwrap(), Detail::Tree).unwrap();
        }
    }

    #[tokio::test]
    async fn recording_can_start_and_stop_while_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (early, named, late) =
            (folder.path().join("early.zst"), folder.path().join("named.zst"), folder.path().join("late"));
        let recorder = recorder(None);
        let (control, inbox) = (recorder.control(), recorder.inbox().clone());
        request(&recorder, &inbox, "/1").await;
        control.save(&early).answer().await.unwrap();
        assert_eq!(control.state().file, None);
        request(&recorder, &inbox, "/2").await;
        control.record_to(&named).answer().await.unwrap();
        assert_eq!(control.state().file.as_deref(), Some(named.as_path()));
        request(&recorder, &inbox, "/3").await;
        control.stop_recording().answer().await.unwrap();
        assert_eq!(control.state().file, None);
        request(&recorder, &inbox, "/4").await;
        look_at_all(&recorder);
        // Nothing is read from the file that was left.
        fs::write(&named, fs::read(&named).unwrap()).unwrap();
        control.save(&late).answer().await.unwrap();
        recorder.finish();
        assert_eq!((opened(&early).0, opened(&named).0, opened(&late).0), (1, 3, 4));
    }

    #[tokio::test]
    async fn a_recording_that_cannot_start_leaves_all_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (first, taken) = (folder.path().join("first"), folder.path().join("taken"));
        fs::write(&taken, "mine").unwrap();
        let recorder = recorder(Some(&first));
        let (control, inbox) = (recorder.control(), recorder.inbox().clone());
        request(&recorder, &inbox, "/1").await;
        let error = control.record_to(&taken).answer().await.unwrap_err().to_string();
        assert!(error.contains("exists already"), "{error}");
        let error = control.save(&folder.path().join("no/where")).answer().await.unwrap_err().to_string();
        assert!(error.contains("cannot write"), "{error}");
        assert_eq!(control.state().file.as_deref(), Some(first.as_path()));
        request(&recorder, &inbox, "/2").await;
        recorder.finish();
        assert_eq!(fs::read(&taken).unwrap(), b"mine");
        assert_eq!(opened(&first).0, 2);
        let error = control.stop_recording().answer().await.unwrap_err().to_string();
        assert_eq!(error, "the session has ended");
    }

    #[tokio::test]
    async fn notes_go_into_the_transcript() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("noted");
        let recorder = recorder(Some(&path));
        let (control, inbox) = (recorder.control(), recorder.inbox().clone());
        request(&recorder, &inbox, "/1").await;
        let mut grew = recorder.grew();
        grew.mark_unchanged();
        control.note(UnitId(1), true, "first").answer().await.unwrap();
        assert!(grew.has_changed().unwrap(), "whoever shows it is told");
        control.note(UnitId(1), false, "second").answer().await.unwrap();
        let error = control.note(UnitId(9), true, "").answer().await.unwrap_err().to_string();
        assert_eq!(error, "there is no unit 9");
        assert_eq!(recorder.session().read().unwrap().note(UnitId(1)).unwrap().text, "second");
        recorder.finish();
        assert_eq!(opened(&path), (1, vec![(1, false, "second".to_owned())]));
    }
}
