"""Model cards (Mitchell et al. 2019): what a pack is for, what it was taught, what it lacks."""

from models.packs import Manifest
from policy.words import Policy
from training.written import PROTOTYPES


def harm_card(manifest: Manifest) -> str:
    """The card of a harm pack, from its manifest."""
    calibrated = "\n".join(
        f"- {lang}: {', '.join(policies)}" for lang, policies in sorted(manifest.calibrated.items())
    )
    lacking = ", ".join(policy.value for policy in PROTOTYPES)
    others = ", ".join(
        policy.value
        for policy in Policy
        if policy not in PROTOTYPES and policy.value not in manifest.calibrated.get("en", ())
    )
    tuned = (
        "MiniLM's upper layers tuned on the rows below"
        if manifest.parameters.get("tuning")
        else "both as they were published"
    )
    return f"""# {manifest.model}

Likelihood of each policy of the Twitter Rules for one post. Linear heads on sentence vectors
({", ".join(manifest.encoders)}; {tuned}) joined with hashed words and
letters; a calibrator for each policy and language that had rows enough.

## For
Ordering and routing posts for people. Never a decision by itself: removal and suspension are
always a person's.

## Taught by
{_sources(manifest)}

## Calibrated
{calibrated or "- nothing"}

Everything else is marked `uncalibrated` and a person decides.

## Lacks
- No open data for {lacking}: these are prototypes, taught by posts and descriptions written for
  this project. Their likelihood orders; it measures nothing. `self_harm` is about the author and
  leads to support, not to a sanction.
- In English not calibrated though trained: {others or "none"}; their labels are weak (one label
  for all posts of an account) or too few.
- `abuse` in English knows tweets that were collected by keywords and labelled by majority;
  the source is biased against African American English.
- `spam` in English was measured on text messages; `covid_misinfo` on one collection whose true
  and false posts differ in style.
- Reads text only: no pictures, no threads, no context of who speaks to whom.
"""


def association_card(manifest: Manifest) -> str:
    """The card of an association pack, from its manifest."""
    return f"""# {manifest.model}

Likelihood that an account belongs to a group, for groups that were never trained on: from the
posts of its confirmed members, its narratives, hashtags and domains, against a background.
Vectors by {", ".join(manifest.encoders)}.

## For
Ordering accounts for people. Nothing is limited on it until the group's own blind decisions
have opened its act lane.

## Taught by
{_sources(manifest)}

## Lacks
- Members are accounts that one publisher attributed; whoever was not caught counts as another.
- Learnt on state-run and extremist accounts of 2014 to 2018, mostly in English and Russian.
- `primary_use` is an estimate by likeness to the group's narratives and members; it says what
  share of posts propagates them, and a person reads the posts before anything follows.
"""


def _sources(manifest: Manifest) -> str:
    return "\n".join(
        f"- {source}: {each.rows} rows ({each.license})"
        for source, each in sorted(manifest.trained_on.items())
    )
