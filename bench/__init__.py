"""The benchmark: what the gateway costs, as ratios against a floor measured in the same run (see README.md)."""
