//! The page of a session, in a real browser.

use std::fs;

use serde_json::Value;

use super::browser::{self, Browser};
use super::command::{printed, said};
use super::kit::{DEMO, transcript};

#[test]
fn the_page_of_the_demo_is_stepped_through_with_the_arrow_keys() {
    let Some((peers, chromium)) = browser::installed() else { return };
    let made = tempfile::tempdir().unwrap();
    let file = made.path().join("demo.html");
    let (code, told) = said(&["export", DEMO.to_str().unwrap(), "--out", file.to_str().unwrap()]);
    assert!(code == Some(0) && told.contains("1 secret left out; --keep-secrets keeps them"), "{told}");
    assert!(fs::metadata(&file).unwrap().len() < 1_000_000);
    let units: Vec<Value> = String::from_utf8(printed(&["export", DEMO.to_str().unwrap(), "--to", "json"]))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for size in ["1440 900", "390 844"] {
        let mut browser = Browser::start(peers, &chromium);
        browser.tell(&format!("size {size}"));
        browser.tell(&format!("open file://{}", file.display()));
        assert_eq!(browser.tell("evaluate document.querySelector('h1').textContent"), "demo");
        for unit in &units {
            browser.tell("keys ArrowRight");
            let number = unit["id"].as_u64().unwrap();
            assert_eq!(browser.tell("evaluate location.hash"), format!("#unit-{number}"));
            // Its rung is the one that is lit, and its bytes are there.
            let lit = browser.tell("evaluate document.querySelector('.rung[aria-current]').dataset.unit");
            assert_eq!(lit, number.to_string(), "{size}");
            let wide = browser.tell("evaluate document.documentElement.scrollWidth - innerWidth");
            assert!(wide.as_i64() <= Some(0), "unit {number} is too wide at {size}: {wide}");
        }
        browser.tell("keys ArrowLeft");
        let before = units[units.len() - 2]["id"].as_u64().unwrap();
        assert_eq!(browser.tell("evaluate location.hash"), format!("#unit-{before}"));
        assert_eq!(browser.tell("problems"), serde_json::json!([]));
    }
}

#[test]
fn a_field_and_its_bytes_light_up_together() {
    let Some((peers, chromium)) = browser::installed() else { return };
    let made = tempfile::tempdir().unwrap();
    let file = made.path().join("demo.html");
    let filter = "socketio.event == \"join\"";
    let (code, told) =
        said(&["export", DEMO.to_str().unwrap(), "--filter", filter, "--out", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{told}");
    let mut browser = Browser::start(peers, &chromium);
    browser.tell(&format!("open file://{}", file.display()));
    browser.tell("keys ArrowRight");
    let rows = "[...document.querySelectorAll('.fields button.row')]";
    browser.tell(&format!("evaluate {rows}.find((row) => row.textContent.includes('Masking key')).click()"));
    // Bytes 2 to 5 of a frame with a short length.
    let lit = browser.tell("evaluate document.querySelectorAll('.dump .lit').length");
    assert!(lit.as_u64() >= Some(4), "{lit}");
    assert_eq!(browser.tell("problems"), serde_json::json!([]));
}

#[test]
fn nothing_that_a_peer_says_runs_or_leaves() {
    let Some((peers, chromium)) = browser::installed() else { return };
    let hostile = [
        "<img src=x onerror=\"window.bad=1\">",
        "</script><script>window.bad=1</script>",
        "<!--<script>",
        "]]><svg onload=window.bad=1>",
        "`</code><b onclick=window.bad=1>`",
        "javascript:window.bad=1",
        "\u{202e}\u{2028}\u{0}</title><script src=https://example.com/x.js></script>",
        "{\"<img src=x onerror=window.bad=1>\":\"</textarea><iframe src=https://example.com>\"}",
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = transcript(folder.path(), &hostile);
    let file = folder.path().join("hostile.html");
    let title = "</title><script>window.bad=1</script>";
    let (code, told) = said(&["export", &path, "--title", title, "--out", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{told}");
    let mut browser = Browser::start(peers, &chromium);
    browser.tell(&format!("open file://{}", file.display()));
    for _ in 0..hostile.len() + 2 {
        browser.tell("keys ArrowRight");
        assert_eq!(browser.tell("evaluate String(window.bad)"), "undefined");
    }
    browser
        .tell("evaluate (document.querySelectorAll('details').forEach((each) => { each.open = true }), 1)");
    let elements = "document.querySelectorAll('img, iframe, svg, script[src], object, embed').length";
    assert_eq!(browser.tell(&format!("evaluate {elements}")), 0);
    assert_eq!(browser.tell("evaluate String(window.bad)"), "undefined");
    assert_eq!(browser.tell("problems"), serde_json::json!([]));
}
