"""What happens to a message: each module owns its transaction, and nobody else does."""
