# The payer-policy service. Two stages: the first compiles (durable-rules has no wheel), the second runs.
#
#   docker build --build-arg PYTHON_IMAGE=python:3.12-slim@sha256:… -t payer-policy .
#   payer-policy keys new keys.json my-client && chmod 0444 keys.json   # the container's user is not you
#   docker run --rm -p 127.0.0.1:8080:8080 -v ./keys.json:/etc/payer-policy/keys.json:ro \
#     -v payer-policy-audit:/var/lib/payer-policy payer-policy
#
# The base image has no default: pass it by its digest, and keep the digest with your releases. To look one
# up: docker buildx imagetools inspect python:3.12-slim (its first lines have the digest).
# Everything from a package index is installed by the hashes in requirements/, and no test tool is installed.
ARG PYTHON_IMAGE

FROM ${PYTHON_IMAGE} AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements ./requirements
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes -r requirements/build.txt \
 && /opt/build/bin/pip wheel --no-deps --no-build-isolation --require-hashes \
      --wheel-dir /wheels -r requirements/image.txt
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
# What `payer-policy init` writes is part of the wheel.
COPY policies ./policies
COPY schema ./schema
COPY examples ./examples
COPY features ./features
COPY starter ./starter
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && python -m venv --without-pip /opt/payer-policy \
 && /opt/build/bin/pip --python /opt/payer-policy/bin/python install --no-index --no-deps /wheels/*.whl

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="payer-policy" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.description="Coverage policies, decided with reasons, citations and a proof"
RUN groupadd --system --gid 10001 payer-policy \
 && useradd --system --uid 10001 --gid payer-policy --no-create-home --shell /usr/sbin/nologin payer-policy \
 && install -d -o payer-policy -g payer-policy -m 0700 /var/lib/payer-policy
COPY --from=build /opt/payer-policy /opt/payer-policy
# The shipped policies, to try it with. In production mount a signed bundle over them, read-only.
COPY policies /etc/payer-policy/policies
# Host, port and certificate are variables, so that the health check below follows them. For HTTPS mount the
# files and set PAYER_POLICY_TLS_CERTIFICATE and PAYER_POLICY_TLS_KEY.
ENV PATH=/opt/payer-policy/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    PAYER_POLICIES=/etc/payer-policy/policies \
    PAYER_POLICY_KEYS=/etc/payer-policy/keys.json \
    PAYER_POLICY_AUDIT=/var/lib/payer-policy/audit.sqlite \
    PAYER_POLICY_LISTEN_HOST=0.0.0.0 \
    PAYER_POLICY_LISTEN_PORT=8080
USER 10001:10001
WORKDIR /var/lib/payer-policy
EXPOSE 8080
VOLUME /var/lib/payer-policy
# Stops on SIGTERM: requests in flight are answered and recorded first.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["payer-policy", "health"]
ENTRYPOINT ["payer-policy"]
CMD ["serve", "--workers", "2"]
