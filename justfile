# Flat verbs for the day's work; `just` lists them.
default:
    @just --list

# Type-check everything, the fuzz targets too
check:
    cargo check --locked --workspace --all-targets
    cargo check --locked --manifest-path fuzz/Cargo.toml

# All tests; the first run builds the SDKs and installs the lab's Python packages
test:
    cargo test

# Format and clippy
lint:
    cargo fmt --all --check
    cargo clippy --locked --workspace --all-targets -- -D warnings

# Licences, sources, bans and, where their registry can be reached, advisories
deny:
    .ci/deny

# Fuzz one of playbook, simulation, expression, journal, plan, config, home; needs nightly and cargo-fuzz
fuzz target seconds="600" longest="16384":
    cargo +nightly fuzz run -s none {{target}} fuzz/corpus/{{target}} -- -max_total_time={{seconds}} -timeout=10 -max_len={{longest}} -dict=fuzz/{{target}}.dict

# Benchmarks; they need no SDK
bench:
    cargo bench --no-default-features

# Judge N fresh random cases with the evaluator of policies and with another engine; needs node and npm
policy-oracle seed="1" n="50000":
    crates/policy/tests/oracle/run {{seed}} {{n}}

# What the lab's front adds to a call; installs moto at the first run
bench-front:
    cargo bench -p backburn-front

# Isolating 1,000 hosts in a lab of its own: time, calls, memory; with --quotas at AWS's bucket sizes (7 minutes)
bench-isolate *ARGS:
    cargo build --locked
    python3 benches/isolate.py {{ARGS}}

# What grows with past runs, in whole processes; builds the release binary at the first run
bench-growth *ARGS:
    python3 benches/growth.py {{ARGS}}

# The release binary is stripped and no larger than documented; half an hour and 11 GB to build
size:
    cargo build --release --locked
    .ci/release
    .ci/release "${CARGO_TARGET_DIR:-target}/release/backburn"

# backburn and its peers by turns; builds the release binary and installs the peers at the first run
bench-peers *ARGS:
    python3 benches/peers/peers.py {{ARGS}}

# Break the shipped playbooks at every call and record in the lab, and let others change their settings
crash-matrix:
    cargo build --locked
    target/debug/backburn crash-matrix playbooks/ec2-compromise.yaml
    target/debug/backburn crash-matrix playbooks/ec2-compromise.yaml --drift
    target/debug/backburn crash-matrix playbooks/iam-key-leak.yaml
    target/debug/backburn crash-matrix playbooks/iam-key-leak.yaml --drift
    target/debug/backburn crash-matrix playbooks/cloudtrail-tamper.yaml
    target/debug/backburn crash-matrix playbooks/cloudtrail-tamper.yaml --drift

# Start the lab, contain its compromised instance, release it again
demo:
    cargo run -q -- demo --release

# Start and seed the lab
lab-up:
    cargo run -q -- lab up

# Write the generated reference
docs:
    cargo run -q -- actions --markdown > docs/actions.md
    cargo run -q -- actions --json > fuzz/actions.json
    cargo run -q -- man --markdown > docs/cli.md

# Regenerate the pictures in docs/img from real runs; needs tmux and Chromium
pictures:
    cargo build --locked
    docs/screenshots.py target/debug/backburn
