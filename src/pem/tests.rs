use proptest::prelude::*;

use super::*;

/// A block in an unusual form.
fn laid_out(der: &[u8], width: usize, indent: usize, line_end: &str, blank: bool) -> String {
    let base64 = Base64::encode_string(der);
    let margin = " ".repeat(indent);
    let gap = if blank { format!("{margin}{line_end}") } else { String::new() };
    let mut text = format!("{margin}-----BEGIN THING-----{line_end}");
    for line in base64.as_bytes().chunks(width) {
        let line = std::str::from_utf8(line).unwrap();
        text.extend([margin.as_str(), line, " ", line_end, gap.as_str()]);
    }
    text + &format!("{margin}-----END THING-----")
}

#[test]
fn what_go_does_not_read_is_odd_and_the_rest_is_not() {
    const PLAIN: &str = "-----BEGIN X-----\nAAAA\n-----END X-----\n";
    let odd = |text: &str| blocks(text.as_bytes()).last().and_then(oddity);
    for text in [
        PLAIN.to_owned(),
        format!("text\n{PLAIN}text"),
        PLAIN.replace('\n', "\r\n"),
        PLAIN.replace("-----\n", "----- \t\n"),
        PLAIN.replace("AAAA", "  AA AA  \n"),
        PLAIN.trim_end().to_owned(),
        "-----BEGIN X-----\nDEK-Info: A,B\n\nAAAA\n-----END X-----\n".to_owned(),
    ] {
        assert_eq!(odd(&text), None, "{text:?}");
    }
    for text in [
        format!("\u{feff}{PLAIN}"),
        format!(" {PLAIN}"),
        format!("x{PLAIN}"),
        format!("{}x", PLAIN.trim_end()),
        PLAIN.replace("\nAAAA", "AAAA"),
        PLAIN.replace("AAAA\n", "AAAA"),
        PLAIN.replace("AAAA\n", "AAAA\n "),
        PLAIN.replace('\n', "\r"),
    ] {
        assert!(odd(&text).is_some(), "{text:?}");
    }
}

#[test]
fn a_block_without_its_end_is_cut_short_and_the_next_is_whole() {
    let text = b"-----BEGIN A-----\nAAAA\n-----BEGIN B-----\nAAAA\n-----END B-----\n-----BEGIN C-----\n-----END D-----\n-----BEGIN";
    let found = blocks(text);
    let cut: Vec<(&str, bool)> = found.iter().map(|block| (block.label, block.is_cut_short())).collect();
    assert_eq!(cut, [("A", true), ("B", false), ("C", true)]);
}

proptest! {
    #[test]
    fn any_layout_is_the_same_bytes(
        der in any::<Vec<u8>>(), width in 1_usize..200, indent in 0_usize..9,
        line_end in "\r?\n", blank in any::<bool>(), before in "[a-z \n]*", after in "[a-z \n]*",
    ) {
        let text = format!("{before}{}{after}", laid_out(&der, width, indent, &line_end, blank));
        let twice = format!("{text}{text}");
        let found = blocks(twice.as_bytes());
        prop_assert_eq!(found.len(), 2);
        for block in found {
            prop_assert_eq!(block.label, "THING");
            prop_assert_eq!(block.der().unwrap().to_vec(), der.clone());
        }
    }

    #[test]
    fn what_is_written_is_read_by_the_pem_crate_and_here(der in any::<Vec<u8>>()) {
        let text = encode("SOME THING", &der).unwrap();
        let theirs = ::pem::parse(text.as_slice()).unwrap();
        prop_assert_eq!((theirs.tag(), theirs.contents()), ("SOME THING", der.as_slice()));
        let found = blocks(&text);
        prop_assert_eq!(oddity(&found[0]), None);
        prop_assert_eq!(found[0].der().unwrap().to_vec(), der);
    }

    #[test]
    fn nothing_panics(file in any::<Vec<u8>>(), text in "(-----(BEGIN|END) [A-Z ]{0,3}-----|[A-Za-z+/= :\n]{0,9}){0,9}") {
        for bytes in [&file, text.as_bytes()] {
            for block in blocks(bytes) {
                let _ = (block.der(), oddity(&block));
            }
            let _ = crate::form::Form::of(bytes);
        }
    }
}
