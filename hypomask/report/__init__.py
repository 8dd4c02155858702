"""The answer made readable: an HTML page that needs nothing else, its figures, and tables for the terminal."""
