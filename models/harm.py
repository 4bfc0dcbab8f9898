"""How likely each policy applies to a post, and each form of harm with it.

Every policy has a linear head on the vector of the post joined with its hashed n-grams, then a
calibrator of its own for each language that had rows enough. A policy without open data has a
head taught by descriptions alone (a prototype): its likelihood is marked and goes to a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from models.cache import CachedEncoder
from models.calibration import Calibrator, Floats
from models.encoder import Encoder, load_encoder
from models.language import UNKNOWN, language_of
from models.lexical import Lexicon
from models.packs import Manifest, PackError, read_manifest, read_tensors
from models.routing import Thresholds, route_post
from models.streams import Stream
from models.text import is_wordless, normalise
from policy.at_risk import harm_done
from policy.records import Post
from policy.scores import PostScore
from policy.words import Policy

DENSE_SCALE = 4.0
"""What vectors are stretched by, so that a head's penalty falls on them as on the n-grams."""

ANY_LANGUAGE = "*"

BATCH = 2048


@dataclass(frozen=True)
class Head:
    """Linear weights on one encoder's vectors and on n-grams, a row for each policy."""

    policies: tuple[Policy, ...]
    dense: NDArray[np.float32]
    """Shape (policies, dimensions)."""
    lexical: NDArray[np.float32]
    """Shape (policies, buckets)."""
    bias: NDArray[np.float32]
    calibrators: Mapping[tuple[Policy, str], Calibrator] = field(default_factory=dict)
    """By policy and language; the language `*` stands for all that have none of their own."""
    streams: Mapping[tuple[Policy, str], Stream] = field(default_factory=dict)
    """By policy and language: which posts the calibrator knows."""
    thresholds: Mapping[tuple[Policy, str], Thresholds] = field(default_factory=dict)
    """By policy and language, for what is calibrated."""
    screening: Mapping[Policy, float] = field(default_factory=dict)
    """The likelihood from which a person is asked, for what is not."""
    families: NDArray[np.float32] | None = None
    """Centres of the vectors that it was calibrated on, (families, dimensions), of length one."""
    familiar: float = -1.0
    """Likeness to the nearest centre below which a post is new to it."""

    def novel(self, vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Whether a post is unlike all that the likelihoods were calibrated on, (texts,)."""
        if self.families is None:
            return np.zeros(len(vectors), dtype=bool)
        return np.asarray((vectors @ self.families.T).max(axis=1) < self.familiar)

    def calibrated(self, lang: str) -> frozenset[Policy]:
        """The policies whose likelihood can be taken at its word in a language."""
        return frozenset(policy for policy, of in self.calibrators if of == lang)

    @property
    def languages(self) -> frozenset[str]:
        """Those in which any policy is calibrated."""
        return frozenset(lang for _, lang in self.calibrators) - {ANY_LANGUAGE, UNKNOWN}

    def log_odds(self, vectors: NDArray[np.float32], grams: Any) -> Floats:
        """Raw scores, shape (texts, policies)."""
        flat = DENSE_SCALE * vectors @ self.dense.T + grams @ self.lexical.T + self.bias
        return np.asarray(flat, dtype=np.float64)

    def likelihoods(
        self, log_odds: Floats, langs: Sequence[str], vectors: NDArray[np.float32]
    ) -> Floats:
        """Calibrated where there is a calibrator for the language, else by the policy's `*`;
        tempered where a post is unlike those that the calibrator knows."""
        found = np.empty_like(log_odds)
        spoken = np.asarray(langs)
        for column, policy in enumerate(self.policies):
            for lang in set(langs):
                here = spoken == lang
                use = self.calibrators.get((policy, lang), self.calibrators[(policy, ANY_LANGUAGE)])
                said = use(log_odds[here, column])
                stream = self.streams.get((policy, lang))
                found[here, column] = stream(said, vectors[here]) if stream else said
        return found


@dataclass
class HarmModel:
    """The harm pack, ready to score. Encoders are loaded when the first text needs them."""

    manifest: Manifest
    lexicon: Lexicon
    heads: Mapping[str, Head]
    routes: Mapping[str, str]
    """Language to the encoder whose head reads it; `*` for all others."""
    cache: Path | None = None
    tuned: Mapping[str, Path] = field(default_factory=dict)
    """Encoder to the file of its tuned layers, where the pack has one."""
    compressed: Path | None = None
    """The folder that may hold eight-bit encoders."""
    _encoders: dict[str, Encoder] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        encoder: str = "minilm",
        cache: Path | None = None,
        compressed: Path | None = None,
    ) -> "HarmModel":
        """Read a pack. `encoder` is the setting CONCERT_ENCODER; `cache` a file of embeddings;
        `compressed` a folder that may hold eight-bit encoders.

        Raises:
            PackError: the pack is damaged, or has no head for the encoder.
        """
        manifest = read_manifest(folder)
        if manifest.kind != "harm":
            raise PackError(f"{folder} is a pack of kind {manifest.kind}, not harm")
        parameters = cast(dict[str, Any], manifest.parameters)
        routes = parameters["routes"].get(encoder)
        if routes is None:
            raise PackError(
                f"CONCERT_ENCODER: {folder} has no head for {encoder!r}, only for"
                f" {', '.join(sorted(parameters['routes']))}; train one for it"
            )
        lexicon = Lexicon(rarity=_floats(read_tensors(folder, "lexicon.safetensors")["rarity"]))
        return cls(
            manifest=manifest,
            lexicon=lexicon,
            heads={name: _head(folder, name, parameters) for name in set(routes.values())},
            routes=routes,
            cache=cache,
            compressed=compressed,
            tuned={
                name: folder / about["tuned"]
                for name, about in parameters["heads"].items()
                if about.get("tuned")
            },
        )

    def score(self, posts: Sequence[Post]) -> list[PostScore]:
        """One score for each post, in the given order; any text gets one."""
        found: list[PostScore] = []
        for at in range(0, len(posts), BATCH):
            found += self._score_batch(posts[at : at + BATCH])
        return found

    def likelihoods(self, texts: Sequence[str], langs: Sequence[str]) -> Floats:
        """Likelihoods of normalised texts, shape (texts, policies in the order of `Policy`)."""
        return self.read(texts, langs)[0]

    def read(self, texts: Sequence[str], langs: Sequence[str]) -> tuple[Floats, NDArray[np.bool_]]:
        """Likelihoods of normalised texts, shape (texts, policies in the order of `Policy`), and
        whether each is new to the model, (texts,)."""
        found = np.zeros((len(texts), len(Policy)))
        novel = np.zeros(len(texts), dtype=bool)
        names = np.asarray([self.reader(lang) for lang in langs])
        if not texts:
            return found, novel
        grams = self.lexicon.features(texts)
        for name in sorted(set(names)):
            here = np.flatnonzero(names == name)
            head = self.heads[name]
            vectors = self.encoder(name).encode([texts[at] for at in here])
            log_odds = head.log_odds(vectors, grams[here])
            columns = [list(Policy).index(policy) for policy in head.policies]
            spoken = [langs[at] for at in here]
            found[here[:, None], columns] = head.likelihoods(log_odds, spoken, vectors)
            novel[here] = head.novel(vectors)
        return found, novel

    def calibrated(self, lang: str) -> frozenset[Policy]:
        """The policies whose likelihood can be taken at its word in a language."""
        return self.heads[self.reader(lang)].calibrated(lang)

    def reader(self, lang: str) -> str:
        """The name of the head that reads a language."""
        return self.routes.get(lang, self.routes[ANY_LANGUAGE])

    def encoder(self, name: str) -> Encoder:
        """The encoder of a head, loaded on first use."""
        if name not in self._encoders:
            loaded = load_encoder(name, self.tuned.get(name), self.compressed)
            self._encoders[name] = CachedEncoder(loaded, self.cache) if self.cache else loaded
        return self._encoders[name]

    def _score_batch(self, posts: Sequence[Post]) -> list[PostScore]:
        texts = [normalise(post.text) for post in posts]
        langs = [language_of(text, post.lang) for text, post in zip(texts, posts, strict=True)]
        rows, novel = self.read(texts, langs)
        # Without a word there is nothing that these models can read.
        rows[[is_wordless(text) for text in texts]] = 0.0
        return [
            self._post_score(post, lang, row, novel=bool(new))
            for post, lang, row, new in zip(posts, langs, rows, novel, strict=True)
        ]

    def _post_score(self, post: Post, lang: str, row: Floats, *, novel: bool) -> PostScore:
        policies = {policy: float(p) for policy, p in zip(Policy, row, strict=True)}
        head = self.heads[self.reader(lang)]
        guesses = frozenset(Policy) - head.calibrated(lang)
        lane, rule = route_post(
            policies,
            lang=lang,
            languages=head.languages,
            uncalibrated=guesses,
            thresholds={
                policy: lanes for (policy, of), lanes in head.thresholds.items() if of == lang
            },
            screening=head.screening,
            novel=novel,
        )
        return PostScore(
            post_id=post.post_id,
            lang=lang,
            policies=policies,
            # What was learned of self-harm is about the author, and never counts as harm done.
            harms=harm_done(policies, about_author=True),
            uncalibrated=tuple(policy for policy in Policy if policy in guesses),
            lane=lane,
            rule=rule,
            model=self.manifest.model,
        )


def stream_name(policy: str, lang: str) -> str:
    """What the weights of a stream are called in a pack's file."""
    return f"stream-{policy}-{lang}"


def _head(folder: Path, name: str, parameters: Mapping[str, Any]) -> Head:
    about = parameters["heads"][name]
    tensors = read_tensors(folder, about["file"])
    return Head(
        policies=tuple(Policy(policy) for policy in about["policies"]),
        dense=_floats(tensors["dense"]),
        lexical=_floats(tensors["lexical"]),
        bias=_floats(tensors["bias"]),
        calibrators={
            (Policy(each["policy"]), each["lang"]): Calibrator.model_validate(each["calibrator"])
            for each in about["calibrators"]
        },
        thresholds={
            (Policy(each["policy"]), each["lang"]): Thresholds.model_validate(each["thresholds"])
            for each in about["thresholds"]
        },
        screening={Policy(policy): level for policy, level in about["screening"].items()},
        streams={
            (Policy(each["policy"]), each["lang"]): Stream(
                weights=_floats(tensors[stream_name(each["policy"], each["lang"])]),
                bias=each["bias"],
                inside=each["inside"],
                elsewhere=each["elsewhere"],
            )
            for each in about.get("streams", ())
        },
        families=_floats(tensors["families"]) if "families" in tensors else None,
        familiar=float(about.get("familiar", -1.0)),
    )


def _floats(array: NDArray[Any]) -> NDArray[np.float32]:
    return array.astype(np.float32)
