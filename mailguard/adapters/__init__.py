"""The outside world behind the ports: SMTP, IMAP, SQL, files, clocks, keys."""
