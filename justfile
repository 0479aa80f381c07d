# Flat verbs for the day's work; `just` lists them.
default:
    @just --list

# Type-check everything
check:
    cargo check --locked --all-targets

# All tests; the first run builds the SDKs and installs the lab's Python packages
test:
    cargo test

# Format, clippy, and cargo-deny where it is installed
lint:
    cargo fmt --all --check
    cargo clippy --locked --all-targets -- -D warnings
    if command -v cargo-deny >/dev/null; then cargo deny check; else echo "cargo-deny is not installed: licences and advisories are not checked"; fi

# Benchmarks; they need no SDK
bench:
    cargo bench --no-default-features

# What the lab's front adds to a call; installs moto at the first run
bench-front:
    cargo bench --no-default-features --bench front
# Break the shipped playbooks at every call and record in the lab, and let others change their settings
crash-matrix:
    cargo build --locked
    target/debug/backburn crash-matrix playbooks/ec2-compromise.yaml
    target/debug/backburn crash-matrix playbooks/ec2-compromise.yaml --drift
    target/debug/backburn crash-matrix playbooks/iam-key-leak.yaml
    target/debug/backburn crash-matrix playbooks/iam-key-leak.yaml --drift

# Start the lab, contain its compromised instance, release it again
demo:
    cargo run -q -- demo --release

# Start and seed the lab
lab-up:
    cargo run -q -- lab up

# Write the generated reference
docs:
    cargo run -q -- actions --markdown > docs/actions.md

# Make the pictures in docs/img anew from real runs; needs tmux and Chromium
pictures:
    cargo build --locked
    docs/screenshots.py target/debug/backburn
