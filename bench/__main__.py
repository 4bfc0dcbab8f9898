"""`make bench`: says what can be measured, each by a command of its own."""

_BENCHES = """\
python -m bench.labeling                 10,000 open tasks: a pass, a sweep, an answer, a move
python -m bench.lookups                  look-ups over HTTP while posts are scored; where time goes
python -m bench.kills                    50 kills each of reconciler, Label Studio, service and roll
python -m bench.roll                     a pass beside a million accounts; kills in the midst
python -m bench.encoding --posts FILE    posts and tokens a second, beside sentence-transformers
python -m bench.coordination_findings …  false findings, power and oracles (docs/coordination.md)
python -m bench.coordination_speed …     time and memory beside the peers, up to 100 million rows
python -m bench.coordination_swarms …    swarms: false findings, power and cost
python -m bench.coordination_accounts …  IRA accounts against matched controls
"""

if __name__ == "__main__":
    print(_BENCHES)
