"""The audit log: what was decided and where it went, in a chain that shows every change."""
