//! `wirewalk redact`, and secrets in exports.

use std::fs;

use super::command::{printed, said};
use super::kit::{DEMO, repository, transcript};

#[test]
fn a_redacted_transcript_has_no_secrets_and_opens_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let message = r#"{"token":"abcdef-123456","text":"say abcdef-123456 to nobody"}"#;
    let path = transcript(folder.path(), &[message, "the word abcdef-123456 again"]);
    for name in ["out.wirewalk", "out.wirewalk.zst"] {
        let out = folder.path().join(name);
        let (code, told) = said(&["redact", &path, out.to_str().unwrap()]);
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains("2 secrets left out") && told.contains("can be given away"), "{told}");
        let units = String::from_utf8(printed(&["open", out.to_str().unwrap(), "--print", "bytes"])).unwrap();
        assert!(!units.contains("abcdef"), "{units}");
        assert!(units.contains("the word *") && units.contains("to nobody"), "{units}");
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&out).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        // What differs is said, and not what was secret, wherever it is repeated.
        let differs = String::from_utf8(printed(&["diff", &path, out.to_str().unwrap()])).unwrap();
        assert!(differs.contains("2 changed") || differs.contains("3 changed"), "{differs}");
        assert!(!differs.contains("abcdef"), "{differs}");
        // Nothing is written over.
        let (code, told) = said(&["redact", &path, out.to_str().unwrap()]);
        assert!(code == Some(1) && told.contains("exists already"), "{told}");
        assert!(out.exists());
    }
    let plain = fs::read_to_string(folder.path().join("out.wirewalk")).unwrap();
    assert!(!plain.contains("abcdef"), "{plain}");
}

#[test]
fn a_redacted_demo_is_the_demo_but_for_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.wirewalk");
    let demo = DEMO.to_str().unwrap();
    assert_eq!(said(&["redact", demo, out.to_str().unwrap()]).0, Some(0));
    let lines = |file: &str| {
        let printed = String::from_utf8(printed(&["open", file, "--print", "layers"])).unwrap();
        printed.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (before, after) = (lines(demo), lines(out.to_str().unwrap()));
    assert_eq!(before.len(), after.len());
    let differ = before.iter().zip(&after).filter(|(before, after)| before != after);
    for (before, after) in differ {
        assert!(after.contains('*') || before.contains("asked payload"), "{before}\n{after}");
    }
    assert!(!fs::read_to_string(&out).unwrap().contains("guess"));
}

#[test]
fn exports_leave_secrets_out_unless_they_are_to_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = transcript(folder.path(), &[r#"{"password":"hunter2-hunter2"}"#]);
    for form in ["md", "html", "svg", "har", "json", "pcapng"] {
        let without = printed(&["export", &path, "--to", form]);
        assert!(!String::from_utf8_lossy(&without).contains("hunter2"), "{form}");
        assert!(!String::from_utf8_lossy(&without).contains("abcdef-123456"), "{form}");
        let with = printed(&["export", &path, "--to", form, "--keep-secrets"]);
        assert!(String::from_utf8_lossy(&with).contains("hunter2"), "{form}");
    }
    let walk = repository("walkthroughs/socketio-events");
    let with = printed(&["export", &walk, "--to", "html", "--keep-secrets"]);
    let without = printed(&["export", &walk, "--to", "html"]);
    assert!(with != without);
}

#[test]
fn a_filter_may_ask_for_what_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = transcript(folder.path(), &[r#"{"password":"hunter2-hunter2"}"#, "other"]);
    let filter = "json.value.string == \"hunter2-hunter2\"";
    let units = printed(&["export", &path, "--to", "json", "--filter", filter]);
    let units = String::from_utf8(units).unwrap();
    assert_eq!(units.lines().count(), 1);
    assert!(!units.contains("hunter2"), "{units}");
}
