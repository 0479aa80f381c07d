//! Prints random cases with the evaluator's answers, one a line: `cargo run -p backburn-policy --example cases -- SEED N`.

#[path = "../tests/generate/mod.rs"]
mod generate;

use std::io::{BufWriter, Write};

use backburn_policy::cases;

fn main() -> std::io::Result<()> {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let [seed, n] = numbers[..] else {
        eprintln!("usage: cases SEED N");
        std::process::exit(2);
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    for one in 0..n {
        let mut case = generate::case(seed.wrapping_mul(1_000_003).wrapping_add(one));
        let answer = cases::judge(&case).map_or("Error", |decision| decision.answer.name());
        case["r"] = answer.into();
        writeln!(out, "{case}")?;
    }
    Ok(())
}
