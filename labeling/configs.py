"""Versioned labeling configs: what is asked in each kind of task, and the projects that ask it.

A config that was in use is never changed: Label Studio would let a choice that was already given
vanish. A change is a new file, a new version, and with it a new project.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Protocol, cast

from policy.cases import CaseKind

EVIDENCE = "evidence"
"""Name of the tag that shows the evidence; every control points at it."""

# Short: the server takes titles of up to 50 characters.
_NAMES: Mapping[CaseKind, str] = MappingProxyType(
    {
        CaseKind.ASSOCIATION: "Association",
        CaseKind.POST_HARM: "Harm of a post",
        CaseKind.COORDINATION: "Coordination",
        CaseKind.ASSESSMENT: "Assessment",
        CaseKind.DESIGNATION: "Designation",
        CaseKind.SUSPENSION: "Suspension",
        CaseKind.REAPPLICATION: "Re-application",
        CaseKind.APPEAL: "Appeal",
        CaseKind.SUPPORT: "Support",
    }
)


_TITLE = re.compile(
    r"Concert · (?P<name>.+?) · v(?P<version>\d+)(?: · round (?P<round>\d+))?(?P<blind> · blind)?"
)


class ConfigError(LookupError):
    """There is no labeling config of this kind and version."""


class Interface(Protocol):
    """What we use of the SDK's LabelInterface, which is itself untyped."""

    @property
    def controls(self) -> Any: ...

    def validate_prediction(self, prediction: Any, *, return_errors: bool) -> list[str]: ...


@dataclass(frozen=True)
class LabelingConfig:
    """One version of one kind's config."""

    kind: CaseKind
    version: int
    xml: str

    @cached_property
    def interface(self) -> Interface:
        """The SDK's reading of this config, which checks predictions as the server never does."""
        # Imported here: it takes a second, and the command line must start at once.
        from label_studio_sdk.label_interface.interface import LabelInterface

        return cast(Interface, LabelInterface(self.xml))

    @cached_property
    def choices(self) -> Mapping[str, frozenset[str]]:
        """The machine values (aliases) that each choice may take, by the name of its control."""
        return MappingProxyType(
            {
                str(control.name): frozenset(control.labels)
                for control in self.interface.controls
                if control.tag == "Choices"
            }
        )

    @cached_property
    def texts(self) -> frozenset[str]:
        """The names of the controls that take free text."""
        return frozenset(
            str(control.name) for control in self.interface.controls if control.tag == "TextArea"
        )


@dataclass(frozen=True, order=True)
class Lane:
    """The tasks that share a project: Label Studio hides nothing within one.

    Any user may open another's annotation, so a blind round needs a project of its own.
    """

    kind: CaseKind
    version: int
    round: int = 1
    blind: bool = False

    @property
    def title(self) -> str:
        """The project's title, by which it is found again."""
        parts = [f"Concert · {_NAMES[self.kind]} · v{self.version}"]
        if self.round > 1:
            parts.append(f"round {self.round}")
        if self.blind:
            parts.append("blind")
        return " · ".join(parts)

    @classmethod
    def titled(cls, title: str) -> "Lane | None":
        """The lane that a project's title names; None for projects that are not ours."""
        found = _TITLE.fullmatch(title)
        kind = next(
            (kind for kind, name in _NAMES.items() if found and name == found["name"]), None
        )
        if found is None or kind is None:
            return None
        return cls(kind, int(found["version"]), int(found["round"] or 1), bool(found["blind"]))

    @property
    def description(self) -> str:
        return "Kept by Concert. Please change nothing here but your annotations."


@cache
def labeling_config(kind: CaseKind, version: int) -> LabelingConfig:
    """Read a config that ships with Concert.

    Raises:
        ConfigError: there is none of this kind and version.
    """
    path = files("labeling").joinpath("configs", f"{kind}.v{version}.xml")
    if kind not in _NAMES or not path.is_file():
        raise ConfigError(f"there is no labeling config for {kind}, version {version}")
    return LabelingConfig(kind, version, path.read_text(encoding="utf-8"))


def newest_version(kind: CaseKind) -> int:
    """The newest version of a kind's config.

    Raises:
        ConfigError: this kind has none.
    """
    named = re.compile(rf"{re.escape(kind)}\.v(\d+)\.xml")
    found = (named.fullmatch(path.name) for path in files("labeling").joinpath("configs").iterdir())
    versions = [int(match[1]) for match in found if match]
    if not versions:
        raise ConfigError(f"there is no labeling config for {kind}")
    return max(versions)
