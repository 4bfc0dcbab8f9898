"""What each row teaches a policy, and how much: annotated rows, rows written for this project,
and posts that nobody annotated for the policy but that were not gathered for it either.

The last kind is used to fit and never to calibrate or to measure (learning from positive and
unlabelled rows, Elkan and Noto 2008): without it everything unlike the one source of a policy
looks like a breach of it.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from policy.words import Policy
from training import written

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

WRITTEN_WEIGHT = 2.0
DESCRIPTION_WEIGHT = 20.0
POST_WEIGHT = 2.0
_POST_WEIGHTS = {
    Policy.ABUSE: 2.5,
    Policy.HATE: 1.0,
    Policy.VIOLENCE: 0.5,
    Policy.COVID_MISINFO: 1.0,
}
"""Of a post written for this project; less where the sources' own rows would be read worse for it
(their areas under the curve on the dev part)."""
DATE_WEIGHT = 0.1
"""Enough to tell what is off the topic, too little to blur what is on it (measured: at 1 the AUC
on the topic falls from .97 to .89)."""
ORDINARY_EVERY = 4
ORDINARY_WEIGHT = 0.5

_NOT_ORDINARY = frozenset({"stormfront_degibert2018", "ira_commercial_weak"})
_AGAINST_UNLABELLED = frozenset({*written.PROTOTYPES, Policy.EXTREMISM, Policy.SPAM})

_EVERYDAY = frozenset(
    {
        "uci_sms_spam",
        "constraint2021_covid",
        "ira_commercial_weak",
        "isis_topic_weak_negative",
    }
)
"""Gathered for other things than attacks on people: messages among friends, posts on a disease,
adverts, a topic's stream. A few of them are abusive all the same, hence the weight."""
_ATTACKS = frozenset({Policy.ABUSE, Policy.HATE, Policy.VIOLENCE})
_EVERYDAY_WEIGHT = 0.3


def lessons_of(policy: Policy, frame: "pd.DataFrame") -> tuple[Floats, Floats]:
    """Targets (NaN: nothing is known) and weights of a frame's rows for one policy."""
    labels = frame[policy.value].to_numpy(dtype=float, copy=True)
    own = (frame["source"] == written.SOURCE).to_numpy()
    weight = np.where(own, WRITTEN_WEIGHT, 1.0)
    if policy in _AGAINST_UNLABELLED:
        unlabelled = np.isnan(labels) & ~frame["source"].isin(_NOT_ORDINARY).to_numpy()
        chosen = np.flatnonzero(unlabelled & ~own)[::ORDINARY_EVERY]
        labels[chosen] = 0.0
        weight[chosen] = ORDINARY_WEIGHT
    if policy in _ATTACKS:
        everyday = np.isnan(labels) & frame["source"].isin(_EVERYDAY).to_numpy()
        labels[everyday] = 0.0
        weight[everyday] = _EVERYDAY_WEIGHT
    weight[frame["by_date"].to_numpy(dtype=bool) & (policy is Policy.COVID_MISINFO)] = DATE_WEIGHT
    if policy in written.PROTOTYPES:
        described = frame["described"].to_numpy(dtype=bool)
        weight = np.where(described, DESCRIPTION_WEIGHT, weight)
    weight[frame["post"].to_numpy(dtype=bool)] = _POST_WEIGHTS.get(policy, POST_WEIGHT)
    return labels, weight * frame["weight"].to_numpy(dtype=float)
