"""The verbs of looking back: audits, appeals, reports, retention."""
