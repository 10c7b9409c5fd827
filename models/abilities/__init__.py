"""Abilities of models, fitted on recorded outcomes, and the shipped catalogue made of them."""
