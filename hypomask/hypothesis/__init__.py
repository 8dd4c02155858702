"""hypothesis."""
