"""``make screenshots``: pictures of every screen of the review page, for the documentation."""
