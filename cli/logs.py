"""How commands that stay log: one line an event, on standard error, from the level that is set."""

import logging
import sys

import structlog


def configure(level: str) -> None:
    """Log from `level` (CONCERT_LOG_LEVEL) on; standard output stays for results."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
