//! Codes of what the lab can fail with, each with the paragraph that explains it.

/// Code and explanation, in the order of a lab's life.
pub(super) const CODES: &[(&str, &str)] = &[
    (
        "lab::no_python",
        "No Python of a version that the endpoint needs was found. The lab installs its endpoint with pip into a folder of its own and changes nothing else. Install one of the versions that the message names, or use an endpoint that runs already: `--upstream http://127.0.0.1:PORT`.",
    ),
    (
        "lab::no_venv",
        "The Python that was found cannot make a virtual environment, because the system ships that module in a package of its own: `python3-venv` on Debian and Ubuntu. Install it and run the command again.",
    ),
    (
        "lab::port_taken",
        "Another program listens on the port; the message names it where the system tells. Choose another port with `--port N`, or any free one with `--port 0`. If it is an AWS endpoint that should be used, give it as `--upstream`.",
    ),
    (
        "lab::no_network",
        "The first start of an upstream downloads it, and pip could not reach its package index. Check the network and pip's own settings for an index or a proxy (`pip config list`). What was installed before needs no network.",
    ),
    (
        "lab::hash_mismatch",
        "A package that was downloaded does not have the SHA-256 that is pinned in this program. Nothing of it was installed. An index that builds packages again does this, and so does somebody who exchanged one: use an index that serves PyPI's own files.",
    ),
    (
        "lab::no_space",
        "The disk is full where the endpoint is installed or keeps its state. Free some space, or name another place with `XDG_CACHE_HOME` or `BACKBURN_CACHE`.",
    ),
    (
        "lab::pip_failed",
        "pip ended with an error that this program does not know; its last lines are in the message. Run the command again to start over: a half-made environment is never used.",
    ),
    (
        "lab::start_timeout",
        "The endpoint was started and did not answer in time, so it was ended again. The message shows the end of its log and where the whole log is. A busy machine is the usual reason: run the command again.",
    ),
    (
        "lab::start_failed",
        "The endpoint ended by itself while it was starting. The message shows the end of its log and where the whole log is. If its port was taken in the meantime, run the command again.",
    ),
    (
        "lab::no_docker",
        "LocalStack runs in Docker, or in one of the named versions of Python without it, and neither is there. Start Docker, install such a Python, or use the default upstream, which needs neither.",
    ),
    (
        "lab::docker_failed",
        "Docker answered, and a command of it failed; its last lines are in the message. The default upstream (`--upstream moto`) needs no Docker.",
    ),
    (
        "lab::not_loopback",
        "The lab was given an address of another machine. It calls this machine only, since it makes and deletes what it finds: give a URL of 127.0.0.1, [::1] or localhost.",
    ),
    (
        "lab::no_answer",
        "The URL was called and what came back is no answer of an AWS endpoint, or nothing came. Start that endpoint first, or let the lab start its own with `backburn lab up`.",
    ),
    (
        "lab::no_front",
        "Something answers on the URL, and it is not a front of this program's lab. Faults and crash tests need one, since only a front can hold a call or let it fail: start a lab with `backburn lab up`.",
    ),
    (
        "lab::unreadable",
        "An account of the lab could not be read, so nothing was compared in it. `backburn lab status` shows whether the lab still answers.",
    ),
    (
        "lab::account_in_use",
        "A test drew an account of the lab that should be empty, and it is not. It was left alone. The next attempt draws another; if that is used too, the endpoint does not keep accounts apart by access key id, and a lab of this program's own is needed.",
    ),
    (
        "lab::other_upstream",
        "A lab runs under this home, and it has another upstream than the one that was asked for. It was left as it is. `backburn lab down` ends it and what is in it; after that, `lab up` starts the other one.",
    ),
    (
        "lab::other_options",
        "A lab runs under this home, and it was started with another port, clock, pass-through, quota or delivery than the one that was asked for. These are set when a front starts, so the lab was left as it is. `backburn lab down` ends it and what is in it; after that, `lab up` starts another. Without the option, the lab that runs is used.",
    ),
    (
        "lab::not_running",
        "The command needs a lab, and none runs under this home. `backburn lab up` starts one. A lab that was started with another `--home` is found with that home only.",
    ),
    (
        "lab::foreign",
        "Somebody else started the endpoint that the lab uses, so the lab neither empties nor ends it. Restart it yourself; `backburn lab up` then seeds it again.",
    ),
    (
        "lab::seed",
        "The lab runs, and making its incident failed at the named step. Run the command again: it continues where it stopped. `backburn lab reset` starts over.",
    ),
    (
        "lab::will_not_end",
        "A process that the lab started ignored both requests to end. It may still answer. Look at it with `ps`, and end it yourself.",
    ),
    (
        "lab::not_own",
        "A folder or interpreter that the lab would execute belongs to another user, or others may write to it: they could decide what runs as you. Nothing in it was executed. Make it yours alone, delete it, or name another cache with `BACKBURN_CACHE`.",
    ),
    (
        "lab::changed",
        "A file of the installed endpoint is not as pip installed it, or was added. Nothing in it was executed. Delete the environment's folder in the cache; the next start installs it again.",
    ),
    (
        "lab::io",
        "A file or folder of the lab could not be read or written; the message names it. Check that it exists and that you may write there.",
    ),
];
