"""Public knowledge files: which there are, how they are downloaded, where they lie. Start at `manifest` and `store`."""
