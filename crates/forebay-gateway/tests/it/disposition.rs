//! Names of downloads: what a client writes to its disk is chosen here.

use forebay_gateway::disposition::{attachment, safe_name};
use proptest::prelude::*;

fn header(name: &str) -> String {
    attachment(name.as_bytes()).to_str().unwrap().to_owned()
}

#[test]
fn plain_names_stand_alone() {
    assert_eq!(header("report.pdf"), r#"attachment; filename="report.pdf""#);
    assert_eq!(header("a b (1).txt"), r#"attachment; filename="a b (1).txt""#);
}

#[test]
fn cjk_and_accents_are_sent_twice() {
    assert_eq!(
        header("报告.pdf"),
        "attachment; filename=\"__.pdf\"; filename*=UTF-8''%E6%8A%A5%E5%91%8A.pdf"
    );
    assert_eq!(header("naïve.txt"), "attachment; filename=\"na_ve.txt\"; filename*=UTF-8''na%C3%AFve.txt");
}

#[test]
fn quotes_and_percent_signs_do_not_confuse_old_clients() {
    assert_eq!(header(r#"a"b.txt"#), "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt");
    assert_eq!(header("50%20.txt"), "attachment; filename=\"50_20.txt\"; filename*=UTF-8''50%2520.txt");
}

#[test]
fn separators_control_characters_and_direction_marks_are_defused() {
    assert_eq!(safe_name(b"../../etc/passwd"), ".._.._etc_passwd");
    assert_eq!(safe_name(br"C:\boot.ini"), "C:_boot.ini");
    assert_eq!(safe_name(b"a\r\nSet-Cookie: x\0"), "a__Set-Cookie: x_");
    assert_eq!(safe_name("exe\u{202e}fdp.txt".as_bytes()), "exe_fdp.txt");
    assert_eq!(safe_name(b".."), "download");
    assert_eq!(safe_name(b"  "), "download");
    assert_eq!(safe_name(b"caf\xe9.txt"), "caf\u{fffd}.txt");
}

#[test]
fn a_long_name_keeps_its_extension() {
    let name = safe_name(format!("{}.tar", "あ".repeat(200)).as_bytes());
    assert!(name.len() <= 255 && name.ends_with(".tar") && name.starts_with('あ'));
}

proptest! {
    #[test]
    fn a_header_is_never_broken_out_of(name in prop::collection::vec(any::<u8>(), 0..400)) {
        let value = attachment(&name);
        let text = value.to_str().unwrap();
        prop_assert!(text.starts_with("attachment; filename=\""), "{}", text);
        prop_assert!(text.bytes().all(|b| (0x20..0x7f).contains(&b)));
        prop_assert_eq!(text.matches('"').count(), 2);
        prop_assert!(!text.contains('/') && !text.contains('\\'));
    }

    #[test]
    fn a_safe_name_is_safe_and_stays_so(name in prop::collection::vec(any::<u8>(), 0..400)) {
        let safe = safe_name(&name);
        prop_assert!(!safe.is_empty() && safe.len() <= 255 && safe != "." && safe != "..");
        prop_assert!(!safe.contains(['/', '\\', '\0', '\r', '\n']));
        prop_assert_eq!(safe_name(safe.as_bytes()).len() <= 255, true);
    }
}
