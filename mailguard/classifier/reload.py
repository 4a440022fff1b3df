"""The model in force, replaced under a running process when another is promoted.

The stamp is made of hashes of the pointer and of the model's own files. What is in force is what the disk says: a model whose
files were altered since goes dark at the next look, whether or not it was loaded before, so that all processes and every
restart agree.
FAILURE: dark means empty scores; the lists go on deciding, and the listener hears of it until it has taken the news.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mailguard.app.following import POLL_SECONDS, Followed, Follower
from mailguard.app.ports import Classifier
from mailguard.classifier.artefact import DarkClassifier
from mailguard.classifier.registry import ModelRegistry
from mailguard.classifier.way_out import way_out


@dataclass(frozen=True, slots=True)
class ModelReplaced:
    """Another model is in force, or the same one again after it was dark."""

    old_id: str
    new_id: str


@dataclass(frozen=True, slots=True)
class ModelDark:
    """No model is in force any more: ``reason`` and ``fix`` in words for the admin."""

    old_id: str
    reason: str
    fix: str = ""


ModelNews = ModelReplaced | ModelDark
ModelListener = Callable[[ModelNews], None]


class CurrentModel:
    """Holds the classifier in force. ``classifier`` is one reference: readers need no lock, and a message begun with one
    model ends with it. ``fix``: what to do while it is dark, "" otherwise.

    ``listener`` logs, audits and alarms; it is called from this object's threads, one call at a time, and hears news again
    that it could not take. ``restore`` is asked at every look to put a lost pointer in its place (None: where there is no
    store).
    """

    def __init__(
        self,
        registry: ModelRegistry,
        listener: ModelListener,
        *,
        restore: Callable[[], object] | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._registry = registry
        self._restore = restore
        self.fault = ""
        self._follower: Follower[ModelNews] = Follower(
            Followed(
                name="model",
                folders=lambda: [registry.folder],
                is_recursive=True,
                is_ours=lambda path: True,
                stamp=self._stamp,
                load=self._load,
            ),
            listener,
            on_fault=self._note_fault,
            poll_seconds=poll_seconds,
        )
        self.classifier: Classifier = registry.classifier()
        self.signed_at = registry.signed_at()
        self.fix = way_out(registry) if isinstance(self.classifier, DarkClassifier) else ""

    def reload_if_changed(self) -> bool:
        """Look at the disk; True when another model (or none) is in force now. Raises what the listener raises."""
        before = self.classifier
        self._follower.look()
        return self.classifier is not before

    def start(self) -> None:
        """Follow in two threads until :meth:`stop`."""
        self._follower.start()

    def stop(self) -> None:
        self._follower.stop()

    def _stamp(self) -> str:
        self._try_restore()
        return self._registry.stamp()

    def _try_restore(self) -> None:
        """A pointer that cannot be put back now is tried again at the next look; what the disk says counts until then."""
        if self._restore is None:
            return
        try:
            self._restore()
            self.fault = ""
        except Exception as error:
            self.fault = f"{type(error).__name__}: {error}"

    def _load(self) -> None:
        old, new = self.classifier, self._registry.classifier()
        self.fix = way_out(self._registry) if isinstance(new, DarkClassifier) else ""
        if isinstance(new, DarkClassifier):
            if not isinstance(old, DarkClassifier) or old.reason != new.reason:
                self._follower.news.append(ModelDark(old_id=old.model_id, reason=new.reason, fix=self.fix))
        elif new.model_id != old.model_id:
            self._follower.news.append(ModelReplaced(old_id=old.model_id, new_id=new.model_id))
        self.classifier, self.signed_at = new, self._registry.signed_at()

    def _note_fault(self, says: str) -> None:
        self.fault = f"the model {says}"
