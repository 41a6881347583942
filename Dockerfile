# The payer-policy service. Two stages: the first compiles (durable-rules has no wheel), the second runs.
#
#   docker build -t payer-policy .
#   docker run --rm -p 127.0.0.1:8080:8080 -v ./keys.json:/etc/payer-policy/keys.json:ro \
#     -v payer-policy-audit:/var/lib/payer-policy payer-policy
#
# For a build that can be repeated, pin the base image by its digest and give a constraints file.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/payer-policy
ENV PATH=/opt/payer-policy/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN pip install '.[serve,fhir,postgres]'

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="payer-policy" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.description="Coverage policies, decided with reasons, citations and a proof"
RUN groupadd --system --gid 10001 payer-policy \
 && useradd --system --uid 10001 --gid payer-policy --no-create-home --shell /usr/sbin/nologin payer-policy \
 && install -d -o payer-policy -g payer-policy -m 0750 /var/lib/payer-policy
COPY --from=build /opt/payer-policy /opt/payer-policy
# The shipped policies, to try it with. In production mount a signed bundle over them, read-only.
COPY policies /etc/payer-policy/policies
ENV PATH=/opt/payer-policy/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    PAYER_POLICIES=/etc/payer-policy/policies \
    PAYER_POLICY_KEYS=/etc/payer-policy/keys.json \
    PAYER_POLICY_AUDIT=/var/lib/payer-policy/audit.sqlite
USER payer-policy
WORKDIR /var/lib/payer-policy
EXPOSE 8080
VOLUME /var/lib/payer-policy
# Stops on SIGTERM: requests in flight are answered and recorded first.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"]
ENTRYPOINT ["payer-policy"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080", "--workers", "2"]
