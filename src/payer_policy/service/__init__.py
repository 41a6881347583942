"""The engine as an HTTP service: decisions, policies, health and metrics. Needs the extra `serve`.

`application.create` makes the ASGI application; `serving.serve` runs it in as many processes as asked.
"""
