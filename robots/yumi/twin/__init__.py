"""Robots that stand in for ABB YuMis: a simulated controller, the world under its arms, a camera over it."""
