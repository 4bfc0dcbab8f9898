"""The 27 outcomes of the three tests, each with its reason, conflicts included.

Four principles made the table: harm that sources do not confirm is low; harm too small to be called
documented is low, unless both other tests are high; high asks for extreme harm, numerous sources
and a future; and what is over weighs one level less, but extreme harm does not vanish.
"""

from collections.abc import Mapping
from types import MappingProxyType

from policy.clauses import Clause
from policy.words import Severity

_L, _M, _H = Severity.LOW, Severity.MODERATE, Severity.HIGH

TABLE: Mapping[tuple[Severity, Severity, Severity], tuple[Severity, str]] = MappingProxyType(
    {
        # (documented, sources, likelihood of more): (severity, why)
        (_L, _L, _L): (_L, "all three tests are low"),
        (_L, _L, _M): (_L, "harm is feared, but neither documented nor confirmed"),
        (_L, _L, _H): (_L, "harm may be near, but none is documented or confirmed yet"),
        (_L, _M, _L): (_L, "well told, but slight, and over"),
        (_L, _M, _M): (_L, "well told, but slight; a moderate future does not make it graver"),
        (_L, _M, _H): (_L, "slight harm that goes on; several sources do not make it graver"),
        (_L, _H, _L): (_L, "numerous sources for slight harm that is over"),
        (_L, _H, _M): (_L, "numerous sources for slight harm"),
        (_L, _H, _H): (_M, "slight, yet numerous sources confirm it and it is sure to go on"),
        (_M, _L, _L): (_L, "hardly any source confirms it, and it is over"),
        (_M, _L, _M): (_L, "hardly any source confirms it"),
        (_M, _L, _H): (_L, "more is likely, but hardly any source confirms what there was"),
        (_M, _M, _L): (_L, "confirmed, but never extreme, and over"),
        (_M, _M, _M): (_M, "all three tests are moderate"),
        (_M, _M, _H): (_M, "it goes on, but is neither extreme nor numerously confirmed"),
        (_M, _H, _L): (_L, "numerously confirmed, but never extreme, and over"),
        (_M, _H, _M): (_M, "numerously confirmed, but not extreme"),
        (_M, _H, _H): (_M, "numerously confirmed and going on, but not extreme"),
        (_H, _L, _L): (_L, "extreme harm is told, but hardly confirmed, and is over"),
        (_H, _L, _M): (_L, "extreme harm is told, but hardly any source confirms it"),
        (_H, _L, _H): (_L, "extreme and feared again, but hardly any source confirms it"),
        (_H, _M, _L): (_M, "extreme and confirmed by several; it is over, but was extreme"),
        (_H, _M, _M): (_M, "extreme, but confirmed by several sources, not numerous ones"),
        (_H, _M, _H): (_M, "extreme and going on, but not numerously confirmed"),
        (_H, _H, _L): (_M, "extreme and numerously confirmed, but more is almost out of question"),
        (_H, _H, _M): (_H, "extreme and numerously confirmed; two of three tests are high"),
        (_H, _H, _H): (_H, "all three tests are high"),
    }
)

_CLAUSES = {
    Severity.LOW: Clause.SEVERITY_LOW,
    Severity.MODERATE: Clause.SEVERITY_MODERATE,
    Severity.HIGH: Clause.SEVERITY_HIGH,
}


def clause_of(severity: Severity) -> Clause:
    """The clause that describes a level of severity."""
    return _CLAUSES[severity]
