"""The session ledger: which model holds which conversation. It decides nothing; see policy.session."""
