"""What a rule is: a name with a version, the clause it carries out, and its sense in a line."""

from enum import StrEnum
from typing import Self

from policy.clauses import Clause


class NamedRule(StrEnum):
    """A rule: `<what>.<rule>.v<version>`, its clause, and its sense in a line."""

    clause: Clause
    says: str

    def __new__(cls, value: str, clause: Clause, says: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.clause = clause
        member.says = says
        return member
