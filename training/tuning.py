"""Fine-tuning of MiniLM's upper layers on all policies at once.

The lower layers stay as they are, so each text passes them once and what comes out of them is
kept on disk; only the upper layers are run again in each epoch. That halves the cost of full
tuning on a CPU, and the shipped difference is half of the encoder.

Reproducible: every batch has a seed of its own. Resumable: the states of the lower layers and a
checkpoint of the weights with their optimiser (safetensors, never pickle) are written as it goes.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.encoder import MAX_CHARACTERS
from models.minilm import LOWER, MiniLM, load_minilm
from models.text import digest

Floats = NDArray[np.float32]
Report = Callable[[str, int, int], None]

SCALE = 8.0
"""What unit vectors are stretched by before the linear heads, so that a usual rate fits them."""

_STATES = "lower.f16"
_STATES_ABOUT = "lower.json"
_CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class Recipe:
    """How it is tuned; part of what a checkpoint is good for."""

    epochs: int = 2
    batch: int = 32
    rate: float = 2.5e-4
    head_rate: float = 1e-3
    decay: float = 0.01
    warm_up: float = 0.06
    tokens: int = 64
    anchor: float = 0.5
    """Weight of staying near the frozen vectors (through a linear map): what the policies do not
    ask for, the meaning of all else, stays readable for the heads without data."""
    save_every: int = 100
    seed: int = 0


@dataclass(frozen=True)
class Lessons:
    """What is learnt: targets and weights (texts, policies), NaN where nothing is known, and the
    frozen encoder's vectors (texts, 384)."""

    texts: Sequence[str]
    targets: Floats
    weights: Floats
    frozen: Floats


@dataclass(frozen=True)
class Tuned:
    """The upper layers' weights by name, and linear heads on the unit vectors they give."""

    upper: dict[str, Floats]
    heads: Floats
    """Shape (policies, 384)."""
    bias: Floats


def tune(lessons: Lessons, work: Path, recipe: Recipe, report: Report) -> Tuned:
    """Tune the upper layers; `work` keeps what a killed run had done and is read again if it
    was begun with the same lessons and recipe.

    `report` is told (stage, done, of).
    """
    import torch

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    work.mkdir(parents=True, exist_ok=True)
    of = digest("\n".join([*lessons.texts, str(recipe), _sums(lessons)]))
    model = load_minilm()
    ids = model.pieces([text[:MAX_CHARACTERS] for text in lessons.texts], recipe.tokens)
    states = _lower_states(model, ids, work, of, report)
    run = _Run(model, lessons, states, recipe)
    run.resume(work, of)
    while run.step < run.steps:
        run.advance()
        report("tune the upper layers", run.step, run.steps)
        if run.step % recipe.save_every == 0 or run.step == run.steps:
            run.save(work, of)
    return run.result()


def _sums(lessons: Lessons) -> str:
    known = np.nan_to_num(lessons.targets)
    return f"{known.sum(axis=0).tolist()} {lessons.weights.sum(axis=0).tolist()}"


@dataclass(frozen=True)
class _States:
    """What the lower layers give: rows of tokens of all texts one after another."""

    rows: Any
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]


def _lower_states(
    model: MiniLM, ids: Sequence[Sequence[int]], work: Path, of: str, report: Report
) -> _States:
    import torch

    lengths = np.asarray([len(each) for each in ids], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    about = work / _STATES_ABOUT
    found = json.loads(about.read_text()) if about.exists() else {}
    begun = found.get("of") == of
    done = int(found.get("done", 0)) if begun else 0
    shape = (int(lengths.sum()), model.width)
    mode: Any = "r+" if begun else "w+"
    rows = np.memmap(work / _STATES, dtype=np.float16, mode=mode, shape=shape)
    order = np.argsort(lengths, kind="stable")
    with torch.inference_mode():
        for at in range(done, len(order), 512):
            for part in range(at, min(at + 512, len(order)), 64):
                chosen = order[part : part + 64]
                hidden, _ = model.lower([ids[each] for each in chosen], autocast=True)
                for row, each in enumerate(chosen):
                    length = lengths[each]
                    rows[starts[each] : starts[each] + length] = hidden[row, :length].numpy()
            rows.flush()
            about.write_text(json.dumps({"of": of, "done": at + 512}))
            report("run the lower layers", min(at + 512, len(order)), len(order))
    return _States(rows, starts, lengths)


class _Run:
    def __init__(self, model: MiniLM, lessons: Lessons, states: _States, recipe: Recipe) -> None:
        import torch

        self.recipe = recipe
        self._model, self._lessons, self._states = model, lessons, states
        width, policies = model.width, lessons.targets.shape[1]
        torch.manual_seed(recipe.seed)
        self._head = torch.nn.Linear(width, policies)
        torch.nn.init.normal_(self._head.weight, std=0.02)
        torch.nn.init.zeros_(self._head.bias)
        self._back = torch.nn.Linear(width, width, bias=False)
        torch.nn.init.eye_(self._back.weight)
        upper = model.upper_parameters()
        heads = {
            "head.weight": self._head.weight,
            "head.bias": self._head.bias,
            "back.weight": self._back.weight,
        }
        self._named: dict[str, Any] = {**upper, **heads}
        for each in self._named.values():
            each.requires_grad_(True)
        self._optimiser: Any = torch.optim.AdamW(
            [
                {"params": list(upper.values()), "peak": recipe.rate},
                {"params": list(heads.values()), "peak": recipe.head_rate},
            ],
            lr=recipe.rate,
            weight_decay=recipe.decay,
        )
        self.step = 0
        self._each = -(-len(lessons.texts) // recipe.batch)
        self.steps = self._each * recipe.epochs
        self._plan: tuple[int, list[NDArray[np.int64]]] = (-1, [])

    def advance(self) -> None:
        """One batch."""
        import torch

        epoch, at = divmod(self.step, self._each)
        if self._plan[0] != epoch:
            self._plan = (epoch, self._batches(epoch))
        chosen = self._plan[1][at]
        # A seed for each batch, so that a run that was broken off draws the same dropout.
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.step)
        for group in self._optimiser.param_groups:
            group["lr"] = group["peak"] * self._slope()
        hidden, mask = self._padded(chosen)
        self._model.train(mode=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            pooled = self._model.upper(hidden, mask)
        vectors = torch.nn.functional.normalize(pooled.float(), dim=1)
        logits = self._head(SCALE * vectors)
        targets = torch.from_numpy(self._lessons.targets[chosen])
        weights = torch.from_numpy(self._lessons.weights[chosen])
        known = ~torch.isnan(targets)
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, torch.nan_to_num(targets), reduction="none"
        )
        loss: Any = (losses * weights * known).sum() / max(len(chosen), 1)
        frozen = torch.from_numpy(self._lessons.frozen[chosen])
        near = torch.nn.functional.cosine_similarity(self._back(vectors), frozen, dim=1)
        loss = loss + self.recipe.anchor * (1 - near).mean()
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(self._named.values()), 1.0)
        self._optimiser.step()
        self.step += 1

    def _slope(self) -> float:
        warm = max(1, round(self.recipe.warm_up * self.steps))
        if self.step < warm:
            return (self.step + 1) / warm
        return max(0.0, (self.steps - self.step) / max(1, self.steps - warm))

    def _batches(self, epoch: int) -> list[NDArray[np.int64]]:
        """Texts of about one length together, since padding is paid for like text."""
        rng = np.random.default_rng([self.recipe.seed, epoch])
        lengths = self._states.lengths
        order = np.argsort(lengths * rng.uniform(0.85, 1.15, len(lengths)), kind="stable")
        cut = [order[at : at + self.recipe.batch] for at in range(0, len(order), self.recipe.batch)]
        return [cut[at] for at in rng.permutation(len(cut))]

    def _padded(self, chosen: NDArray[np.int64]) -> tuple[Any, Any]:
        import torch

        longest = int(self._states.lengths[chosen].max())
        hidden = np.zeros((len(chosen), longest, self._model.width), dtype=np.float32)
        mask = np.zeros((len(chosen), longest), dtype=bool)
        for row, each in enumerate(chosen):
            start, length = self._states.starts[each], self._states.lengths[each]
            hidden[row, :length] = self._states.rows[start : start + length]
            mask[row, :length] = True
        return torch.from_numpy(hidden), torch.from_numpy(mask)

    def save(self, work: Path, of: str) -> None:
        from safetensors.torch import save_file

        tensors = {}
        for name, parameter in self._named.items():
            tensors[f"now.{name}"] = parameter.detach().clone()
            for moment in ("exp_avg", "exp_avg_sq"):
                tensors[f"{moment}.{name}"] = self._optimiser.state[parameter][moment].clone()
        coming = work / f"{_CHECKPOINT}.part"
        save_file(tensors, coming, metadata={"of": of, "step": str(self.step)})
        coming.replace(work / _CHECKPOINT)

    def resume(self, work: Path, of: str) -> None:
        """Go on from the checkpoint, where there is one of the same lessons and recipe."""
        import torch
        from safetensors import safe_open

        path = work / _CHECKPOINT
        if not path.exists():
            return
        with safe_open(path, "pt") as held:
            if held.metadata().get("of") != of:
                return
            self.step = int(held.metadata()["step"])
            with torch.no_grad():
                for name, parameter in self._named.items():
                    parameter.copy_(held.get_tensor(f"now.{name}"))
                    self._optimiser.state[parameter] = {
                        "step": torch.tensor(float(self.step)),
                        "exp_avg": held.get_tensor(f"exp_avg.{name}").clone(),
                        "exp_avg_sq": held.get_tensor(f"exp_avg_sq.{name}").clone(),
                    }

    def result(self) -> Tuned:
        return Tuned(
            upper={
                name: each.detach().numpy().copy()
                for name, each in self._model.upper_parameters().items()
            },
            heads=(SCALE * self._head.weight).detach().numpy().copy(),
            bias=self._head.bias.detach().numpy().copy(),
        )


def described(recipe: Recipe) -> dict[str, Any]:
    """The recipe as a manifest states it."""
    return {"layers": f"from {LOWER} up", **asdict(recipe)}
