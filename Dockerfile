# The service and every other command: `docker run IMAGE lint ...`. Everything is held to its hash.
FROM python:3.13-slim AS build
WORKDIR /src
COPY constraints-runtime.txt ./
RUN python -m venv /opt/mmscheck \
 && /opt/mmscheck/bin/pip install --no-cache-dir --require-hashes -r constraints-runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY mmscheck mmscheck
COPY rules rules
COPY fixtures fixtures
RUN /opt/mmscheck/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
 && /opt/mmscheck/bin/pip uninstall --yes setuptools pip

FROM python:3.13-slim
COPY --from=build /opt/mmscheck /opt/mmscheck
# The ledger and the jobs are all that is ever written; the rest may be read-only.
RUN useradd --uid 10001 --home-dir /var/lib/mmscheck --create-home --shell /usr/sbin/nologin mmscheck
USER 10001:10001
ENV PATH=/opt/mmscheck/bin:$PATH PYTHONDONTWRITEBYTECODE=1 XDG_STATE_HOME=/var/lib/mmscheck
VOLUME /var/lib/mmscheck
WORKDIR /var/lib/mmscheck
EXPOSE 8910
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8910/readyz', timeout=4)"]
ENTRYPOINT ["mmscheck"]
CMD ["serve", "--listen", "0.0.0.0:8910", "--tokens", "/run/secrets/tokens", "--require-confinement"]
