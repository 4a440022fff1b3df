"""``python -m mailguard``."""

from mailguard.cli import main

main()
