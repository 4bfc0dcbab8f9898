"""What `concert doctor` looks at. A check never raises for what it finds: it says it."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import httpx
from pydantic import SecretStr

from cli import studio
from intake.errors import IntakeError
from models.packs import PackError, PackKind, locate, read_manifest
from policy.settings import Settings
from store.errors import StoreError

State = Literal["ok", "note", "broken"]

PACKAGES = (
    *("alembic", "bentoml", "duckdb", "ibis-framework", "label-studio-sdk", "numpy"),
    *("pandas", "pyarrow", "pydantic", "scikit-learn", "sentence-transformers", "sqlalchemy"),
    *("torch", "typer"),
)
"""Those whose version changes what Concert does."""

QUICK_ROWS = 20_000
"""An audit log of so many rows is verified in a few seconds."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    says: str
    do: str = ""
    """What to do about it."""


def examine(settings: Settings, *, deep: bool = False) -> list[Check]:
    """Look at everything; `deep` verifies the audit log whatever its length."""
    return [
        _python(),
        _packages(),
        _label_studio_environment(settings),
        *_settings(settings),
        _home(settings),
        *_store(settings, deep=deep),
        _lake(settings),
        _pack("harm", settings),
        _pack("association", settings),
        _label_studio(settings),
        _service(settings),
    ]


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    fits = sys.version_info[:2] == (3, 11)
    return Check(
        "Python",
        "ok" if fits else "broken",
        f"{found} at {sys.executable}",
        "" if fits else "Concert needs Python 3.11: make clean, then make PYTHON=python3.11 setup",
    )


def _packages() -> Check:
    found, missing = [], []
    for name in ("concert", *PACKAGES):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check("packages", "broken", f"missing: {', '.join(missing)}", "run `make setup`")
    return Check("packages", "ok", ", ".join(found))


def _label_studio_environment(settings: Settings) -> Check:
    name = "Label Studio's environment"
    if settings.label_studio_url is not None:
        return Check(name, "ok", "not needed: CONCERT_LABEL_STUDIO_URL is set")
    executable = studio.own_server(settings).executable
    if not executable.exists():
        return Check(name, "broken", f"nothing at {executable}", "run `make setup`")
    folders = executable.parent.parent.glob("lib/python*/site-packages/label_studio-*.dist-info")
    found = [folder.name.removesuffix(".dist-info").partition("-")[2] for folder in folders]
    return Check(name, "ok", f"Label Studio {' '.join(found) or '?'} at {executable.parent.parent}")


def _settings(settings: Settings) -> Iterator[Check]:
    shown = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name in settings.model_fields_set:
            shown.append(f"CONCERT_{name.upper()}={_masked(name, value)}")
    yield Check("settings", "ok", ", ".join(shown) or "all as by default")
    if settings.label_studio_url is not None and settings.label_studio_token is None:
        yield Check(
            "settings",
            "broken",
            "CONCERT_LABEL_STUDIO_URL is set, CONCERT_LABEL_STUDIO_TOKEN is not",
            "set both, or neither",
        )


def _masked(name: str, value: object) -> str:
    if isinstance(value, SecretStr):
        return "***"
    if name == "database_url":
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            return make_url(str(value)).render_as_string(hide_password=True)
        except ArgumentError:
            return "***"
    return str(value)


def _home(settings: Settings) -> Check:
    home = settings.home.resolve()
    if not home.exists():
        return Check("data folder", "note", f"{home} is not there yet", "`concert up` makes it")
    if not home.is_dir():
        return Check("data folder", "broken", f"{home} is no folder", "set CONCERT_HOME to one")
    probe = home / ".doctor"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        return Check("data folder", "broken", f"{home}: {error.strerror}", "set CONCERT_HOME")
    return Check("data folder", "ok", str(home))


def _store(settings: Settings, *, deep: bool) -> Iterator[Check]:
    from casework.office import opened

    file = None if settings.database_url else settings.home / "concert.db"
    if file is not None and not file.exists():
        # To look is not to make: a store that is not there is no fault before the first start.
        yield Check("store", "note", f"{file} is not there yet", "`concert up` makes it")
        return
    try:
        with opened(settings) as office:
            from store import migrate
            from store.store import read_head

            with office.store.reading() as work:
                schema = migrate.current(work.connection)
                head = read_head(work.connection)
            dialect = office.store.engine.dialect.name
            yield Check(
                "store",
                "ok",
                f"{dialect} at {_masked('database_url', settings.store_url)}, schema {schema}, "
                f"{head.seq} audit rows",
            )
            if head.seq > QUICK_ROWS and not deep:
                yield Check(
                    "audit log",
                    "note",
                    f"{head.seq} rows are not verified in passing",
                    "run `concert audit verify`, or `concert doctor --deep`",
                )
                return
            from store.audit import verify

            report = verify(office.store, limit=1)
    except (StoreError, OSError) as error:
        yield Check("store", "broken", str(error), "mend the setting, or start the database")
        return
    if report.ok:
        yield Check("audit log", "ok", f"{report.rows} rows verify, up to {report.head[1][:16]}…")
    else:
        yield Check(
            "audit log",
            "broken",
            f"{report.found} problems; the first: {report.problems[0].says}",
            "run `concert audit verify` and find out who had access",
        )


def _lake(settings: Settings) -> Check:
    from intake.lake import Lake

    try:
        counts = Lake(settings.lake).counts()
    except (IntakeError, OSError, ValueError) as error:
        return Check("lake", "broken", f"{settings.lake}: {error}", "restore it from a copy")
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    return Check("lake", "ok", f"{settings.lake}: {told}")


def _pack(kind: PackKind, settings: Settings) -> Check:
    name = f"{kind} model"
    try:
        manifest = read_manifest(folder := locate(kind, settings.models))
    except PackError as error:
        return Check(
            name,
            "broken",
            str(error),
            "restore the shipped pack, set CONCERT_MODELS, or train one with `concert train`",
        )
    routes = manifest.parameters.get("routes")
    if isinstance(routes, dict) and settings.encoder not in routes:
        return Check(
            name,
            "broken",
            f"{manifest.model} has nothing for the encoder {settings.encoder!r}",
            f"set CONCERT_ENCODER to one of {', '.join(sorted(routes))}, or train for it",
        )
    languages = ", ".join(manifest.calibrated) or "no language"
    return Check(
        name,
        "ok",
        f"{manifest.model} at {folder}, {len(manifest.files)} files as they were written, "
        f"calibrated in {languages}",
    )


def _label_studio(settings: Settings) -> Check:
    name = "Label Studio"
    own = settings.label_studio_url is None
    url = settings.label_studio_url or f"http://127.0.0.1:{settings.label_studio_port}"
    found = _asked(f"{url.rstrip('/')}/api/version", lambda body: str(body["release"]))
    if found is not None:
        return Check(name, "ok", f"{found} answers at {url}")
    if own:
        return Check(name, "note", f"does not answer at {url}", "`concert up` starts it")
    return Check(
        name, "broken", f"does not answer at {url}", "start it, or mend CONCERT_LABEL_STUDIO_URL"
    )


def _service(settings: Settings) -> Check:
    url = f"http://{settings.host}:{settings.port}"
    if _asked(f"{url}/readyz", None) is not None:
        return Check("service", "ok", f"is ready at {url}")
    return Check("service", "note", f"does not answer at {url}", "`concert up` starts it")


def _asked(url: str, read: Callable[[dict[str, object]], str] | None) -> str | None:
    """What a server says, or None where it does not answer, or not as expected."""
    try:
        answer = httpx.get(url, timeout=3, trust_env=False)
        if answer.status_code != httpx.codes.OK:
            return None
        return read(answer.json()) if read else ""
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        return None
