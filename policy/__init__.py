"""The policy on coordinated harmful activity as value objects and pure functions.

No clock, no I/O, no machine learning: `now` is passed in, and every result names the clause or
rule that decided it. All other rooms may import this one; it imports none of them.
"""
