"""The agent's measurements: data readers, scorers with known answers, suites and their reports."""
