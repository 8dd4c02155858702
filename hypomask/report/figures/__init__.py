"""Figures as inline SVG, drawn by small functions: no plotting library, no script, colours from the page's style."""
