"""The case API under /v1: reads from the store as of one moment, writes by casework's use cases."""
