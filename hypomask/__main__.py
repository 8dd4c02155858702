"""`python -m hypomask` is the same as `hypomask`."""

from __future__ import annotations

from hypomask.cli.main import main

if __name__ == "__main__":
    main()
