"""Pure choice: hard filters, the five-term score, the decision, and what follows a failure."""
