"""What mailguard does, written against ports; it knows no socket, no file and no SQL."""
