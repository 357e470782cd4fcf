"""Carts on a rail: a package of somebody else's, with a task for a supervised fleet."""
