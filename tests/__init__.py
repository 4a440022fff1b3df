"""Tests: unit, verdicts, integration, faults, browser, bench, and the servers they run against."""
