//! A journal's bytes: read, verify, fold, and draw. Once as they are, and once with the chain made
//! right, so that the records behind it are reached too.

#![no_main]

mod chain;

use backburn::{
    journal::{self, Ledger},
    report::{look::Look, timeline},
};
use libfuzzer_sys::fuzz_target;

fn whole(bytes: &[u8]) {
    let Ok(read) = journal::parse(bytes) else { return };
    assert!(read.head.bytes as usize <= bytes.len());
    assert_eq!(read.head.next as usize, read.lines.len());
    let ledger = Ledger::fold(read.lines.iter().map(|line| &line.record));
    for (_, place, change) in ledger.changes() {
        let _ = (place.to_string(), change.ours(), change.is_given_back());
    }
    ledger.operations().for_each(drop);
    let _ = ledger.drill();
    timeline::timeline(&read.lines, &Look { color: false, width: 80 });
    // What was read is written again as it was, so that its chain still holds.
    let again = journal::parse(&bytes[..read.head.bytes as usize]).expect("the valid part");
    assert_eq!((again.head, again.torn), (read.head, None));
}

fuzz_target!(|bytes: &[u8]| {
    whole(bytes);
    whole(&chain::chained(bytes));
});
