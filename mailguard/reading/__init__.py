"""From bytes to :class:`mailguard.domain.message.MessageFacts`. Total and bounded: nothing here raises on any
input.
"""
