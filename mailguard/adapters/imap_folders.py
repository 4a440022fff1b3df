"""Which folders of a mailbox are read, which of them show what has gone out, and where the quarantine is.

Source: RFC 6154 (special use); names as mail programs give them where a server has no special use.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailguard.adapters.imap_session import Folder, ImapSession
from mailguard.adapters.imap_settings import ALL_FOLDERS, MailboxesSettings

_SENT_USE = "\\sent"
# Everything in these lies elsewhere, too, or was never sent.
_UNREAD_USES = frozenset({"\\all", "\\flagged", "\\important", "\\drafts"})
_SENT_NAMES = frozenset(
    {
        "sent",
        "sent items",
        "sent messages",
        "sent mail",
        "gesendet",
        "gesendete elemente",
        "envoyés",
        "éléments envoyés",
        "enviados",
        "elementos enviados",
        "anfonwyd",  # Welsh
    }
)


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """``is_sent``: what lies there has gone out."""

    name: str
    is_sent: bool


def sent_folder_names(folders: Iterable[Folder]) -> frozenset[str]:
    """Those that the server calls \\Sent; where it calls none so, those named like one."""
    known = list(folders)
    by_use = {folder.name for folder in known if _SENT_USE in folder.use}
    return frozenset(by_use or {folder.name for folder in known if _last_part(folder.name) in _SENT_NAMES})


def watched_folders(
    session: ImapSession, settings: MailboxesSettings, folders: Iterable[Folder]
) -> tuple[WatchedFolder, ...]:
    """INBOX first, whose news cannot wait; then the others as set. A folder that is not there is left out."""
    known = tuple(folders)
    sent = sent_folder_names(known)
    quarantine = quarantine_name(session, settings, known)
    if ALL_FOLDERS in settings.folders:
        wanted = [folder.name for folder in known if not folder.use & _UNREAD_USES]
    else:
        names = {_key(folder.name): folder.name for folder in known}
        wanted = [names[_key(name)] for name in settings.folders if _key(name) in names]
    if settings.sent_folders:
        wanted.extend(sorted(sent))
    else:
        wanted = [name for name in wanted if name not in sent]
    wanted = [name for name in dict.fromkeys(wanted) if name != quarantine]
    wanted.sort(key=lambda name: _key(name) != "INBOX")
    return tuple(WatchedFolder(name, name in sent) for name in wanted)


def quarantine_name(session: ImapSession, settings: MailboxesSettings, folders: Iterable[Folder]) -> str:
    """The quarantine folder as this server names it; some put every folder under "INBOX."."""
    name = settings.quarantine_folder
    if any(folder.name == name for folder in folders):
        return name
    prefix = session.personal_prefix()
    return name if name.startswith(prefix) else prefix + name


def _last_part(name: str) -> str:
    return name.replace(".", "/").rpartition("/")[2].casefold()


def _key(name: str) -> str:
    """INBOX is the one name without case (RFC 3501 5.1)."""
    return "INBOX" if name.upper() == "INBOX" else name
