"""A Cartesian arm in MuJoCo behind the same agent as any real arm: what an integrator writes, in full."""
