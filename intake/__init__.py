"""Intake: posts, accounts, linkages and follows in, from the formats that people really have.

`intake.lake.Lake` is the door for the other rooms; docs/intake.md tells what goes in and out.
"""
