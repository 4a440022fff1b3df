"""The running system: from settings to parts that know each other, and their life from start to end.

``life`` starts and ends them; ``parts`` and ``performers`` wire them; ``relay``, ``mailboxes`` and ``review`` are what
faces outwards; ``jobs`` is what time alone brings about; ``telling`` is the log and the record; ``service_manager`` is
systemd's side. Importing the package imports none of them: the review page alone does without the mail's libraries.
"""
