//! Transcripts: what is opened is what was seen, whatever befell the file.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/schema.rs"]
mod schema;

use std::fs;
use std::path::{Path, PathBuf};

use wirewalk::capture::Recorder;
use wirewalk::capture::transcript::{Header, Writer};
use wirewalk::decode::limits::MAX_MESSAGE;
use wirewalk::export::{self, Format, Print};
use wirewalk::session::Session;

fn formats() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats")
}

fn printed(session: &Session, print: Print) -> String {
    let mut out = Vec::new();
    for id in session.ids() {
        export::unit(session, &session.unit(id).unwrap(), Format { print, columns: None }, &mut out).unwrap();
    }
    anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string()
}

fn open(path: &Path) -> Result<(Session, Header, u64), String> {
    Recorder::open(path, MAX_MESSAGE).map_err(|e| e.to_string())
}

/// A file with the given content, and the folder that it goes with.
fn file(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it.wirewalk");
    fs::write(&path, content).unwrap();
    (folder, path)
}

#[test]
fn every_version_ever_written_opens() {
    // A fixture is never changed or removed: files of its version are out there.
    let versions = 1..=wirewalk::capture::transcript::VERSION;
    for version in versions {
        let (session, header, cut_off) = open(&formats().join(format!("v{version}.wirewalk"))).unwrap();
        assert_eq!((header.version, cut_off), (version, 0));
        let shown = printed(&session, Print::Layers);
        let expected = formats().join(format!("v{version}.txt"));
        if std::env::var_os("UPDATE_FORMATS").is_some() {
            fs::write(&expected, &shown).unwrap();
        }
        assert!(
            fs::read_to_string(&expected).unwrap() == shown,
            "v{version} is shown otherwise than {} says",
            expected.display()
        );
    }
}

#[test]
fn a_compressed_one_is_shown_as_the_other_is() {
    let (session, header, cut_off) = open(&formats().join("v1.wirewalk.zst")).unwrap();
    assert_eq!((header.version, cut_off), (1, 0));
    let shown = printed(&session, Print::Layers);
    assert!(fs::read_to_string(formats().join("v1.txt")).unwrap() == shown);
    // Another program may have compressed it in one go, or in a stream.
    let whole = fs::read(formats().join("v1.wirewalk")).unwrap();
    for compressed in [zstd::bulk::compress(&whole, 19).unwrap(), zstd::encode_all(&whole[..], 3).unwrap()] {
        let (_folder, path) = file(&compressed);
        assert!(printed(&open(&path).unwrap().0, Print::Layers) == shown);
    }
}

#[test]
fn a_compressed_one_that_is_cut_off_anywhere_opens_up_to_its_last_whole_frame() {
    let whole = fs::read(formats().join("v1.wirewalk.zst")).unwrap();
    let (all, ..) = open(&formats().join("v1.wirewalk.zst")).unwrap();
    let mut most = 0;
    // Its first frame holds the header.
    for cut in (300..whole.len()).step_by(211) {
        let (_folder, path) = file(&whole[..cut]);
        let (session, _, left_out) = open(&path).unwrap();
        assert!(left_out < 300_000 && session.len() >= most, "cut at {cut}");
        most = session.len();
    }
    assert!(most > all.len() / 2);
}

#[test]
fn all_are_as_the_schema_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all: Vec<PathBuf> =
        ["tests/formats", "walkthroughs"].iter().flat_map(|folder| walk(&root.join(folder))).collect();
    assert!(all.len() >= 7, "{all:?}");
    all.iter().for_each(|path| schema::check(path));
    // One that allows everything would be no schema.
    let wrong = [
        r#"{"at":0,"conn":1,"type":"received","dir":"c2s"}"#,
        r#"{"at":0,"conn":1,"type":"received","dir":"c2s","text":"","base64":""}"#,
        r#"{"at":0,"conn":1,"type":"received","dir":"up","text":""}"#,
        r#"{"at":-1,"conn":1,"type":"lost","dir":"c2s","bytes":1,"why":""}"#,
        r#"{"at":0,"conn":0,"type":"closed","by":"server","how":"fin"}"#,
        r#"{"at":0,"conn":1,"type":"closed","by":"server","how":"fin","extra":1}"#,
        r#"{"at":0,"conn":1,"type":"invented"}"#,
        r#"{"at":0,"type":"trace","process":1,"said":{"events":[["return",9]]}}"#,
    ];
    for line in wrong {
        assert!(!schema::allows(line), "{line}");
    }
}

/// All transcripts below a folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let inside = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found = Vec::new();
    for path in inside {
        match path.is_dir() {
            true => found.extend(walk(&path)),
            false if path.to_string_lossy().contains(".wirewalk") => found.push(path),
            false => {}
        }
    }
    found
}

#[test]
fn a_long_one_has_its_index_beside_it_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.wirewalk");
    let mut text =
        r#"{"wirewalk":"transcript","version":1,"by":"w","started":"s","upstream":"u"}"#.to_owned() + "\n";
    let line = |number: usize| {
        let body = "x".repeat(900);
        format!(
            r#"{{"at":{number},"conn":{},"type":"received","dir":"c2s","text":"GET /{number}?{body} HTTP/1.1\r\nHost: h\r\n\r\n"}}"#,
            1 + number % 7
        ) + "\n"
    };
    (0..9000).for_each(|number| text.push_str(&line(number)));
    fs::write(&path, &text).unwrap();
    let index = folder.path().join("long.wirewalk.index");
    let shown = |path: &Path| {
        let (session, header, cut_off) = open(path).unwrap();
        let units: String =
            [1, 4500, session.len()].iter().map(|id| unit(&session, u32::try_from(*id).unwrap())).collect();
        (session.len(), session.byte_count(), header, cut_off, units)
    };
    assert!(!index.exists());
    let first = shown(&path);
    assert_eq!(first.0, 9000);
    let written = fs::metadata(&index).unwrap();
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&written.permissions()) & 0o777, 0o600);
    assert_eq!(shown(&path), first);
    // It grew: all of it is seen, and the index is made anew. Cut off in the middle of a line, likewise.
    fs::write(&path, text.clone() + &line(9000) + "{\"at\":").unwrap();
    let more = shown(&path);
    assert_eq!((more.0, more.3), (9001, 6));
    assert_eq!(shown(&path), more);
    assert!(fs::metadata(&index).unwrap().len() > written.len());
    // Where nothing can be written, it is read all the same.
    fs::remove_file(&index).unwrap();
    fs::create_dir(&index).unwrap();
    assert_eq!(shown(&path), more);
}

fn unit(session: &Session, id: u32) -> String {
    let unit = session.unit(wirewalk::decode::unit::UnitId(id)).unwrap();
    let mut out = Vec::new();
    export::unit(session, &unit, Format { print: Print::Json, columns: None }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn cut_off_at_any_byte_it_opens_with_all_but_its_last_line() {
    let whole = fs::read(formats().join("v1.wirewalk")).unwrap();
    let header = whole.iter().position(|b| *b == b'\n').unwrap() + 1;
    let sample = (header..whole.len()).step_by(97).chain(whole.len() - 120..whole.len());
    for cut in sample {
        let (_folder, path) = file(&whole[..cut]);
        let (cut_session, _, left_out) = open(&path).unwrap();
        // Up to the last line feed, or one line more where the cut took nothing but that.
        let complete = whole[..cut].iter().rposition(|b| *b == b'\n').unwrap() + 1;
        let end = if whole[cut] == b'\n' { cut } else { complete };
        assert_eq!(left_out, (cut - end) as u64, "cut at {cut}");
        let (_folder, path) = file(&whole[..end]);
        let (expected, _, _) = open(&path).unwrap();
        assert_eq!(printed(&cut_session, Print::Summary), printed(&expected, Print::Summary), "cut at {cut}");
    }
}

#[test]
fn what_is_no_transcript_gets_one_clear_sentence() {
    let header = r#"{"wirewalk":"transcript","version":1,"by":"w","started":"s","upstream":"u"}"#;
    let newer = r#"{"wirewalk":"transcript","version":9,"by":"wirewalk 7.0.0"}"#;
    let cases: [(Vec<u8>, &[&str]); 8] = [
        (b"".to_vec(), &["is not a wirewalk transcript", "empty"]),
        (b"\x89PNG\r\n".to_vec(), &["is not a wirewalk transcript", "line 1"]),
        (b"{\"pages\":{}}\n".to_vec(), &["is not a wirewalk transcript"]),
        (b"{\"log\":7}\n".to_vec(), &["line 1, byte 7", "invalid type"]),
        (newer.as_bytes().to_vec(), &["format 9", "wirewalk 7.0.0"]),
        (format!("{header}\n{{\"at\":0,\"conn\":1}}\n").into_bytes(), &["line 2", "byte", "type"]),
        (format!("{header}\nrubbish\n").into_bytes(), &["line 2", &format!("byte {}", header.len() + 1)]),
        ([header.as_bytes(), b"\n\xff\xfe\n"].concat(), &["line 2", "UTF-8"]),
    ];
    for (content, expected) in cases {
        let (_folder, path) = file(&content);
        let error = open(&path).unwrap_err();
        for part in expected {
            assert!(error.contains(part), "{error:?} does not say {part:?}");
        }
        assert!(!error.contains('\n'));
    }
    assert!(open(Path::new("/nowhere/at.all")).unwrap_err().contains("cannot read /nowhere/at.all"));
}

#[test]
fn a_recording_overwrites_nothing_and_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.wirewalk");
    drop(Writer::create(&path, &Header::now("http://x")).unwrap());
    assert!(
        Writer::create(&path, &Header::now("http://x")).unwrap_err().to_string().contains("exists already")
    );
    let nowhere = folder.path().join("missing/new.wirewalk");
    assert!(
        Writer::create(&nowhere, &Header::now("http://x")).unwrap_err().to_string().contains("cannot write")
    );
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_note_is_shown_with_its_unit_and_is_no_unit_itself() {
    let whole = fs::read(formats().join("v1.wirewalk")).unwrap();
    let (_folder, path) = file(&whole);
    let (plain, _, _) = open(&path).unwrap();
    let notes = "\
        {\"at\":1,\"conn\":1,\"type\":\"note\",\"unit\":2,\"marked\":true,\"text\":\"look \\u001b[31mhere\"}\n\
        {\"at\":2,\"conn\":9,\"type\":\"note\",\"unit\":999999,\"marked\":true,\"text\":\"\"}\n";
    let (_folder, path) = file(&[whole.as_slice(), notes.as_bytes()].concat());
    let (noted, _, _) = open(&path).unwrap();
    assert_eq!((noted.len(), noted.connection_count()), (plain.len(), plain.connection_count()));
    assert_eq!(noted.notes().map(|(unit, _)| unit.0).collect::<Vec<_>>(), [2]);
    let shown = printed(&noted, Print::Summary);
    assert!(shown.contains("★ look \\u{1b}[31mhere\n"), "{shown}");
    let without: String = shown.lines().filter(|l| !l.contains('★')).map(|l| format!("{l}\n")).collect();
    assert_eq!(without, printed(&plain, Print::Summary));
    let json = printed(&noted, Print::Json);
    assert!(json.contains(r#""note":{"marked":true,"text":"look "#), "{json}");
}
