"""People, their roles, and the audit log."""
