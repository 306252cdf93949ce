"""What was agreed: contract profiles, tariffs, volumes. Pure: no store, no clock."""
