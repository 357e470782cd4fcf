"""Robots in other places: what runs beside them, what drives them, and the link in between."""
