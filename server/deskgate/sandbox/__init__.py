"""The pretend world: a Zendesk and a MultiMail that answer like the real ones.

`World` (in `world`) owns the state, `build_app` (in `app`) puts it on the wire, `SandboxTransport` (in `transport`)
serves it inside the calling process, `serve` (in `serve`) on a loopback port. The package shares no code with the
clients that talk to it, so that a mistake of theirs cannot be repeated here and pass.
"""
