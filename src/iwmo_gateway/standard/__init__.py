"""What the standard says: message kinds, XML in and out, schemas (level 1), typed messages, code lists."""
