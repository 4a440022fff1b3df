"""The demo: a throw-away school with its own mail servers, in which everything mailguard promises is shown."""
