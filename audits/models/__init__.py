"""Looking back, as rows: what was audited, appealed, kept and erased."""
