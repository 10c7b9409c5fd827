"""Finds secrets and personal data in what could leave this machine; design.md says how."""
