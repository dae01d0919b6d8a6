use std::fs;
use std::fs::OpenOptions;
use std::io::Write as _;

use super::*;
use crate::decode::limits::MAX_MESSAGE;

const HEADER: &str = r#"{"wirewalk":"transcript","version":1,"by":"w","started":"s","upstream":"u"}"#;

fn line(seconds: u64) -> String {
    let at = seconds * 1_000_000_000;
    format!(
        "{{\"at\":{at},\"conn\":1,\"type\":\"received\",\"dir\":\"c2s\",\"text\":\"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\"}}\n"
    )
}

/// A transcript of requests at these seconds, then `more`; and its folder.
fn transcript(seconds: &[u64], more: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it.wirewalk");
    let lines: String = seconds.iter().map(|at| line(*at)).collect();
    fs::write(&path, format!("{HEADER}\n{lines}{more}")).unwrap();
    (folder, path)
}

fn playback(path: &Path, mode: Mode) -> (Playback, Ends) {
    Playback::open(path, mode, MAX_MESSAGE).unwrap()
}

fn units(playback: &Playback) -> usize {
    playback.session.read().unwrap().len()
}

#[tokio::test]
async fn a_transcript_is_read_on_the_side_to_its_end() {
    let (_folder, path) = transcript(&[1, 2, 900], "{\"at\":9,\"co");
    let player = Player::open(&path, Mode::AtOnce, MAX_MESSAGE).unwrap();
    let control = player.control();
    let state = control.states().wait_for(|s| s.playing.unwrap().is_over).await.unwrap().clone();
    assert_eq!(state.playing.unwrap().cut_off, 11);
    assert_eq!(player.session().read().unwrap().len(), 3);
    assert!(player.grew().wait_for(|len| *len > 3).await.is_err(), "nothing more will come");
    player.finish();
}

#[test]
fn what_is_added_is_followed_by_whole_lines() {
    let (_folder, path) = transcript(&[1], "");
    let (mut playback, _ends) = playback(&path, Mode::Follow);
    assert_eq!((playback.turn(Duration::ZERO), units(&playback)), (POLL, 1));
    let added = format!("{}{{\"at\":3,\"conn\":1,\"type\":\"later\"}}\n{}", line(2), line(3));
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    for piece in added.as_bytes().chunks(7) {
        file.write_all(piece).unwrap();
        assert_eq!(playback.turn(POLL), POLL);
    }
    assert_eq!(units(&playback), 3);
    file.set_len(10).unwrap();
    playback.turn(POLL);
    assert!(playback.state.borrow().failure.as_ref().unwrap().contains("became shorter"));
}

#[test]
fn a_transcript_is_played_in_time() {
    let (_folder, path) = transcript(&[10, 11, 500], "");
    let pace = Pace { speed: 2.0, ..Pace::default() };
    let (mut playback, (.., grew, control, _)) = playback(&path, Mode::InTime(pace));
    let mut turn = |millis| {
        let patience = playback.turn(Duration::from_millis(millis));
        (patience, units(&playback))
    };
    assert_eq!(turn(0), (Duration::from_millis(500), 1));
    assert_eq!(turn(400), (Duration::from_millis(100), 1));
    assert_eq!(turn(100), (Duration::from_secs(1), 2));
    let mut paused = control.pace(Pace { paused: true, ..pace });
    assert_eq!(turn(0), (Duration::MAX, 2));
    assert!(paused.try_answer().unwrap().is_ok());
    assert_eq!(turn(60_000), (Duration::MAX, 2));
    let _ = control.step();
    assert_eq!(turn(0), (Duration::MAX, 3));
    assert!(grew.has_changed().is_err(), "it is over");
    assert!(control.state().playing.unwrap().is_over);
}

#[test]
fn notes_are_unsaved_until_they_are_in_a_file() {
    let (folder, path) = transcript(&[1, 2], "");
    let (mut playback, (.., control, _)) = playback(&path, Mode::AtOnce);
    playback.turn(Duration::ZERO);
    let mut ask = |reply: super::super::control::Reply| {
        playback.turn(Duration::ZERO);
        reply.wait()
    };
    ask(control.note(UnitId(2), true, "here")).unwrap();
    assert!(ask(control.note(UnitId(3), true, "")).is_err());
    assert_eq!(control.unsaved(), 1);
    assert!(ask(control.record_to(&folder.path().join("x"))).is_err());
    let copy = folder.path().join("copy");
    ask(control.save(&copy)).unwrap();
    assert_eq!(control.unsaved(), 0);
    assert!(ask(control.save(&copy)).unwrap_err().to_string().contains("exists already"));
    ask(control.save(&path)).unwrap();
    ask(control.note(UnitId(1), true, "")).unwrap();
    ask(control.save(&path)).unwrap();
    for (path, expected) in [(&copy, 1), (&path, 2)] {
        let (session, _, cut_off) = super::super::Recorder::open(path, MAX_MESSAGE).unwrap();
        assert_eq!((session.len(), session.notes().count(), cut_off), (2, expected, 0));
    }
}

#[test]
fn what_was_imported_is_saved_as_a_transcript_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it.har");
    let har = r#"{"log":{"entries":[{"startedDateTime":"2026-01-01T00:00:00Z","request":{"method":"GET","url":"http://h/"}}]}}"#;
    fs::write(&path, har).unwrap();
    let (mut playback, (.., control, _)) = playback(&path, Mode::AtOnce);
    playback.turn(Duration::ZERO);
    let mut ask = |reply: super::super::control::Reply| {
        playback.turn(Duration::ZERO);
        reply.wait()
    };
    ask(control.note(UnitId(1), true, "")).unwrap();
    assert!(ask(control.save(&path)).unwrap_err().to_string().contains("no transcript"));
    let copy = folder.path().join("copy");
    ask(control.save(&copy)).unwrap();
    let (session, header, _) = super::super::Recorder::open(&copy, MAX_MESSAGE).unwrap();
    assert_eq!((session.len(), session.notes().count()), (1, 1));
    assert_eq!((header.started.as_str(), header.upstream.as_str()), ("2026-01-01T00:00:00Z", "http://h"));
    assert_eq!(fs::read_to_string(&path).unwrap(), har);
}

#[test]
fn nothing_is_added_behind_a_line_that_is_cut_off() {
    let (folder, path) = transcript(&[1], "{\"at\":9,\"co");
    let before = fs::read(&path).unwrap();
    let (mut playback, (.., control, _)) = playback(&path, Mode::AtOnce);
    playback.turn(Duration::ZERO);
    let mut ask = |reply: super::super::control::Reply| {
        playback.turn(Duration::ZERO);
        reply.wait()
    };
    ask(control.note(UnitId(1), true, "")).unwrap();
    assert!(ask(control.save(&path)).unwrap_err().to_string().contains("cut off"));
    assert_eq!((fs::read(&path).unwrap(), control.unsaved()), (before, 1));
    let copy = folder.path().join("copy");
    ask(control.save(&copy)).unwrap();
    let (session, _, cut_off) = super::super::Recorder::open(&copy, MAX_MESSAGE).unwrap();
    assert_eq!((session.notes().count(), cut_off), (1, 0));
}

#[test]
fn a_last_record_without_its_line_feed_is_kept() {
    let (_folder, path) = transcript(&[1], line(2).trim_end());
    let (mut playback, (.., control, _)) = playback(&path, Mode::AtOnce);
    playback.turn(Duration::ZERO);
    let (noted, saved) = (control.note(UnitId(2), true, ""), control.save(&path));
    playback.turn(Duration::ZERO);
    noted.wait().unwrap();
    saved.wait().unwrap();
    let (session, _, _) = super::super::Recorder::open(&path, MAX_MESSAGE).unwrap();
    assert_eq!((session.len(), session.notes().count()), (2, 1));
}

#[test]
fn a_compressed_transcript_is_copied_and_noted_like_any_other() {
    let (folder, path) = transcript(&[1, 2], "");
    let compressed = folder.path().join("it.wirewalk.zst");
    let (mut plain, _ends) = playback(&path, Mode::AtOnce);
    plain.turn(Duration::ZERO);
    plain.save(&compressed).unwrap();
    assert!(fs::read(&compressed).unwrap().starts_with(&[0x28, 0xb5, 0x2f, 0xfd]));
    let (mut opened, _ends) = playback(&compressed, Mode::AtOnce);
    opened.turn(Duration::ZERO);
    assert_eq!(units(&opened), units(&plain));
    opened.note(UnitId(2), true, "see".to_owned()).unwrap();
    opened.save(&compressed).unwrap();
    let back = folder.path().join("back.wirewalk");
    let (mut noted, _ends) = playback(&compressed, Mode::AtOnce);
    noted.turn(Duration::ZERO);
    assert_eq!(noted.session.read().unwrap().note(UnitId(2)).unwrap().text, "see");
    noted.save(&back).unwrap();
    let text = fs::read_to_string(&back).unwrap();
    assert!(
        text.starts_with(&fs::read_to_string(&path).unwrap()) && text.ends_with("\"text\":\"see\"}\n"),
        "{text}"
    );
    assert_eq!(zstd::decode_all(&fs::read(&compressed).unwrap()[..]).unwrap(), text.into_bytes());
}
