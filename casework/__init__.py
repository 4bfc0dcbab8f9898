"""The use cases: where findings, embeddings, cases and the policy meet.

assess → designate → associate → review → decide → enforce → appeal → expire. Each use case is one
transaction with its audit rows; `Office` holds what they need.
"""
