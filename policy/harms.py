"""The three principal forms of harm and the policies under each, exactly as the policy lists them.

Source: "How do we define harm?". A policy may stand under two forms.
"""

from collections.abc import Mapping
from types import MappingProxyType

from policy.clauses import Clause
from policy.words import Harm, Policy

POLICIES_UNDER: Mapping[Harm, tuple[Policy, ...]] = MappingProxyType(
    {
        Harm.PHYSICAL: (
            Policy.VIOLENCE,
            Policy.EXTREMISM,
            Policy.CHILD_EXPLOITATION,
            Policy.ABUSE,
            Policy.HATE,
            Policy.SELF_HARM,
        ),
        Harm.PSYCHOLOGICAL: (
            Policy.ABUSE,
            Policy.HATE,
            Policy.SELF_HARM,
            Policy.PRIVATE_INFO,
            Policy.NONCONSENSUAL_NUDITY,
        ),
        # Medical misinformation is named in the definition of informational harm itself; "platform
        # manipulation and spam" is one policy there.
        Harm.INFORMATIONAL: (
            Policy.CIVIC_INTEGRITY,
            Policy.SYNTHETIC_MEDIA,
            Policy.SPAM,
            Policy.COVID_MISINFO,
        ),
    }
)


CLAUSE_OF: Mapping[Harm, Clause] = MappingProxyType(
    {
        Harm.PHYSICAL: Clause.HARM_PHYSICAL,
        Harm.PSYCHOLOGICAL: Clause.HARM_PSYCHOLOGICAL,
        Harm.INFORMATIONAL: Clause.HARM_INFORMATIONAL,
    }
)
"""The clause that defines each form of harm."""


def harms_of(policy: Policy) -> tuple[Harm, ...]:
    """The forms of harm that a policy stands under, in the policy's own order."""
    return tuple(harm for harm, policies in POLICIES_UNDER.items() if policy in policies)
