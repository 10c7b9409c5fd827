"""Checks complete answers: tool arguments, JSON, code. It judges form alone and chooses nothing."""
