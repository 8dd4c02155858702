"""model/attention."""
