"""The masked gene transformer, its losses and its attention back ends. Start at `transformer`."""
