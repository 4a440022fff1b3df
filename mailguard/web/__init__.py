"""The review page: what the school's readers, its admin and its auditor see in a browser."""
