"""The HTTP service, on real policies, a real audit record and, where it matters, a real process."""
